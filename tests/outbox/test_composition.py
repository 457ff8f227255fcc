"""A letter built by hand reads back as the words it was built from, by Python's own parser."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import MIMEPart
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crm.outbox.composition import compose
from crm.outbox.safe_header import safe_header

AT = datetime(2027, 3, 4, 5, 6, 7, 891, tzinfo=UTC)
URL = "https://ratify.example/unsubscribe/abc"
# What ends lines, headers, parts or letters, and what a mail program might decode.
HOSTILE = st.sampled_from(
    ["\r\n.\r\n", "\n.", ".", "..", "\r", "\r\nBcc: all@example.org\r\n\r\n", "--=_", "=\n", "=?utf-8?q?=0D=0A?=",
     "=0D=0A", " \n", "\t\n", "x" * 90, "é" * 90, "\u2028", "\x00", "\x85", "From "]
)  # fmt: skip
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
WORDS = st.lists(st.one_of(TEXT, HOSTILE), max_size=12).map("".join)


def lines(text: str) -> str:
    """Line ends as they come back: every kind is one line end, and the last line has one too."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return plain if plain.endswith("\n") else plain + "\n"


def read(part: MIMEPart) -> str:
    """The words of a part."""
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return lines(data.decode())


@given(subject=WORDS, name=WORDS, text=WORDS, html=st.none() | WORDS)
@example(subject="", name="", text="", html="")
@example(subject="", name="", text="x" * 991, html="." + "y" * 989)
@example(subject="=?utf-8?q?x?=\r\nBcc: a@b.example", name='"', text=".", html=".\r\n.")
def test_what_was_written_is_what_is_read(subject: str, name: str, text: str, html: str | None) -> None:
    letter = SimpleNamespace(
        to_name=name,
        subject=subject,
        text=text,
        html=html,
        sender="Ann Müller <ann@ratify.example>",
        reply_to="jo@ratify.example",
        message_id_header="<1.abc@ratify.example>",
        footer=None,
    )
    sent = compose(letter, to_address="ada@parliament.example", default_sender="", at=AT, unsubscribe_url=URL)
    assert sent.isascii()
    assert sent.endswith(b"\r\n")
    assert b"\n" not in sent.replace(b"\r\n", b"")
    assert b"\r" not in sent.replace(b"\r\n", b"")
    assert all(len(line) <= 998 for line in sent.split(b"\r\n"))
    # No line is a lone dot, and the receiving server takes the first of two away (RFC 5321 4.5.2).
    assert not any(line.startswith(b".") and not line.startswith(b"..") for line in sent.split(b"\r\n"))
    message = message_from_bytes(sent.replace(b"\r\n..", b"\r\n."), policy=policy.default)
    assert list(message.keys()) == [
        "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "List-Unsubscribe", "List-Unsubscribe-Post",
        "MIME-Version", "Content-Type", *([] if html is not None else ["Content-Transfer-Encoding"]),
    ]  # fmt: skip
    assert str(message["Subject"]) == safe_header(subject)
    assert [address.addr_spec for address in message["To"].addresses] == ["ada@parliament.example"]
    assert message["From"].addresses[0].display_name == "Ann Müller"
    assert message["Date"].datetime == AT.replace(microsecond=0)
    assert message["List-Unsubscribe"] == f"<{URL}>"
    if html is None:
        assert message.get_content_type() == "text/plain"
        assert read(message) == lines(text)
    else:
        plain, rich = message.iter_parts()
        assert (plain.get_content_type(), rich.get_content_type()) == ("text/plain", "text/html")
        assert (read(plain), read(rich)) == (lines(text), lines(html))


FOOTER = "Keine Briefe & <mehr>:"


@pytest.mark.parametrize(
    ("html", "end"), [("<html><body><div>Ada</div></body></html>", "</div></body></html>"), ("<p>Hi</p>", "")]
)
def test_the_last_line_has_the_link_of_the_header_in_both_parts(html: str, end: str) -> None:
    letter = SimpleNamespace(
        to_name="Ada", subject="A question", text="Dear Ada\n", html=html, sender="ann@ratify.example", reply_to=None,
        message_id_header="<1.abc@ratify.example>", footer=FOOTER,
    )  # fmt: skip

    def parts(url: str | None) -> list[str]:
        sent = compose(letter, to_address="ada@parliament.example", default_sender="", at=AT, unsubscribe_url=url)
        message = message_from_bytes(sent, policy=policy.default)
        assert message["List-Unsubscribe"] == (url and f"<{url}>")
        return [read(part) for part in message.iter_parts()]

    plain, rich = parts(URL)
    assert plain == f"Dear Ada\n\n-- \n{FOOTER}\n{URL}\n"
    said = rich.strip().removesuffix(end)
    assert said.startswith(html.removesuffix(end))
    assert "Keine Briefe &amp; &lt;mehr&gt;:" in said
    assert f' href="{URL}"' in said
    assert said.endswith(">ratify.example/unsubscribe</a></p>")
    assert parts(None) == ["Dear Ada\n", html + "\n"]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Dear Ada,\n\nwill you?\n-- \nOlga", b"7bit"),
        ("x" * 991, b"quoted-printable"),
        ("a bell\x07", b"quoted-printable"),
        ("Chère Ada", b"quoted-printable"),
        ("عزيزتي آدا", b"base64"),
    ],
)
def test_only_what_needs_it_is_encoded(text: str, encoding: bytes) -> None:
    letter = SimpleNamespace(
        to_name="Ada", subject="Hello", text=text, html=None, sender="Ann <ann@ratify.example>", reply_to=None,
        message_id_header="<1.abc@ratify.example>", footer=None,
    )  # fmt: skip
    sent = compose(letter, to_address="ada@parliament.example", default_sender="", at=AT, unsubscribe_url=None)
    assert b"Content-Transfer-Encoding: " + encoding in sent
