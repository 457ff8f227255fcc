"""Letters leave through a real SMTP server, and each ends in the state its answer means."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from email.utils import parseaddr
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from crm import clock, job_queue
from crm.extensions import db
from crm.outbox import actions, queries
from crm.outbox.connection import SmtpConnection
from crm.outbox.models import Batch, MessageState, OutageReason, OutgoingMessage, SuppressionReason
from crm.outbox.reasons import Reason
from crm.outbox.results import Result, on_result
from crm.outbox.unsubscribing import read_token
from crm.unit_of_work import unit_of_work
from tests.factories.outbox import a_draft, letters, make_batch
from tests.outbox.conftest import Send, outage
from tests.servers.smtp import SmtpServer

SENT, FAILED = MessageState.SENT, MessageState.FAILED
QUEUED, CANCELLED = MessageState.QUEUED, MessageState.CANCELLED


def states(batch: Batch) -> list[MessageState]:
    return [letter.state for letter in letters(batch)]


def elsewhere(app: Flask, work: Callable[[], object]) -> None:
    """Do it as another process would: with a session and a connection of its own."""

    def run() -> None:
        with app.app_context():
            work()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def connect_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every server look like one of another machine."""
    opened = SmtpConnection.open

    def open_elsewhere(connection: SmtpConnection) -> None:
        opened(connection)
        connection.is_local = False

    monkeypatch.setattr(SmtpConnection, "open", open_elsewhere)


def test_letters_arrive_with_their_names_and_words(server: SmtpServer, send: Send, heard: list[Result]) -> None:
    names = ["Łukasz KOHUT", "Νίκος ΠΑΠΑΝΔΡΈΟΥ", "Doe, John (EPP)", "Séan Ó Fearghaíl", "عمر"]
    with unit_of_work("post", actor="test"):
        batch = actions.open_batch("mailing", "mailing:1")
        actions.post(
            batch.id,
            [
                a_draft(
                    number,
                    to_name=name,
                    subject=f"Ratification pour {name}",
                    text=f"Dear {name},\n.\n..dots\nand a very long line {'é' * 200}\nno end",
                    html=f"<p>Dear {name}</p>\n<p>عزيزي</p>",
                    sender="Ann Müller <ann@ratify.example>",
                    reply_to="Office <office@ratify.example>",
                    one_click_unsubscribe=True,
                )
                for number, name in enumerate(names)
            ],
        )
        actions.release(batch.id)
    send()
    assert [(letter.state, letter.reason, letter.reply_code) for letter in letters(batch)] == [(SENT, None, 250)] * 5
    assert [result.state for result in heard] == [SENT] * 5
    for received, letter, name in zip(server.received, letters(batch), names, strict=True):
        message = received.message
        assert (received.sender, received.recipient) == ("ann@ratify.example", letter.to_address)
        assert message["To"].addresses[0].display_name == name
        assert message["To"].addresses[0].addr_spec == letter.to_address
        assert message["Subject"] == f"Ratification pour {name}"
        assert message["From"].addresses[0].display_name == "Ann Müller"
        assert parseaddr(message["Reply-To"]) == ("Office", "office@ratify.example")
        assert message["Message-ID"] == letter.message_id_header
        assert abs(message["Date"].datetime - clock.now()) < timedelta(minutes=1)
        text, html = message.get_body(("plain",)), message.get_body(("html",))
        assert text is not None
        assert html is not None
        assert text.get_content().splitlines() == letter.text.splitlines()
        assert html.get_content().splitlines() == (letter.html or "").splitlines()
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        token = message["List-Unsubscribe"].strip("<>").rpartition("/")[2]
        link = read_token(token)
        assert link is not None
        assert link.message_id == letter.id
        assert all(len(line) <= 200 for line in received.data.split(b"\r\n"))
        assert received.data.isascii()
        assert letter.size is not None
        assert letter.attempts == 1


def test_a_letter_of_text_alone_is_not_multipart(server: SmtpServer, send: Send) -> None:
    make_batch(1, text="Dear Ann,\nplease ratify.\n")
    send()
    message = server.received[0].message
    assert message.get_content_type() == "text/plain"
    assert message.get_content().splitlines() == ["Dear Ann,", "please ratify."]
    assert "List-Unsubscribe" not in message


