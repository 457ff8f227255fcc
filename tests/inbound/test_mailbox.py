"""Mail is fetched from a real mailbox: once each, whatever becomes of the server and of its numbers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from imap_tools import BaseMailBox

from config import Settings
from crm import job_queue
from crm.cli import main
from crm.extensions import db
from crm.inbound import jobs, mailbox
from crm.inbound.checking import check_mailbox
from crm.inbound.models import Fault, InboundMessage, InboundState, Mailbox, Source
from crm.job_queue import DESK
from crm.outbox.checking import Level
from crm.policy import Role
from tests.factories.accounts import make_user, sign_in
from tests.factories.inbound import a_mail
from tests.servers.mailbox import PASSWORD, USER, MailboxServer, mailbox_server


@pytest.fixture
def server(app: Flask) -> Iterator[MailboxServer]:
    with mailbox_server() as running:
        _set(app, running)
        yield running


def _set(app: Flask, server: MailboxServer, **more: object) -> Settings:
    values: dict[str, object] = {
        "imap_host": "127.0.0.1",
        "imap_port": server.imap_port,
        "imap_user": USER,
        "imap_password": app.extensions["settings"].imap_password.__class__(PASSWORD),
        "imap_tls": "none",
        **more,
    }
    settings: Settings = app.extensions["settings"].model_copy(update=values)
    app.extensions["settings"] = settings
    return settings


def _subjects() -> list[str]:
    jobs.work_on_received()
    db.session.rollback()
    known = sa.select(InboundMessage.subject).where(InboundMessage.state != InboundState.DUPLICATE)
    return list(db.session.scalars(known.order_by(InboundMessage.id)))


def _uids(app: Flask, what: str) -> list[str]:
    with mailbox.open_mailbox(app.extensions["settings"]) as box:
        return box.uids(what)


def test_what_is_new_is_fetched_once_through_outages_and_new_numbers(
    app: Flask, client: FlaskClient, server: MailboxServer
) -> None:
    server.put(a_mail("one", subject="One"))
    server.put(a_mail("two", subject="Two"))
    jobs.fetch_mail()
    assert _subjects() == ["One", "Two"]
    assert db.session.scalars(sa.select(InboundMessage.source).distinct()).all() == [Source.IMAP]
    assert _uids(app, "UNSEEN") == [], "what was taken in is marked as read"
    server.put(a_mail("three", subject="Three"))
    jobs.fetch_mail()
    jobs.fetch_mail()
    assert _subjects() == ["One", "Two", "Three"]
    # Away: on record, asked again after a while, and nothing is lost.
    server.stop()
    jobs.fetch_mail()
    known = db.session.scalars(sa.select(Mailbox)).one()
    assert (known.failures, known.words != "", known.fetched_at is not None) == (1, True, True)
    assert mailbox.must_wait()
    sign_in(client, make_user(Role.ADMIN))
    assert "Mail cannot be fetched just now" in client.get("/received").text
    # Back with other numbers: what is there again is known, what is new is not missed.
    server.start()
    server.put(a_mail("two", subject="Two"))
    server.put(a_mail("four", subject="Four"))
    assert mailbox.fetch("test") in (1, 2)
    assert _subjects() == ["One", "Two", "Three", "Four"]
    assert not mailbox.must_wait()
    assert "The mailbox was looked into" in client.get("/received").text
    assert "crm.inbound.jobs.fetch_mail" in job_queue.catching_up(DESK)


@pytest.mark.sqlite_only
def test_what_was_taken_in_is_moved_or_deleted_where_that_is_wanted(app: Flask, server: MailboxServer) -> None:
    _set(app, server, imap_done_folder="Done")
    server.put(a_mail("one", subject="One"))
    assert mailbox.fetch("test") == 1
    assert _uids(app, "ALL") == []
    _set(app, server, imap_folder="Done", imap_done_folder="")
    assert len(_uids(app, "ALL")) == 1
    _set(app, server, imap_folder="INBOX", imap_delete=True)
    server.put(a_mail("two", subject="Two"))
    assert mailbox.fetch("test") == 1
    assert _uids(app, "ALL") == []
    assert _subjects() == ["One", "Two"]


@pytest.mark.sqlite_only
def test_of_a_message_too_large_only_the_beginning_is_fetched(
    app: Flask, server: MailboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.inbound.actions.size_limit", lambda: 1000)
    monkeypatch.setattr("crm.inbound.mailbox.size_limit", lambda: 1000)
    monkeypatch.setattr("crm.inbound.mailbox.BEGINNING", 200)
    server.put(a_mail("x" * 5000, subject="Large"))
    server.put(a_mail("small", subject="Small"))
    asked: list[int] = []
    raw = mailbox._raw

    def watched(box: BaseMailBox, uid: str) -> object:
        found = raw(box, uid)
        assert found is not None
        asked.append(len(found[0]))
        return found

    monkeypatch.setattr("crm.inbound.mailbox._raw", watched)
    assert mailbox.fetch("test") == 2
    assert asked[0] == 200
    large = db.session.scalars(sa.select(InboundMessage).order_by(InboundMessage.id)).first()
    assert large is not None
    assert (large.fault, large.size > 5000) == (Fault.TOO_LARGE, True)
    assert _subjects()[1:] == ["Small"]


@pytest.mark.sqlite_only
def test_the_settings_are_tried_and_the_command_fetches(
    app: Flask, server: MailboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = app.extensions["settings"]
    assert [found.level for found in check_mailbox(settings)] == [Level.GOOD]
    refused = settings.model_copy(update={"imap_password": settings.imap_password.__class__("wrong")})
    for changed, words in (
        (refused, "refused INBOUND_IMAP_USER"),
        (settings.model_copy(update={"imap_folder": "Nowhere"}), "no folder Nowhere"),
        (settings.model_copy(update={"imap_port": 1}), "cannot be reached"),
    ):
        (found,) = check_mailbox(changed)
        assert (found.level, words in found.said) == (Level.BAD, True), found
    assert list(check_mailbox(settings.model_copy(update={"imap_host": ""}))) == []
    environment = {
        "RATIFY_ENV": "test", "RATIFY_DATA": str(settings.data), "DATABASE_URL": settings.database_url,
        "INBOUND_IMAP_HOST": "127.0.0.1", "INBOUND_IMAP_PORT": str(server.imap_port), "INBOUND_IMAP_USER": USER,
        "INBOUND_IMAP_PASSWORD": PASSWORD, "INBOUND_IMAP_TLS": "none",
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    server.put(a_mail("one", subject="One"))
    answer = CliRunner().invoke(main, ["fetch-mail"])
    assert (answer.exit_code, answer.output) == (0, "Messages taken in: 1\n"), answer.output
    monkeypatch.setenv("INBOUND_IMAP_PASSWORD", "wrong")
    answer = CliRunner().invoke(main, ["fetch-mail"])
    assert (answer.exit_code, "The mailbox cannot be fetched" in answer.output) == (1, True)
