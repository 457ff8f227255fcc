"""Batches are filled, released, paused and cancelled; addresses are suppressed; held letters are settled."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from crm import clock
from crm.audit.models import ChangeSet
from crm.extensions import db
from crm.job_queue import MAIL, get_queue
from crm.outbox import actions, queries
from crm.outbox.actions import BatchRefused, Decision, NotHeld
from crm.outbox.addresses import BadAddress
from crm.outbox.models import (
    MESSAGE_MOVES,
    WAITING,
    BatchState,
    MessageState,
    OutgoingMessage,
    Priority,
    SuppressionReason,
    movable,
    sources_of,
)
from crm.outbox.reasons import EXPLANATIONS, Reason
from crm.outbox.results import Result
from crm.unit_of_work import unit_of_work
from tests.factories.outbox import a_draft, letters, make_batch


def waiting_jobs() -> int:
    return len(get_queue(MAIL))


def test_a_batch_waits_unreleased_and_then_rings(app: Flask) -> None:
    batch = make_batch(3, released=False)
    assert batch.released_at is None
    assert waiting_jobs() == 0
    with unit_of_work("release", actor="test"):
        actions.release(batch.id)
    db.session.refresh(batch)
    assert batch.state is BatchState.RUNNING
    assert batch.released_at is not None
    assert waiting_jobs() == 1
    assert queries.batch_counts(batch.id)[MessageState.QUEUED] == 3


def test_posting_again_adds_nothing(app: Flask) -> None:
    batch = make_batch(2, released=False)
    with unit_of_work("post", actor="test"):
        ids = actions.post(batch.id, [a_draft(2, subject="other words"), a_draft(3)])
    found = letters(batch)
    assert [letter.reference for letter in found] == ["letter:1", "letter:2", "letter:3"]
    assert ids == {"letter:2": found[1].id, "letter:3": found[2].id}
    assert found[1].subject == "Please ratify, number 2"


def test_opening_a_batch_again_finds_it(app: Flask) -> None:
    first = make_batch(1, released=False).id
    with unit_of_work("open", actor="test"):
        assert actions.open_batch("mailing", "mailing:1").id == first
        assert actions.open_batch("mailing", "mailing:2").id != first


def test_many_letters_go_in_at_once(app: Flask) -> None:
    batch = make_batch(1200, released=False)
    assert queries.batch_counts(batch.id)[MessageState.QUEUED] == 1200


def test_a_letter_somebody_waits_for_is_released_at_once(app: Flask) -> None:
    with unit_of_work("reset password", actor="test"):
        first = actions.post_now(a_draft(1, reference="reset:1"))
        second = actions.post_now(a_draft(2, reference="reset:2"))
        again = actions.post_now(a_draft(2, reference="reset:2"))
    assert first != second == again
    assert waiting_jobs() == 1
    message = db.session.get(OutgoingMessage, first)
    assert message is not None
    batch = actions.open_batch("transactional", "standing")
    assert (batch.id, batch.state, batch.priority) == (message.batch_id, BatchState.RUNNING, Priority.TRANSACTIONAL)


def test_the_batch_of_password_mails_cannot_be_cancelled(app: Flask) -> None:
    with unit_of_work("reset", actor="test"):
        batch_id = db.session.get_one(OutgoingMessage, actions.post_now(a_draft(1, reference="reset:1"))).batch_id
    with pytest.raises(BatchRefused), unit_of_work("cancel", actor="test"):
        actions.cancel(batch_id)
    with unit_of_work("reset", actor="test"):
        actions.post_now(a_draft(2, reference="reset:2"))


def test_pause_resume_and_their_guard(app: Flask) -> None:
    batch = make_batch(1, released=False)
    with pytest.raises(BatchRefused) as refused, unit_of_work("pause", actor="test"):
        actions.pause(batch.id)
    assert refused.value.state is BatchState.UNRELEASED
    for action, state in (
        (actions.release, BatchState.RUNNING),
        (actions.pause, BatchState.PAUSED),
        (actions.pause, BatchState.PAUSED),
        (actions.resume, BatchState.RUNNING),
    ):
        with unit_of_work("move", actor="test"):
            action(batch.id)
        db.session.refresh(batch)
        assert batch.state is state


def test_only_a_release_makes_an_unreleased_batch_run(app: Flask) -> None:
    batch = make_batch(1, released=False)
    with pytest.raises(BatchRefused) as refused, unit_of_work("resume", actor="test"):
        actions.resume(batch.id)
    assert refused.value.state is BatchState.UNRELEASED
    db.session.refresh(batch)
    assert (batch.state, batch.released_at) == (BatchState.UNRELEASED, None)
    assert waiting_jobs() == 0


def test_cancel_ends_what_waits_and_tells(app: Flask, heard: list[Result]) -> None:
    batch = make_batch(3)
    with unit_of_work("cancel", actor="user:7") as work:
        assert actions.cancel(batch.id) == 3
    assert queries.batch_counts(batch.id)[MessageState.CANCELLED] == 3
    assert {letter.reason for letter in letters(batch)} == {Reason.BATCH_CANCELLED}
    assert [(result.reference, result.state, result.batch_kind) for result in heard] == [
        (f"letter:{number}", MessageState.CANCELLED, "mailing") for number in (1, 2, 3)
    ]
    change_set = db.session.get(ChangeSet, work.change_set_id)
    assert change_set is not None
    assert change_set.notes == {"outbox_batch": {str(batch.id): "cancelled"}}
    for refused in (actions.resume, actions.pause, lambda batch_id: actions.post(batch_id, [a_draft(9)])):
        with pytest.raises(BatchRefused), unit_of_work("too late", actor="test"):
            refused(batch.id)


def test_header_values_are_cleaned_when_posted(app: Flask) -> None:
    batch = make_batch(
        1, subject="Hello\r\nBcc: all@example.org", to_name="A\nB", sender="Ann\r\n <ann@ratify.example>"
    )
    letter = letters(batch)[0]
    assert (letter.subject, letter.to_name, letter.sender) == (
        "Hello Bcc: all@example.org",
        "A B",
        "Ann <ann@ratify.example>",
    )
    assert letter.message_id_header.endswith("@ratify.example>")


@pytest.mark.parametrize("wrong", [{"sender": "nobody"}, {"reply_to": "Ann <ann@ratify.example>, other"}])
def test_a_malformed_sender_is_an_error_of_the_caller(app: Flask, wrong: dict[str, Any]) -> None:
    with pytest.raises(BadAddress):
        make_batch(1, **wrong)


def test_suppressed_addresses_are_kept_as_hashes_only(app: Flask) -> None:
    with unit_of_work("suppress", actor="test"):
        assert actions.suppress("Ann@Parliament.Example", SuppressionReason.BY_HAND, source="test")
        assert not actions.suppress(" ann@parliament.example ", SuppressionReason.UNSUBSCRIBED)
    assert queries.suppressed(["ANN@parliament.example", "bob@parliament.example"]) == {"ANN@parliament.example"}
    everything = str(db.session.execute(sa.text("SELECT * FROM suppression")).all())
    assert "parliament" not in everything
    assert not queries.has_unreadable_suppressions()
    app.config["SECRET_KEY"] = "quite another key, long enough to sign with"
    assert queries.has_unreadable_suppressions()


@pytest.mark.parametrize(
    ("decision", "state"),
    [
        (Decision.ARRIVED, MessageState.SENT),
        (Decision.SEND_AGAIN, MessageState.QUEUED),
        (Decision.GIVE_UP, MessageState.FAILED),
    ],
)
def test_a_person_settles_a_held_letter(
    app: Flask, heard: list[Result], decision: Decision, state: MessageState
) -> None:
    batch = make_batch(1)
    letter = letters(batch)[0]
    with pytest.raises(NotHeld), unit_of_work("settle", actor="user:1"):
        actions.resolve_held(letter.id, decision)
    with unit_of_work("hold", actor="test"):
        db.session.execute(
            sa.update(OutgoingMessage).values(
                state=MessageState.HELD,
                next_attempt_at=None,
                lease_token="token",
                attempts=20,
                first_deferred_at=clock.now(),
            )
        )
    with unit_of_work("settle", actor="user:1") as work:
        actions.resolve_held(letter.id, decision)
    letter = letters(batch)[0]
    assert letter.state is state in MESSAGE_MOVES[MessageState.HELD]
    assert (letter.next_attempt_at is not None) is (state is MessageState.QUEUED)
    assert letter.lease_token is None
    again = decision is Decision.SEND_AGAIN
    assert (letter.attempts, letter.first_deferred_at is None) == (0 if again else 20, again)
    assert [(result.message_id, result.state) for result in heard] == [(letter.id, state)]
    change_set = db.session.get(ChangeSet, work.change_set_id)
    assert change_set is not None
    assert (change_set.actor, change_set.notes) == ("user:1", {"held_letters": {str(letter.id): decision.value}})


def test_waiting_letters_and_only_those_have_a_time(app: Flask) -> None:
    batch = make_batch(1)
    with pytest.raises(sa.exc.IntegrityError), unit_of_work("wrong", actor="test"):
        db.session.execute(sa.update(OutgoingMessage).values(state=MessageState.SENT))
    with pytest.raises(sa.exc.IntegrityError), unit_of_work("wrong", actor="test"):
        db.session.execute(sa.update(OutgoingMessage).values(next_attempt_at=None))
    assert letters(batch)[0].next_attempt_at is not None
    assert letters(batch)[0].next_attempt_at <= clock.now()  # type: ignore[operator]


def test_leases_vanish_with_a_crash_of_the_database(app: Flask) -> None:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite compares the machine's boot instead")
    kind = db.session.scalar(sa.text("SELECT relpersistence FROM pg_class WHERE relname = 'outbox_lease'"))
    assert kind == "u"


@pytest.mark.sqlite_only
def test_guards_hold_to_the_table_of_moves(app: Flask) -> None:
    assert set(sources_of(MessageState.CLAIMED)) == WAITING
    assert sources_of(MessageState.SENT) == movable({MessageState.CLAIMED, MessageState.HELD}, MessageState.SENT)
    for ended in (MessageState.SENT, MessageState.FAILED):
        with pytest.raises(ValueError, match="may not become queued"):
            movable({MessageState.HELD, ended}, MessageState.QUEUED)


@pytest.mark.sqlite_only
def test_every_reason_has_words(app: Flask) -> None:
    assert set(EXPLANATIONS) == set(Reason)
