"""A mail server hands mail over by LMTP: kept before it is told so, and kept by it where that cannot be done."""

from __future__ import annotations

import asyncio
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from config import SettingsError, load_settings
from crm.attachments import storage
from crm.cli import main
from crm.extensions import db
from crm.inbound import jobs
from crm.inbound.models import InboundKind, InboundMessage, InboundState, Source
from crm.outbox.return_path import return_path
from crm.processes import lmtp
from tests.factories.inbound import a_mail
from tests.inbox.test_views import sent_letter
from tests.processes.product import ROOT
from tests.servers.mailbox import free_port


@contextmanager
def listening(app: Flask, address: str) -> Iterator[None]:
    loop, stopped, ready = asyncio.new_event_loop(), asyncio.Event(), Future[None]()

    def serve() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(lmtp.listen(app, address, stopped, lambda: ready.set_result(None)))
        loop.close()

    thread = Thread(target=serve)
    thread.start()
    try:
        ready.result(timeout=60)
        yield
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()


def _messages() -> list[InboundMessage]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(sa.select(InboundMessage).order_by(InboundMessage.id)))


def hand_over(server: smtplib.LMTP, sender: str, recipients: list[str], raw: bytes) -> list[int]:
    """The code of each recipient's answer; the standard library's `sendmail` reads the first one alone."""
    server.ehlo_or_helo_if_needed()
    assert server.mail(sender)[0] == 250
    assert [server.rcpt(recipient)[0] for recipient in recipients] == [250] * len(recipients)
    assert server.docmd("DATA")[0] == 354
    quoted = smtplib._quote_periods(smtplib._fix_eols(raw.decode("latin-1")).encode("latin-1"))  # type: ignore[attr-defined]
    server.send(quoted + b"\r\n.\r\n")
    return [server.getreply()[0] for _recipient in recipients]


def test_it_is_kept_with_where_it_went_and_each_recipient_has_an_answer(app: Flask) -> None:
    letter = sent_letter()
    assert letter.message_id is not None
    signed, other = return_path("answers@ratify.example", letter.message_id), "office@ratify.example"
    port, raw = free_port(), a_mail(".\n..\nA line\n" + "x" * 5000).as_bytes()
    with listening(app, str(port)), smtplib.LMTP("127.0.0.1", port) as server:
        assert hand_over(server, "ann@parliament.example", [other, signed], raw) == [250, 250]
        # The answers stay in step with the commands: an absence, for which a program gives no sender, comes after.
        assert server.sendmail("", [other], a_mail("I am away.", subject="Away").as_bytes()) == {}
        assert hand_over(server, "ann@parliament.example", [other, signed], raw) == [250, 250], "its answer was lost"
        assert (server.noop()[0], server.docmd("EHLO", "x")[0], server.docmd("DATA")[0]) == (250, 500, 503)
    answered, away = _messages()
    trace = f"Return-Path: <ann@parliament.example>\r\nDelivered-To: {other}\r\nDelivered-To: {signed}\r\n".encode()
    assert storage.path_of(answered.sha256).read_bytes().rstrip() == (trace + raw.replace(b"\n", b"\r\n")).rstrip()
    assert {each.source for each in (answered, away)} == {Source.LMTP}
    jobs.work_on_received()
    answered, away = _messages()
    assert (answered.contact_id, answered.kind) == (letter.contact_id, InboundKind.OTHER)
    assert away.kind is InboundKind.AUTOMATIC, "its return path is empty"


@pytest.mark.sqlite_only
def test_what_cannot_be_kept_stays_with_the_mail_server(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_stream: object) -> str:
        raise OSError(28, "No space left on device")

    def broken(_stream: object) -> str:
        raise RuntimeError("not thought of")

    address, two = tmp_path / "lmtp.sock", ["one@ratify.example", "two@ratify.example"]
    monkeypatch.setattr("crm.processes.lmtp.size_limit", lambda: 2000)
    with listening(app, str(address)):
        assert address.stat().st_mode & 0o777 == 0o660
        with smtplib.LMTP(str(address)) as server:
            for failure in (full, broken):
                with monkeypatch.context() as failing:
                    failing.setattr("crm.attachments.storage.keep", failure)
                    assert hand_over(server, "a@b.example", two, a_mail().as_bytes()) == [451, 451]
            # One that is too large is refused for good, to each, whether it says so before or not.
            with pytest.raises(smtplib.SMTPSenderRefused):
                server.sendmail("a@b.example", two, a_mail("x" * 5000).as_bytes())
            assert hand_over(server, "a@b.example", two, a_mail("x\n" * 5000).as_bytes()) == [552, 552]
            assert hand_over(server, "a@b.example", two, b"\x00 no mail \xff") == [250, 250]
    assert not address.exists()
    jobs.work_on_received()
    # Above it stands now where it came from: it is read as a mail that says nothing.
    assert [each.state for each in _messages()] == [InboundState.UNMATCHED]


@pytest.mark.sqlite_only
def test_the_command_listens_until_it_is_stopped(
    app: Flask, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = str(free_port())
    for name, value in {"RATIFY_DATA": str(tmp_path), "RATIFY_ENV": "test", "DATABASE_URL": database_url}.items():
        monkeypatch.setenv(name, value)
    assert "set INBOUND_LMTP" in CliRunner().invoke(main, ["receive-lmtp"]).output
    monkeypatch.setenv("INBOUND_LMTP", port)
    command = [sys.executable, "-m", "crm.cli", "receive-lmtp"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"taking mail by LMTP at {port}\n".encode()
        with smtplib.LMTP("127.0.0.1", int(port)) as server:
            assert server.sendmail("a@b.example", ["c@d.example"], a_mail().as_bytes()) == {}
        second = CliRunner().invoke(main, ["receive-lmtp"])
        assert (second.exit_code, f"INBOUND_LMTP={port}" in second.output) == (1, True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
    assert [each.recipient for each in _messages()] == ["c@d.example"]


@pytest.mark.parametrize(("value", "is_good"), [("2400", True), ("/run/x.sock", True), ("70000", False), ("x", False)])
def test_it_is_a_port_or_a_path(value: str, is_good: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INBOUND_LMTP", value)
    if is_good:
        assert load_settings().lmtp == value
    else:
        with pytest.raises(SettingsError, match="neither a port"):
            load_settings()
