"""A mail server that refuses, hangs up or is away: every letter ends in the right state, with the server's words."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from crm import clock
from crm.extensions import db
from crm.outbox import actions, connection
from crm.outbox.models import Batch, MessageState, OutageReason, OutgoingMessage
from crm.outbox.outcomes import LEAST_ATTEMPTS
from crm.outbox.reasons import Reason
from crm.outbox.results import Result
from crm.unit_of_work import unit_of_work
from tests.factories.outbox import a_draft, letters, make_batch
from tests.outbox.conftest import Send, outage
from tests.servers.smtp import DROP, HANG, SmtpServer

SENT, DEFERRED, FAILED = MessageState.SENT, MessageState.DEFERRED, MessageState.FAILED
HELD, QUEUED = MessageState.HELD, MessageState.QUEUED
# Larger than all buffers on the way, so that it cannot be on its way as a whole when the server hangs up.
HUGE = "x" * 60 + "\n"


def states(batch: Batch) -> list[MessageState]:
    return [letter.state for letter in letters(batch)]


def only(number: int, answer: str) -> Callable[[str], str | None]:
    """That answer for one recipient, yes for all others."""
    return lambda address: answer if address.startswith(f"member{number}@") else None


def due_again() -> None:
    """Let a day go by for letters that wait, and for the mail server."""
    with unit_of_work("let time go by", actor="test"):
        db.session.execute(
            sa.update(OutgoingMessage)
            .where(OutgoingMessage.next_attempt_at.is_not(None))
            .values(next_attempt_at=clock.now())
        )
        db.session.execute(sa.text("DELETE FROM outbox_outage"))


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "end"])
@pytest.mark.parametrize(
    ("answer", "state"), [("451 4.3.0 try\r\nlater", DEFERRED), ("550 5.1.1 never", FAILED), ("399 odd", DEFERRED)]
)
def test_a_refusal_concerns_its_letter_alone(
    server: SmtpServer, send: Send, heard: list[Result], stage: str, answer: str, state: MessageState
) -> None:
    answer = answer.replace("\r\n", " ")
    if stage == "mail":
        server.behaviour.mail = lambda sender: answer if sender.startswith("odd") else None
    else:
        setattr(server.behaviour, stage, only(2, answer))
    with unit_of_work("post", actor="test"):
        batch = actions.open_batch("mailing", "mailing:1")
        drafts = [a_draft(number, sender="odd@ratify.example" if number == 2 else None) for number in (1, 2, 3)]
        actions.post(batch.id, drafts)
        actions.release(batch.id)
    send()
    assert states(batch) == [SENT, state, SENT]
    letter = letters(batch)[1]
    assert f"{letter.reply_code} {letter.reply_text}" == answer
    assert letter.attempts == 1
    assert [(result.reference, result.state) for result in heard if result.state is not SENT] == [("letter:2", state)]
    assert outage() is None
    if state is DEFERRED:
        assert letter.reason is Reason.SERVER_BUSY
        assert letter.next_attempt_at is not None
        assert timedelta(seconds=50) < letter.next_attempt_at - clock.now() <= timedelta(minutes=1.2)
        send()
        assert letters(batch)[1].attempts == 1
        due_again()
        send()
        assert letters(batch)[1].attempts == 2


def test_a_letter_put_off_for_three_days_fails(server: SmtpServer, send: Send) -> None:
    server.behaviour.rcpt = only(1, "452 4.2.2 mailbox full")
    batch = make_batch(1)
    send()
    with unit_of_work("age", actor="test"):
        db.session.execute(sa.update(OutgoingMessage).values(first_deferred_at=clock.now() - timedelta(hours=72)))
    due_again()
    send()
    letter = letters(batch)[0]
    assert (letter.state, letter.attempts) == (DEFERRED, 2), "its batch was paused those days: it was hardly tried"
    with unit_of_work("try", actor="test"):
        db.session.execute(sa.update(OutgoingMessage).values(attempts=LEAST_ATTEMPTS - 1))
    due_again()
    send()
    letter = letters(batch)[0]
    assert (letter.state, letter.reason, letter.reply_text) == (FAILED, Reason.EXPIRED, "4.2.2 mailbox full")
    assert letter.attempts == LEAST_ATTEMPTS


@pytest.mark.parametrize("stage", ["rcpt", "data", "content"])
@pytest.mark.parametrize("victim", [1, 3])
def test_hung_up_before_the_final_dot_goes_back_to_the_queue(
    server: SmtpServer, send: Send, stage: str, victim: int
) -> None:
    setattr(server.behaviour, stage, only(victim, DROP))
    text = HUGE * 400_000 if stage == "content" else "Dear member"
    with unit_of_work("post", actor="test"):
        batch = actions.open_batch("mailing", "mailing:1")
        drafts = [a_draft(number, text=text if number == victim else "Dear member") for number in range(1, 5)]
        actions.post(batch.id, drafts)
        actions.release(batch.id)
    send()
    letter = letters(batch)[victim - 1]
    assert (letter.state, letter.reason) == (DEFERRED, Reason.CONNECTION_LOST)
    assert set(states(batch)[victim:]) == {QUEUED}
    trouble = outage()
    assert trouble is not None
    assert trouble.reason is OutageReason.UNREACHABLE
    send()
    assert set(states(batch)[victim:]) == {QUEUED}, "the server is left alone for some seconds"
    with unit_of_work("wait", actor="test"):
        db.session.execute(sa.text("UPDATE outbox_outage SET next_attempt_at = '2020-01-01 00:00:00+00:00'"))
    send()
    expected = [SENT] * 4
    expected[victim - 1] = DEFERRED
    assert states(batch) == expected
    assert outage() is None


def test_hung_up_after_the_final_dot_is_held_for_a_person(server: SmtpServer, send: Send, heard: list[Result]) -> None:
    server.behaviour.end = only(2, DROP)
    batch = make_batch(3)
    send()
    assert states(batch) == [SENT, HELD, QUEUED]
    assert letters(batch)[1].reason is Reason.NO_ANSWER
    due_again()
    send()
    assert states(batch) == [SENT, HELD, SENT]
    assert [received.recipient for received in server.received].count("member2@parliament.example") == 1
    assert [(result.reference, result.state) for result in heard] == [
        ("letter:2", HELD),  # at once
        ("letter:1", SENT),  # at the end of its claim
        ("letter:3", SENT),
    ]


@pytest.mark.parametrize(
    ("stage", "state"),
    [("mail", DEFERRED), ("rcpt", DEFERRED), ("data", DEFERRED), ("content", DEFERRED), ("end", HELD)],
)
@pytest.mark.sqlite_only
def test_a_server_that_falls_silent_holds_up_no_other(
    app: Flask, server: SmtpServer, send: Send, monkeypatch: pytest.MonkeyPatch, stage: str, state: MessageState
) -> None:
    monkeypatch.setitem(app.extensions, "settings", app.extensions["settings"].model_copy(update={"mail_timeout": 0.4}))
    monkeypatch.setattr(connection, "FINAL_REPLY", 0.4)
    monkeypatch.setattr(connection, "_SLICE", 0.1)
    with unit_of_work("post", actor="test"):
        batch = actions.open_batch("mailing", "mailing:1")
        texts = ["Dear member", HUGE * 400_000 if stage == "content" else "Dear member", "Dear member"]
        senders = [None, "silent@ratify.example", None]
        drafts = [
            a_draft(n, text=text, sender=sender) for n, text, sender in zip((1, 2, 3), texts, senders, strict=True)
        ]
        actions.post(batch.id, drafts)
        actions.release(batch.id)
    silent = only(2, HANG) if stage != "mail" else lambda sender: HANG if sender.startswith("silent") else None
    setattr(server.behaviour, stage, silent)
    send()
    letter = letters(batch)[1]
    assert (letter.state, letter.reason) == (
        (state, Reason.NO_ANSWER) if state is HELD else (state, Reason.CONNECTION_LOST)
    )
    assert "timed out" in (letter.reply_text or "") or state is HELD
    trouble = outage()
    assert trouble is not None
    assert trouble.reason is OutageReason.UNREACHABLE
    with unit_of_work("wait", actor="test"):
        db.session.execute(sa.text("DELETE FROM outbox_outage"))
    send()
    assert states(batch) == [SENT, state, SENT]


@pytest.mark.parametrize("limit", [1, 3])
def test_a_server_that_hangs_up_now_and_then_is_called_again(server: SmtpServer, send: Send, limit: int) -> None:
    server.behaviour.letters_a_connection = limit
    batch = make_batch(10)
    send()
    assert states(batch) == [SENT] * 10
    assert len(server.received) == 10
    assert outage() is None


@pytest.mark.sqlite_only
@pytest.mark.parametrize("pipelining", [True, False])
def test_commands_go_together_only_where_the_server_says_so(
    server: SmtpServer, send: Send, monkeypatch: pytest.MonkeyPatch, pipelining: bool
) -> None:
    said: list[bytes] = []
    real_send = smtplib.SMTP.send

    def send_and_note(host: smtplib.SMTP, words: bytes | str) -> None:
        said.append(words.encode() if isinstance(words, str) else bytes(words))
        real_send(host, words)

    monkeypatch.setattr(smtplib.SMTP, "send", send_and_note)
    server.pipelining = pipelining
    server.behaviour.rcpt = only(3, "550 5.1.1 never")
    server.behaviour.letters_a_connection = 4
    batch = make_batch(9)
    send()
    assert states(batch) == [SENT, SENT, FAILED] + [SENT] * 6
    assert [letter.recipient for letter in server.received] == [
        f"member{number}@parliament.example" for number in (1, 2, 4, 5, 6, 7, 8, 9)
    ]
    together = [words for words in said if words.startswith(b"MAIL") and words.endswith(b"DATA\r\n")]
    alone = [words for words in said if words == b"DATA\r\n"]
    assert (bool(together), bool(alone)) == (pipelining, not pipelining)


@pytest.mark.sqlite_only
def test_a_server_that_wants_the_words_after_a_refusal_gets_none(server: SmtpServer, send: Send) -> None:
    server.behaviour.rcpt = only(2, "550 5.1.1 never")
    # RFC 2920 3.1 allows it: no recipient is left, and yet it says go on.
    server.behaviour.data = lambda recipient: None if recipient else "354 go on"
    batch = make_batch(3)
    send()
    assert states(batch) == [SENT, FAILED, SENT]
    assert letters(batch)[1].reply_text == "5.1.1 never"
    assert [letter.message["Subject"][-1] for letter in server.received] == ["1", "3"]


def test_nothing_is_lost_while_the_server_is_away(app: Flask, send: Send) -> None:
    app.extensions["mail"].server, app.extensions["mail"].port = "127.0.0.1", 1
    batch = make_batch(2)
    send()
    first = outage()
    assert first is not None
    assert (first.reason, first.failures) == (OutageReason.UNREACHABLE, 1)
    assert "refused" in first.words
    send()
    assert outage() is not None
    assert states(batch) == [QUEUED, QUEUED]
    assert {letter.attempts for letter in letters(batch)} == {0}


def test_no_server_is_a_trouble_too(app: Flask, send: Send) -> None:
    batch = make_batch(1)
    send()
    trouble = outage()
    assert trouble is not None
    assert trouble.reason is OutageReason.NO_SERVER
    assert states(batch) == [QUEUED]