def test_a_changed_secret_key_stops_all_sending(app: Flask, server: SmtpServer, send: Send) -> None:
    with unit_of_work("suppress", actor="test"):
        actions.suppress("member1@parliament.example", SuppressionReason.OBJECTION)
    batch = make_batch(1)
    app.config["SECRET_KEY"] = "quite another key, long enough to sign with"
    send()
    trouble = outage()
    assert trouble is not None
    assert trouble.reason is OutageReason.KEY_CHANGED
    assert states(batch) == [QUEUED]


def test_a_reserved_address_after_a_server_that_hung_up_is_no_accident(
    server: SmtpServer, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect_elsewhere(monkeypatch)
    refused = SmtpConnection._refused

    def refused_for_good(connection: SmtpConnection, *answer: Any, **more: Any) -> Any:
        connection.drop()  # as it does where the server hangs up right after its refusal
        return refused(connection, *answer, **more)

    monkeypatch.setattr(SmtpConnection, "_refused", refused_for_good)
    server.behaviour.rcpt = lambda address: "550 5.1.1 never" if address.startswith("refused@") else None
    with unit_of_work("post", actor="test"):
        batch = actions.open_batch("mailing", "mailing:1")
        addresses = ["refused@parliament.eu", "member@parliament.example", "member@parliament.eu"]
        actions.post(batch.id, [a_draft(number, to_address=address) for number, address in enumerate(addresses)])
        actions.release(batch.id)
    send()
    assert [(letter.state, letter.reason) for letter in letters(batch)] == [
        (FAILED, Reason.RECIPIENT_REFUSED),
        (FAILED, Reason.RESERVED_DOMAIN),
        (SENT, None),
    ]


def test_no_transaction_is_open_while_the_server_is_waited_for(
    server: SmtpServer, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_at: list[tuple[str, bool]] = []
    opened, delivered = SmtpConnection.open, SmtpConnection.deliver

    def watch(where: str) -> None:
        open_at.append((where, db.session().in_transaction()))

    def open_watched(connection: SmtpConnection) -> None:
        watch("connect")
        opened(connection)

    def deliver_watched(connection: SmtpConnection, *given: Any, **more: Any) -> Any:
        watch("deliver")
        return delivered(connection, *given, **more)

    monkeypatch.setattr(SmtpConnection, "open", open_watched)
    monkeypatch.setattr(SmtpConnection, "deliver", deliver_watched)
    server.behaviour.letters_a_connection = 1
    make_batch(2)
    send()
    # The second letter finds the connection closed and calls again in the midst of its claim.
    assert open_at == [(where, False) for where in ("connect", "deliver", "deliver", "connect", "deliver")]


@pytest.mark.parametrize("reason", SuppressionReason)
def test_a_password_link_reaches_who_unsubscribed(server: SmtpServer, send: Send, reason: SuppressionReason) -> None:
    with unit_of_work("reset password", actor="test"):
        actions.suppress("member1@parliament.example", reason)
        message_id = actions.post_now(a_draft(1, reference="reset:1"))
    send()
    message = db.session.get_one(OutgoingMessage, message_id)
    assert message.state is (CANCELLED if reason is SuppressionReason.HARD_BOUNCE else SENT)


def test_suppressed_addresses_get_nothing(server: SmtpServer, send: Send, heard: list[Result]) -> None:
    batch = make_batch(3)
    with unit_of_work("suppress", actor="test"):
        actions.suppress("MEMBER2@parliament.example", SuppressionReason.UNSUBSCRIBED)
    send()
    assert states(batch) == [SENT, CANCELLED, SENT]
    assert letters(batch)[1].reason is Reason.SUPPRESSED
    assert sorted((result.reference, result.state) for result in heard) == [
        ("letter:1", SENT),
        ("letter:2", CANCELLED),
        ("letter:3", SENT),
    ]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("not an address", Reason.BAD_ADDRESS),
        ("a@x.example\r\nRCPT TO:<b@x.example>", Reason.BAD_ADDRESS),
        ("jürgen@parliament.example", Reason.NEEDS_SMTPUTF8),
    ],
)
def test_what_cannot_be_sent_fails_and_says_why(server: SmtpServer, send: Send, address: str, reason: Reason) -> None:
    batch = make_batch(1, to_address=address)
    send()
    letter = letters(batch)[0]
    assert (letter.state, letter.reason) == (FAILED, reason)
    assert server.received == []


