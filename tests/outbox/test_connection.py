"""The connection verifies whom it talks to, signs in, and tells apart what went wrong."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from flask import Flask

from crm.outbox.connection import connect
from crm.outbox.models import MessageState, OutageReason
from crm.outbox.outcomes import ServerTrouble
from tests.factories.outbox import letters, make_batch
from tests.outbox.conftest import Send, outage, use_server
from tests.servers.smtp import SmtpServer

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


def test_a_server_that_is_not_there(app: Flask) -> None:
    app.extensions["mail"].server, app.extensions["mail"].port = "127.0.0.1", 1
    assert trouble_of_connecting().reason is OutageReason.UNREACHABLE
