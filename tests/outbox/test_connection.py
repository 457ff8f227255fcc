"""The connection verifies whom it talks to, signs in, and tells apart what went wrong."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from flask import Flask

from config import Settings
from crm.outbox.connection import connect
from crm.outbox.models import MessageState, OutageReason
from crm.outbox.outcomes import ServerTrouble
from tests.factories.outbox import letters, make_batch
from tests.outbox.conftest import Send, outage, use_server
from tests.servers.broken_smtp import GREETING, broken_server
from tests.servers.smtp import DROP, HANG, SmtpServer

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of 127.0.0.1 that nobody vouches for, with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl command to make a certificate with")
    key, signed, both = tmp_path / "key.pem", tmp_path / "signed.pem", tmp_path / "both.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", signed],
        check=True,
        capture_output=True,
    )  # fmt: skip
    both.write_bytes(key.read_bytes() + signed.read_bytes())
    return both


def tls_server(certificate: Path) -> SmtpServer:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return SmtpServer(tls=context)


def _impatient(app: Flask) -> Settings:
    """The app's settings, with a short wait for the server's answers."""
    settings: Settings = app.extensions["settings"]
    return settings.model_copy(update={"mail_timeout": 0.4})


def trouble_of_connecting() -> ServerTrouble:
    with pytest.raises(ServerTrouble) as caught:
        connect(5)
    return caught.value


def test_a_certificate_nobody_vouches_for_is_not_trusted(app: Flask, certificate: Path, send: Send) -> None:
    batch = make_batch(1)
    with tls_server(certificate).running() as server:
        use_server(app, server)
        app.extensions["mail"].use_tls = True
        send()
    trouble = outage()
    assert trouble is not None
    assert trouble.reason is OutageReason.NOT_TRUSTED
    assert "certificate" in trouble.words.lower()
    assert letters(batch)[0].state is MessageState.QUEUED


def test_a_vouched_certificate_carries_letters(
    app: Flask, certificate: Path, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    batch = make_batch(3)
    with tls_server(certificate).running() as server:
        use_server(app, server)
        app.extensions["mail"].use_tls = True
        send()
        assert len(server.received) == 3
    assert {letter.state for letter in letters(batch)} == {MessageState.SENT}
    assert outage() is None


def test_a_server_without_tls_is_not_trusted_where_tls_is_asked_for(app: Flask, server: SmtpServer) -> None:
    app.extensions["mail"].use_tls = True
    assert trouble_of_connecting().reason is OutageReason.NOT_TRUSTED


def test_tls_from_the_first_byte_is_verified_too(app: Flask, server: SmtpServer) -> None:
    app.extensions["mail"].use_ssl = True
    assert trouble_of_connecting().reason is OutageReason.NOT_TRUSTED


def test_a_refused_login_loses_nothing_and_shows_the_words(app: Flask, send: Send) -> None:
    batch = make_batch(1)
    with SmtpServer(login=("ratify", "right")).running() as server:
        use_server(app, server)
        app.extensions["mail"].username, app.extensions["mail"].password = "ratify", "wrong"
        send()
        trouble = outage()
        assert trouble is not None
        assert trouble.reason is OutageReason.LOGIN_REFUSED
        assert trouble.words.startswith("535")
        assert letters(batch)[0].state is MessageState.QUEUED
        app.extensions["mail"].password = "right"
        connection = connect(5)
        assert connection.is_local
        connection.quit()


def test_a_server_that_wants_a_login_is_no_letters_fault(app: Flask, send: Send) -> None:
    batch = make_batch(2)
    with SmtpServer(login=("ratify", "right")).running() as server:
        use_server(app, server)
        send()
    trouble = outage()
    assert trouble is not None
    assert (trouble.reason, trouble.words[:3]) == (OutageReason.LOGIN_REFUSED, "530")
    assert {letter.state for letter in letters(batch)} == {MessageState.QUEUED}


@pytest.mark.parametrize(
    ("answers", "reason", "words"),
    [
        ({GREETING: "554 5.3.2 no service here"}, OutageReason.REFUSED, "554 5.3.2 no service here"),
        ({GREETING: DROP}, OutageReason.UNREACHABLE, "closed"),
        ({GREETING: HANG}, OutageReason.UNREACHABLE, "timed out"),
        ({"EHLO": DROP}, OutageReason.UNREACHABLE, "closed"),
        ({"EHLO": HANG}, OutageReason.UNREACHABLE, "timed out"),
        ({"EHLO": "421 4.3.2 too busy", "HELO": "421 4.3.2 too busy"}, OutageReason.REFUSED, "421 4.3.2 too busy"),
        ({"STARTTLS": "454 4.7.0 TLS not available"}, OutageReason.REFUSED, "454 4.7.0 TLS not available"),
        ({"STARTTLS": "220 go on\r\n250 and this is no TLS"}, OutageReason.NOT_TRUSTED, "wrong version number"),
        ({"STARTTLS": DROP}, OutageReason.UNREACHABLE, "closed"),
        ({"STARTTLS": HANG}, OutageReason.UNREACHABLE, "timed out"),
    ],
)
def test_what_breaks_before_any_letter_touches_none(
    app: Flask, send: Send, monkeypatch: pytest.MonkeyPatch, answers: dict[str, str], reason: OutageReason, words: str
) -> None:
    monkeypatch.setitem(app.extensions, "settings", _impatient(app))
    batch = make_batch(2)
    with broken_server(answers) as (port, asked):
        app.extensions["mail"].server, app.extensions["mail"].port = "127.0.0.1", port
        app.extensions["mail"].use_tls = True
        send()
    assert next(iter(answers)) in asked, "it never came so far"
    trouble = outage()
    assert trouble is not None
    assert (trouble.reason, words in trouble.words.lower() or words in trouble.words) == (reason, True), trouble.words
    assert {(letter.state, letter.attempts) for letter in letters(batch)} == {(MessageState.QUEUED, 0)}


@pytest.mark.parametrize("answer", [DROP, HANG, "421 4.7.0 too many tries", "454 4.7.0 try later"])
def test_a_login_that_breaks_loses_nothing(
    app: Flask, send: Send, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setitem(app.extensions, "settings", _impatient(app))
    batch = make_batch(1)
    with broken_server({"AUTH": answer}) as (port, asked):
        app.extensions["mail"].server, app.extensions["mail"].port = "127.0.0.1", port
        app.extensions["mail"].username, app.extensions["mail"].password = "ratify", "right"
        send()
    assert "AUTH" in asked
    trouble = outage()
    assert trouble is not None
    assert trouble.reason in {OutageReason.UNREACHABLE, OutageReason.LOGIN_REFUSED}
    assert answer in (DROP, HANG) or trouble.words == answer
    assert (letters(batch)[0].state, letters(batch)[0].attempts) == (MessageState.QUEUED, 0)


def test_a_server_that_is_not_there(app: Flask) -> None:
    app.extensions["mail"].server, app.extensions["mail"].port = "127.0.0.1", 1
    assert trouble_of_connecting().reason is OutageReason.UNREACHABLE