def test_invented_addresses_never_reach_a_real_server(
    server: SmtpServer, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect_elsewhere(monkeypatch)
    batch = make_batch(1)
    real = make_batch(1, reference="mailing:2", to_address="someone@parliament.eu")
    send()
    letter = letters(batch)[0]
    assert (letter.state, letter.reason) == (FAILED, Reason.RESERVED_DOMAIN)
    assert states(real) == [SENT]


def test_what_no_mail_can_carry_fails_alone(server: SmtpServer, send: Send) -> None:
    batch = make_batch(2)
    with unit_of_work("spoil", actor="test"):
        first = letters(batch)[0].id
    with unit_of_work("spoil", actor="test"):
        db.session.execute(
            sa.update(OutgoingMessage).where(OutgoingMessage.id == first).values(sender="nobody, nowhere")
        )
    send()
    assert states(batch) == [FAILED, SENT]
    assert letters(batch)[0].reason is Reason.NOT_COMPOSABLE


@pytest.mark.parametrize(("action", "state"), [(actions.pause, QUEUED), (actions.cancel, CANCELLED)])
def test_a_pause_or_a_cancel_stops_the_very_next_letter(
    app: Flask, server: SmtpServer, send: Send, action: Callable[[int], object], state: MessageState
) -> None:
    batch = make_batch(5)
    batch_id = batch.id

    def stop() -> None:
        with unit_of_work("stop", actor="test"):
            action(batch_id)

    def meddle(address: str) -> str | None:
        if address.startswith("member3@"):
            elsewhere(app, stop)
        return None

    server.behaviour.rcpt = meddle
    send()
    assert states(batch) == [SENT, SENT, state, state, state]
    assert len(server.received) == 2
    assert queries.batch_counts(batch_id)[state] == 3


def test_letters_somebody_waits_for_leave_first(server: SmtpServer, send: Send) -> None:
    make_batch(3)
    with unit_of_work("reset", actor="test"):
        actions.post_now(a_draft(9, reference="reset:9"))
    send()
    assert [received.recipient.partition("@")[0] for received in server.received] == [
        "member9",
        "member1",
        "member2",
        "member3",
    ]


def test_a_password_link_does_not_lie_about_once_sent(server: SmtpServer, send: Send) -> None:
    with unit_of_work("reset", actor="test"):
        message_id = actions.post_now(a_draft(9, reference="reset:9", text="the link", html="<p>the link</p>"))
    batch = make_batch(1)
    send()
    db.session.rollback()
    message = db.session.get_one(OutgoingMessage, message_id)
    assert (message.state, message.text, message.html) == (SENT, "", None)
    assert server.received[0].message.get_body(("plain",)).get_content().strip() == "the link"  # type: ignore[union-attr]
    assert letters(batch)[0].text


def test_a_listener_that_fails_does_not_undo_the_mark(server: SmtpServer, send: Send, heard: list[Result]) -> None:
    def break_down(_results: object) -> None:
        db.session.execute(sa.text("INSERT INTO outbox_batch (id) VALUES (1)"))

    on_result(break_down)
    try:
        batch = make_batch(3)
        send()
    finally:
        from crm.outbox import results

        del results._handlers[break_down]
    assert states(batch) == [SENT] * 3
    assert len(server.received) == 3
    assert [result.reference for result in heard] == ["letter:1", "letter:2", "letter:3"]


def test_a_database_that_hangs_up_is_asked_again(app: Flask, server: SmtpServer, send: Send) -> None:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no connection to lose")
    batch = make_batch(5)
    cut: list[int] = []

    def cut_all() -> None:
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        cut.append(len(db.session.execute(sa.text(f"SELECT pg_terminate_backend(pid) {others}")).all()))

    def meddle(address: str) -> str | None:
        if address.startswith("member3@") and not cut:
            elsewhere(app, cut_all)
        return None

    server.behaviour.rcpt = meddle
    send()
    assert cut[0] >= 1
    assert states(batch) == [SENT] * 5
    assert len(server.received) == 5


def test_a_process_asked_to_stop_gives_back_what_it_did_not_touch(
    server: SmtpServer, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(address: str) -> str | None:
        if address.startswith("member2@"):
            monkeypatch.setattr(job_queue.stop, "requested", True)
        return None

    server.behaviour.end = stop  # the third has been announced by then
    batch = make_batch(4)
    send()
    assert states(batch) == [SENT, SENT, QUEUED, QUEUED]
    assert len(server.received) == 2
    assert db.session.scalar(sa.text("SELECT count(*) FROM outbox_lease")) == 0
