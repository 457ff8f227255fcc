"""Mail is fetched over TLS from real mailboxes whose certificate somebody vouches for, and from no others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from config_inbound import ImapTls
from crm import job_queue
from crm.extensions import db
from crm.inbound import jobs, mailbox
from crm.inbound.checking import check_mailbox
from crm.inbound.models import InboundMessage, InboundState, Mailbox
from crm.outbox.checking import Level
from crm.policy import Role
from tests.factories.accounts import make_user, sign_in
from tests.factories.inbound import a_mail
from tests.servers import dovecot
from tests.servers.certificates import make_certificate
from tests.servers.mailbox import PASSWORD, USER, MailboxServer, mailbox_server
from tests.servers.tls import tls_door

pytestmark = pytest.mark.sqlite_only
Server = MailboxServer | dovecot.Dovecot


@contextmanager
def _running(kind: str, certificate: Path, key: Path) -> Iterator[tuple[Server, int]]:
    """The server, and the port at which it speaks TLS from the first byte."""
    if kind == "dovecot":
        if dovecot.program() is None:
            pytest.skip("no dovecot on this machine (Debian's package dovecot-imapd)")
        with dovecot.dovecot_server(certificate, key) as server:
            yield server, server.tls_port
    else:
        with mailbox_server() as plain, tls_door(plain.imap_port, certificate, key) as port:
            yield plain, port


def _set(app: Flask, port: int, **more: object) -> None:
    settings = app.extensions["settings"]
    values: dict[str, object] = {
        "imap_host": "127.0.0.1",
        "imap_port": port,
        "imap_user": USER,
        "imap_tls": ImapTls.TLS,
        "imap_password": settings.imap_password.__class__(PASSWORD),
        **more,
    }
    app.extensions["settings"] = settings.model_copy(update=values)


def _subjects() -> list[str]:
    jobs.work_on_received()
    db.session.rollback()
    known = sa.select(InboundMessage.subject).where(InboundMessage.state != InboundState.DUPLICATE)
    return list(db.session.scalars(known.order_by(InboundMessage.id)))


@pytest.mark.parametrize("kind", ["mail-devel", "dovecot"])
def test_only_a_server_that_proves_who_it_is_gets_the_password(
    kind: str, app: Flask, client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = make_certificate(tmp_path)
    with _running(kind, certificate, key) as (server, tls_port):
        server.put(a_mail("one", subject="One"))
        sign_in(client, make_user(Role.OFFICER))
        doors = {ImapTls.TLS: tls_port, ImapTls.STARTTLS: server.imap_port}
        for tls, port in doors.items():
            _set(app, port, imap_tls=tls)
            jobs.fetch_mail()
            known = db.session.scalars(sa.select(Mailbox).order_by(Mailbox.id.desc())).first()
            assert known is not None
            # One that offers no encryption where it is asked for is left alone as well.
            words = "TLS not supported" if (kind, tls) == ("mail-devel", ImapTls.STARTTLS) else "certificate verify"
            assert (known.failures, words in known.words) == (1, True), known.words
            shown = client.get("/received").text
            assert "Mail cannot be fetched just now" in shown
            assert words in shown
            (found,) = check_mailbox(app.extensions["settings"])
            assert found.level is Level.BAD
            assert ("could not prove who it is" in found.said) == (words == "certificate verify"), found
        assert _subjects() == []
        # As whoever runs a server with a certificate of their own does it.
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        _set(app, tls_port)
        assert mailbox.fetch("test") == 1
        if kind == "dovecot":
            server.put(a_mail("two", subject="Two"))
            _set(app, server.imap_port, imap_tls=ImapTls.STARTTLS)
            assert mailbox.fetch("test") == 1, "another mailbox in the settings: what is known already counts once"
        assert _subjects() == ["One", "Two"][: 1 + (kind == "dovecot")]
        assert [found.level for found in check_mailbox(app.extensions["settings"])] == [Level.GOOD]
        # Vouched for, but another's name.
        _set(app, tls_port, imap_tls=ImapTls.TLS, imap_host="localhost")
        with pytest.raises(mailbox.TROUBLES, match=r"(?i)hostname mismatch"):
            mailbox.fetch("test")


def test_dovecot_is_fetched_from_through_outages_new_numbers_and_other_folders(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with _running("dovecot", certificate, key) as (server, port):
        _set(app, port)
        for each in ("One", "Two"):
            server.put(a_mail(each, subject=each))
        jobs.fetch_mail()
        jobs.fetch_mail()
        assert _subjects() == ["One", "Two"]
        server.stop()
        jobs.fetch_mail()
        assert mailbox.must_wait()
        server.start()
        for each in ("Two", "Three"):
            server.put(a_mail(each, subject=each))
        assert mailbox.fetch("test") in (1, 2)
        assert _subjects() == ["One", "Two", "Three"]
        _set(app, port, imap_done_folder="Done")
        server.put(a_mail("Four", subject="Four"))
        assert mailbox.fetch("test") == 1
        _set(app, port, imap_folder="Done")
        with mailbox.open_mailbox(app.extensions["settings"]) as box:
            assert len(box.uids("ALL")) == 3
        _set(app, port, imap_folder="INBOX", imap_delete=True)
        server.put(a_mail("Five", subject="Five"))
        assert mailbox.fetch("test") == 1
        with mailbox.open_mailbox(app.extensions["settings"]) as box:
            assert box.uids("ALL") == []
    assert _subjects() == ["One", "Two", "Three", "Four", "Five"]
    assert "crm.inbound.jobs.fetch_mail" in job_queue.catching_up("desk")
