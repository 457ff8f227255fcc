"""A batch counts its letters as they move, and pauses itself where too many of the last ones fail."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm import clock
from crm.bare_writes import BareWrites
from crm.extensions import db
from crm.job_queue import MAIL
from crm.outbox import actions
from crm.outbox.actions import BatchRefused, Decision
from crm.outbox.bounces import Reported, note_bounce
from crm.outbox.error_limit import FAILED, SENT, ErrorLimit
from crm.outbox.holder import this_process
from crm.outbox.lease_ends import give_back
from crm.outbox.leases import Claim, claim
from crm.outbox.marks import mark, mark_sent
from crm.outbox.models import Batch, BatchState, BounceKind, MessageState, OutgoingMessage, PauseReason
from crm.outbox.outcomes import Outcome, Reply
from crm.outbox.reasons import Reason
from crm.outbox.tallies import recount, true_counts
from crm.unit_of_work import unit_of_work
from tests.factories.outbox import a_draft, letters, make_batch
from tests.outbox.conftest import Send
from tests.servers.smtp import SmtpServer

_numbers = itertools.count(100)


@pytest.mark.parametrize(
    ("recent", "passed"),
    [
        ("", None),
        (FAILED * 9, None),  # too few to be a pattern
        (FAILED * 10, (10, 10)),
        (SENT * 40 + FAILED * 10, None),  # exactly the share
        (SENT * 39 + FAILED * 10, (10, 49)),
        (SENT * 500 + FAILED * 10, None),
        (SENT * 500 + FAILED * 21, (21, 100)),  # what was long ago excuses nothing
        (FAILED * 50 + SENT * 90, None),  # nor does it accuse
    ],
)
def test_too_many_are_a_share_of_the_last_ones_and_more_than_a_few(recent: str, passed: tuple[int, int] | None) -> None:
    assert ErrorLimit(window=100, share=20, least=10).passed(recent) == passed


def _kept(batch: Batch) -> Batch:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Batch, batch.id)


def test_a_batch_whose_letters_are_refused_pauses_itself_and_says_why(server: SmtpServer, send: Send) -> None:
    def refuse(recipient: str) -> str | None:
        number = int(recipient.partition("@")[0].removeprefix("member"))
        return f"550 5.1.1 <{recipient}> user unknown" if number > 15 else None

    server.behaviour.rcpt = refuse
    batch = make_batch(40)
    send()
    states = [letter.state for letter in letters(batch)]
    # The very next letter stays: not one more is refused than it takes to see it.
    assert states == [MessageState.SENT] * 15 + [MessageState.FAILED] * 10 + [MessageState.QUEUED] * 15
    kept = _kept(batch)
    assert (kept.state, kept.paused_for) == (BatchState.PAUSED, PauseReason.ERRORS)
    words = "550 5.1.1 <…> user unknown"
    assert kept.paused_with == {"failed": 10, "of": 25, "words": words, "times": 10}
    assert (kept.posted, kept.sent, kept.failed, kept.failures) == (40, 15, 10, {Reason.RECIPIENT_REFUSED: 10})
    with unit_of_work("resume", actor="test"):
        actions.resume(batch.id)
    assert (_kept(batch).recent, _kept(batch).paused_for, _kept(batch).paused_with) == ("", None, {})
    # A person has looked: it takes as many again.
    send()
    assert (_kept(batch).failed, _kept(batch).paused_for) == (20, PauseReason.ERRORS)


def test_a_server_that_asks_to_try_later_pauses_nothing(server: SmtpServer, send: Send) -> None:
    server.behaviour.rcpt = lambda _recipient: "450 4.2.0 greylisted"
    batch = make_batch(30)
    send()
    assert {letter.state for letter in letters(batch)} == {MessageState.DEFERRED}
    kept = _kept(batch)
    assert (kept.state, kept.failed, kept.recent) == (BatchState.RUNNING, 0, "")


class _Sending:
    """A batch and what may happen to its letters."""

    def __init__(self) -> None:
        self.batch = make_batch(6, reference=f"mailing:{next(_numbers)}")
        self.taken: Claim | None = None
        self.left: list[object] = []

    def _next(self) -> object | None:
        if not self.left:
            self.end()
            self.taken = claim(this_process(MAIL), 4)
            self.left = list(self.taken.letters) if self.taken else []
        return self.left.pop(0) if self.left else None

    def ends_as(self, state: MessageState, reason: Reason | None) -> None:
        letter = self._next()
        if letter is None or self.taken is None:
            return
        with BareWrites(db.engine) as writes:
            if not mark_sent(writes, self.taken, None, letter):
                return
            again = clock.now() if state is MessageState.DEFERRED else None
            outcome = Outcome(letter, state, clock.now(), reason, Reply(250, "words"), 10, again)
            if state is MessageState.SENT:
                mark_sent(writes, self.taken, outcome)
        if state is not MessageState.SENT:
            mark(self.taken, outcome)

    def dies(self) -> None:
        letter = self._next()
        if letter is not None and self.taken is not None:
            with BareWrites(db.engine) as writes:
                mark_sent(writes, self.taken, None, letter)
        self.end()

    def end(self) -> None:
        if self.taken is not None:
            give_back(self.taken)
        self.taken, self.left = None, []

    def act(self, action: Callable[[int], object]) -> None:
        try:
            with unit_of_work("act", actor="test"):
                action(self.batch.id)
        except BatchRefused:
            pass

    def post(self, batch_id: int) -> None:
        actions.post(batch_id, [a_draft(next(_numbers))])

    def decide(self, decision: Decision) -> None:
        held = sa.select(OutgoingMessage.id).where(
            OutgoingMessage.batch_id == self.batch.id, OutgoingMessage.state == MessageState.HELD
        )
        found = db.session.scalar(held.limit(1))
        if found is not None:
            self.act(lambda _batch: actions.resolve_held(found, decision))

    def comes_back(self) -> None:
        sent = sa.select(OutgoingMessage.id).where(
            OutgoingMessage.batch_id == self.batch.id, OutgoingMessage.state == MessageState.SENT
        )
        found = db.session.scalar(sent.order_by(OutgoingMessage.reason.is_not(None)).limit(1))
        if found is not None:
            self.act(lambda _batch: note_bounce(found, Reported(BounceKind.HARD, "5.1.1"), "test"))


_STEPS: dict[str, Callable[[_Sending], None]] = {
    "sent": lambda sending: sending.ends_as(MessageState.SENT, None),
    "failed": lambda sending: sending.ends_as(MessageState.FAILED, Reason.RECIPIENT_REFUSED),
    "put off": lambda sending: sending.ends_as(MessageState.DEFERRED, Reason.SERVER_BUSY),
    "no answer": lambda sending: sending.ends_as(MessageState.HELD, Reason.NO_ANSWER),
    "dies": _Sending.dies,
    "ends": _Sending.end,
    "post": lambda sending: sending.act(sending.post),
    "pause": lambda sending: sending.act(actions.pause),
    "resume": lambda sending: sending.act(actions.resume),
    "cancel": lambda sending: sending.act(actions.cancel),
    "comes back": _Sending.comes_back,
    "arrived": lambda sending: sending.decide(Decision.ARRIVED),
    "send again": lambda sending: sending.decide(Decision.SEND_AGAIN),
    "give up": lambda sending: sending.decide(Decision.GIVE_UP),
}


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(_STEPS)), min_size=6, max_size=14))
def test_counts_are_those_of_the_letters_whatever_happens(app: Flask, steps: list[str]) -> None:
    sending = _Sending()
    for step in steps:
        _STEPS[step](sending)
        kept = _kept(sending.batch)
        true = true_counts(sending.batch.id)
        assert {name: getattr(kept, name) for name in true} == true, step
        states = Counter(letter.state for letter in letters(sending.batch))
        assert (kept.posted, kept.failed, kept.cancelled) == (
            states.total(),
            states[MessageState.FAILED],
            states[MessageState.CANCELLED],
        )
    sending.end()
    sending.act(actions.cancel)
    assert _kept(sending.batch).sent == [each.state for each in letters(sending.batch)].count(MessageState.SENT)
    with unit_of_work("recount", actor="test"):
        assert recount() == []


def test_wrong_counts_are_found_and_written_anew(app: Flask) -> None:
    batch = make_batch(3)
    with unit_of_work("break", actor="test"):
        db.session.execute(sa.update(Batch).values(posted=9, failures={"bad_address": 1}))
    with unit_of_work("recount", actor="test"):
        assert recount() == [batch.id]
    assert (_kept(batch).posted, _kept(batch).failures) == (3, {})


def test_a_batch_whose_letters_come_back_pauses_itself(server: SmtpServer, send: Send) -> None:
    def put_off(recipient: str) -> str | None:
        number = int(recipient.partition("@")[0].removeprefix("member"))
        return "450 4.2.0 greylisted" if number > 25 else None

    server.behaviour.rcpt = put_off
    batch = make_batch(30)
    send()
    sent = [letter.id for letter in letters(batch) if letter.state is MessageState.SENT]
    report = Reported(BounceKind.HARD, "5.1.1", 550, "5.1.1 no such user")

    def come_back(ids: list[int]) -> None:
        for number in ids:
            with unit_of_work("note", actor="test"):
                note_bounce(number, report, "test")
                note_bounce(number, report, "test")  # what is told twice counts once

    come_back(sent[:9])
    assert (_kept(batch).state, _kept(batch).recent) == (BatchState.RUNNING, FAILED * 9 + SENT * 16)
    come_back(sent[20:21])
    kept = _kept(batch)
    assert (kept.state, kept.paused_for) == (BatchState.PAUSED, PauseReason.ERRORS)
    assert kept.paused_with == {"failed": 10, "of": 25, "words": "550 5.1.1 no such user", "times": 10}
    assert (kept.sent, kept.failed, kept.recent) == (25, 0, FAILED * 9 + SENT * 11 + FAILED + SENT * 4)
    with unit_of_work("resume", actor="test"):
        actions.resume(batch.id)
    come_back(sent[9:20])
    assert (_kept(batch).state, _kept(batch).recent) == (BatchState.RUNNING, ""), "they left before somebody looked"
    with unit_of_work("recount", actor="test"):
        assert recount() == []


def test_a_batch_that_has_ended_is_not_paused(server: SmtpServer, send: Send) -> None:
    batch = make_batch(12)
    send()
    for letter in letters(batch):
        with unit_of_work("note", actor="test"):
            note_bounce(letter.id, Reported(BounceKind.SOFT, "5.2.2"), "test")
    assert (_kept(batch).state, _kept(batch).sent) == (BatchState.RUNNING, 12)
