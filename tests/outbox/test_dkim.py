"""Signatures are read by the usual library; what is changed or added on the way breaks them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import dkim
import pytest
from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st

from crm.extensions import db
from crm.outbox.composition import compose
from crm.outbox.dkim import NoKey, Signer, make_key, signer
from crm.outbox.models import MessageState, OutageReason
from crm.unit_of_work import unit_of_work
from tests.factories.outbox import letters, make_batch
from tests.outbox.conftest import Send, outage
from tests.servers.smtp import SmtpServer

AT = datetime(2024, 3, 4, 5, 6, 7, tzinfo=UTC)
HEAD = b"From: Ann <ann@ratify.example>\r\nTo: bo@parliament.example\r\nSubject:  two  \r\n\tlines \r\nX-Other: 1\r\n"
BODIES = st.lists(st.sampled_from([b"words", b" ", b"\t", b"\r\n", b".", b"\xc3\xa9", b"\r\n\r\n"]), max_size=20).map(
    b"".join
)


@pytest.fixture(scope="module")
def signs(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    path = tmp_path_factory.mktemp("keys") / "dkim.pem"
    make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    return signer("ratify.example", "now", path)


def holds(message: bytes, signs: Signer) -> bool:
    """Whether the usual library finds the signature right, with our record in the DNS."""

    def record(name: bytes, timeout: float = 5) -> bytes | None:
        return signs.record().encode() if name == b"now._domainkey.ratify.example." else None

    return bool(dkim.verify(message, dnsfunc=record))


@given(body=BODIES)
@example(body=b"")
@example(body=b" \r\n\r\n")
def test_any_body_is_signed_as_verifiers_read_it(signs: Signer, body: bytes) -> None:
    message = HEAD + b"\r\n" + body + b"\r\n"
    signed = signs.signed(message, 1_700_000_000)
    assert signed.endswith(message)
    assert holds(signed, signs)
    assert max(map(len, signed.partition(b"\r\nFrom:")[0].split(b"\r\n"))) <= 78


def test_what_is_changed_or_added_on_the_way_breaks_the_signature(signs: Signer) -> None:
    letter = SimpleNamespace(
        to_name="Bo",
        subject="Éloge",
        text="one\n.\ntwo  \n",
        html="<p>one</p>",
        sender="Ann <ann@ratify.example>",
        reply_to="ann@ratify.example",
        footer=None,
        message_id_header="<1@ratify.example>",
    )
    unsubscribe = "https://ratify.example/unsubscribe/abc"
    sent = compose(
        letter, to_address="bo@parliament.example", default_sender="", at=AT, unsubscribe_url=unsubscribe, signer=signs
    ).replace(b"\r\n..", b"\r\n.")
    assert holds(sent, signs)
    changes = [
        (b"Subject: ", b"Subject: Re: "),
        (b"/unsubscribe/abc", b"/unsubscribe/abd"),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
        (b"Reply-To: ann", b"Reply-To: eve"),
        (b"one", b"three"),
        (b"MIME-Version", b"In-Reply-To: <2@ratify.example>\r\nMIME-Version"),
        (b"From: ", b"From: eve@ratify.example\r\nFrom: "),
    ]
    for old, new in changes:
        assert old in sent
        assert not holds(sent.replace(old, new, 1), signs), (old, new)


def test_a_key_is_never_replaced_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "dkim.pem"
    with pytest.raises(NoKey, match="ratify dkim"):
        signer("a.example", "s", path)
    path.write_text("no key")
    with pytest.raises(NoKey, match="cannot be read"):
        signer("a.example", "s", path)
    with pytest.raises(FileExistsError):
        make_key(path)
    assert path.read_text() == "no key"


@pytest.mark.sqlite_only
def test_letters_leave_signed_or_not_at_all(
    app: Flask, server: SmtpServer, send: Send, tmp_path: Path, signs: Signer
) -> None:
    batch = make_batch(2)
    path = tmp_path / "dkim.pem"
    settings = app.extensions["settings"]
    chosen = {"dkim_domain": "ratify.example", "dkim_selector": "now", "dkim_key_file": str(path)}
    app.extensions["settings"] = settings.model_copy(update=chosen)
    send()
    trouble = outage()
    assert trouble is not None
    assert trouble.reason is OutageReason.NO_SIGNING_KEY
    assert {letter.state for letter in letters(batch)} == {MessageState.QUEUED}
    assert server.received == []

    make_key(path)
    with unit_of_work("forget trouble", actor="test"):
        db.session.delete(trouble)
    send()
    assert {letter.state for letter in letters(batch)} == {MessageState.SENT}
    assert len(server.received) == 2
    mine = signer("ratify.example", "now", path)
    assert all(holds(received.data, mine) for received in server.received)
    assert outage() is None
