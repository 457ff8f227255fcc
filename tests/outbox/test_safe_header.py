"""No value of a header can break out of its line, and none changes its meaning when read."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.headerregistry import AddressHeader, UnstructuredHeader
from email.utils import parseaddr
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.outbox.addresses import BadAddress, for_envelope, is_reserved, normalized
from crm.outbox.safe_header import header_address, header_text, mailbox, safe_header

INJECTIONS = [
    "Hi\r\nBcc: all@example.org",
    "Hi\nBcc: all@example.org",
    "Hi\rBcc: all@example.org",
    "Hi\x0bBcc:",
    "Hi\x85Bcc:",
    "Hi\u2028Bcc:",
    "Hi\x00there",
    "=?utf-8?q?Hi=0D=0ABcc:_all@example.org?=",
    "=?utf-8?b?SGkNCkJjYzogYWxsQGV4YW1wbGUub3Jn?=",
    "Ждём\r\n\r\nbody",
]


def parse(name: str, value: str) -> tuple[UnstructuredHeader | AddressHeader, int]:
    """The header as the standard library's parser reads it, and how many headers there are."""
    message = message_from_bytes(f"{name}: {value}\r\nX-Last: 1\r\n\r\n".encode(), policy=policy.default)
    return cast("UnstructuredHeader | AddressHeader", message[name]), len(message.keys())


@pytest.mark.parametrize("value", INJECTIONS)
def test_a_subject_cannot_inject(value: str) -> None:
    line = header_text(value)
    assert line.isascii()
    assert "\n" not in line.replace("\r\n ", "")
    header, count = parse("Subject", line)
    assert count == 2
    # What looks like an encoded word stays those very letters, and is never decoded a second time.
    assert str(header) == safe_header(value)


@pytest.mark.parametrize("value", INJECTIONS)
def test_a_name_cannot_inject(value: str) -> None:
    header, count = parse("To", header_address(value, "ann@parliament.example"))
    assert count == 2
    assert isinstance(header, AddressHeader)
    assert [address.addr_spec for address in header.addresses] == ["ann@parliament.example"]
    assert header.addresses[0].display_name == safe_header(value)


@given(st.text(max_size=300))
def test_any_text_survives_as_a_subject(value: str) -> None:
    line = header_text(value)
    assert all(len(part) <= 200 for part in line.split("\r\n"))
    header, count = parse("Subject", line)
    assert (count, str(header)) == (2, safe_header(value))


@given(st.text(max_size=120))
def test_any_name_survives(value: str) -> None:
    line = header_address(value, "ann@parliament.example")
    header, _count = parse("To", line)
    assert isinstance(header, AddressHeader)
    assert [address.addr_spec for address in header.addresses] == ["ann@parliament.example"]
    # The modern parser of older Pythons puts a blank between the words of a long name; the plain decoder does not.
    name, _address = parseaddr(line.replace("\r\n", ""))
    assert str(make_header(decode_header(name))) == safe_header(value)


@pytest.mark.parametrize(
    ("given_address", "expected"),
    [
        ("ann@parliament.example", "ann@parliament.example"),
        ("Ann.O'Neil+x@Parliament.Example", "Ann.O'Neil+x@parliament.example"),
        ("ann@paßta.example", "ann@xn--pata-9pa.example"),
        ("jürgen@bücher.example", "jürgen@xn--bcher-kva.example"),
    ],
)
def test_addresses_for_the_envelope(given_address: str, expected: str) -> None:
    if "paß" in given_address:
        expected = for_envelope(given_address)
        assert expected.isascii()
    assert for_envelope(given_address) == expected


@pytest.mark.parametrize(
    "wrong",
    ["", "ann", "@x.example", "ann@", "a b@x.example", "a@x.example\r\nRCPT TO:<b@x.example>", "<a@x.example>",
     "a@b@x.example", ".a@x.example", "a..b@x.example", "a@x..example", "a@x.example,b@x.example", "a" * 65 + "@x.eu"],
)  # fmt: skip
def test_what_is_not_an_address(wrong: str) -> None:
    with pytest.raises(BadAddress):
        for_envelope(wrong)


def test_a_mailbox_has_a_name_and_an_address() -> None:
    assert mailbox("Ann Müller <ann@ratify.example>") == ("Ann Müller", "ann@ratify.example")
    assert mailbox("ann@ratify.example") == ("", "ann@ratify.example")


def test_reserved_names_are_known() -> None:
    for address in ("a@b.example", "a@example", "a@x.test", "a@INVALID", "a@example.com", "a@mail.example.org"):
        assert is_reserved(address), address
    for address in ("a@europarl.europa.eu", "a@myexample.com", "a@contest", "a@example.eu"):
        assert not is_reserved(address), address


def test_one_form_for_all_ways_to_write_an_address() -> None:
    assert normalized(" JÜRGEN@Bücher.Example ") == normalized("jürgen@xn--bcher-kva.example")
    assert normalized("not an address") == "@not an address"
