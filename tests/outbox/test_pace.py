"""Two senders together keep the pace, reach it, and let letters to others pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from crm import clock
from crm.extensions import db
from crm.job_queue import MAIL
from crm.outbox import actions, connecting, leases
from crm.outbox.holder import Holder, this_process
from crm.outbox.jobs import keep_paces
from crm.outbox.lease_ends import give_back
from crm.outbox.leases import Claim
from crm.outbox.marks import mark
from crm.outbox.models import Batch, BatchState, MessageState, Pace, PauseReason, Priority
from crm.outbox.outcomes import Outcome
from crm.outbox.pace import domain_of
from crm.outbox.reasons import Reason
from crm.outbox.turns import Queue, turns_of
from crm.outbox.waiting import put_off, set_pace
from crm.unit_of_work import unit_of_work
from tests.factories.outbox import a_draft, letters

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)  # a Monday
SECOND = timedelta(seconds=1)
NOTHING = Claim("", 0, "", "", ())
SetUp = Callable[..., None]
# When a letter left, from which batch, to whom.
Left = list[tuple[float, int, str]]


@pytest.fixture
def with_settings(app: Flask, monkeypatch: pytest.MonkeyPatch) -> SetUp:
    """Settings for this test."""

    def change(**values: Any) -> None:
        now = app.extensions["settings"]
        monkeypatch.setitem(app.extensions, "settings", now.model_copy(update=values))

    return change


def fill(drafts: list[Any], *, reference: str = "mailing:1", per_minute: int | None = None, **kind: Any) -> Batch:
    """A released batch with these letters."""
    with clock.pretend(START), unit_of_work("fill batch", actor="test"):
        batch = actions.open_batch("mailing", reference, **kind)
        batch.per_minute = per_minute
        db.session.flush()
        actions.post(batch.id, drafts)
        actions.release(batch.id)
    return batch


class Post:
    """Two workers by turns, without a mail server: what each claim takes is sent."""

    def __init__(self) -> None:
        me = this_process(MAIL)
        self.holders = [me, replace(me, worker="mail@other")]
        self.left: Left = []
        self.claims = 0

    def work(self, moment: datetime, limit: int = 20) -> None:
        """Send what may leave at that moment."""
        with clock.pretend(moment):
            while leases.anything_due():
                taken = leases.claim(self.holders[self.claims % 2], limit)
                self.claims += 1
                assert taken is not None  # what is due can be claimed: nobody is rung for nothing
                for letter in taken.letters:
                    mark(taken, Outcome(letter, MessageState.SENT, moment))
                    self.left.append(((moment - START).total_seconds(), taken.batch_id, letter.to_address))
                give_back(taken)

    def until(self, seconds: int, step: float = 1.0) -> None:
        for number in range(int(seconds / step) + 1):
            self.work(START + timedelta(seconds=number * step))

    def to(self, domain: str) -> list[float]:
        return [at for at, _batch, address in self.left if domain_of(address) == domain]


def most_in(moments: list[float], seconds: float) -> int:
    """The most letters that left in any stretch of so many seconds."""
    return max(sum(first <= at < first + seconds for at in moments) for first in moments)


def test_a_domain_keeps_its_pace_and_others_pass(with_settings: SetUp) -> None:
    with_settings(mail_domain_per_minute=60)
    crowd = [a_draft(number, to_address=f"m{number}@Parliament.example") for number in range(50)]
    others = [a_draft(100 + number, to_address=f"m{number}@{number}.example") for number in range(30)]
    batch = fill(crowd + others)
    fill([a_draft(number) for number in range(20)], reference="standing", priority=Priority.TRANSACTIONAL)
    post = Post()
    post.work(START)
    assert len(post.left) == 20 + 7 + 30  # all passwords, six seconds' worth and one, and everybody else
    waiting = [letter for letter in letters(batch) if letter.state is MessageState.QUEUED]
    assert {letter.reason for letter in waiting} == {Reason.WAITS_ITS_TURN}
    assert len({letter.next_attempt_at for letter in waiting}) == len(waiting)
    post.until(50)
    moments = [at for at, number, address in post.left if number == batch.id and "@Parl" in address]
    assert len(moments) == 50
    assert most_in(moments, 30) <= 30 + 7
    assert moments[-1] <= 50 - 7 + 3
    assert post.claims < 100


def test_a_batch_and_the_whole_installation_keep_their_paces(with_settings: SetUp) -> None:
    slow = fill([a_draft(number) for number in range(20)], per_minute=30)
    fast = fill([a_draft(number) for number in range(40)], reference="mailing:2")
    post = Post()
    post.until(30)
    moments = [at for at, number, _address in post.left if number == slow.id]
    assert len(moments) == 4 + 15
    assert most_in(moments, 10) <= 4 + 5
    assert [at for at, number, _address in post.left if number == fast.id] == [0.0] * 40
    assert post.claims < 25
    with clock.pretend(START + 30 * SECOND), unit_of_work("hurry", actor="test"):
        set_pace(slow.id, None)
    post.work(START + 31 * SECOND)
    assert len(post.left) == 60

    with_settings(mail_per_minute=60)
    fill([a_draft(number) for number in range(60)], reference="mailing:3", priority=Priority.PERSONAL)
    fill([a_draft(number) for number in range(20)], reference="standing", priority=Priority.TRANSACTIONAL)
    post = Post()
    post.until(40)
    moments = [at for at, _number, _address in post.left]
    assert moments[:20] == [0.0] * 20
    # What could not wait is made up for by the others.
    assert 40 <= len(moments) <= 20 + 40
    assert most_in(moments[20:], 30) <= 30 + 7


def test_very_many_to_one_domain_are_spread_and_it_is_known_how_long_that_takes(with_settings: SetUp) -> None:
    with_settings(mail_domain_per_minute=60, letters_alike_limit=20)
    crowd = [a_draft(number, to_address=f"m{number}@parliament.example") for number in range(60)]
    others = [a_draft(60 + number, to_address=f"m{number}@else.example") for number in range(20)]
    batch = fill(crowd + others)
    with clock.pretend(START):
        before = turns_of(batch.id, 80, None, office_zone=None, sending=False)
    assert before.queues == [Queue("parliament.example", 60, per_hour=20)]
    assert before.lasts == timedelta(hours=3)
    post = Post()
    for minute in range(60):
        post.work(START + timedelta(minutes=minute))
    assert len(post.to("else.example")) == 20
    assert 20 <= len(post.to("parliament.example")) <= 21
    assert post.claims < 60
    now = START + timedelta(hours=1)
    with clock.pretend(now):
        turns = turns_of(batch.id, 80 - len(post.left), 10, office_zone="Europe/Brussels", sending=True)
    assert turns.queues == [Queue("parliament.example", 60 - len(post.to("parliament.example")), per_hour=20)]
    assert turns.end is not None
    assert timedelta(hours=1, minutes=50) < turns.end - now <= timedelta(hours=2)
    # Its letters were very many: another batch to the same domain is not held back by that.
    fill([a_draft(1, to_address="x@parliament.example")], reference="mailing:2")
    post.work(now)
    assert post.left[-1][2] == "x@parliament.example"


FRIDAY = datetime(2026, 3, 6, 15, 59, tzinfo=UTC)  # a minute before offices close in Brussels
MONDAY = datetime(2026, 3, 9, 8, tzinfo=UTC)  # when they open again


def test_office_hours_hold_for_what_was_put_off_and_a_machine_that_was_off_is_late(with_settings: SetUp) -> None:
    with_settings(mail_domain_per_minute=6)
    batch = fill([a_draft(number) for number in range(10)])
    with clock.pretend(START), unit_of_work("put off", actor="test"):
        put_off(batch.id, FRIDAY, late_after=timedelta(hours=12), office_zone="Europe/Brussels")
    post = Post()
    for seconds in range(0, 200, 5):
        post.work(FRIDAY + seconds * SECOND)
    left = len(post.left)
    assert 6 <= left <= 7
    sent, *_ = found = letters(batch)
    with unit_of_work("it is held after all", actor="test"):
        sent = db.session.merge(sent)
        sent.state, sent.late_after = MessageState.HELD, FRIDAY
    with clock.pretend(FRIDAY + timedelta(hours=1)):
        with unit_of_work("send again", actor="test"):
            actions.resolve_held(sent.id, actions.Decision.SEND_AGAIN)
        assert leases.claim(this_process(MAIL), 20) is not None
        assert not leases.anything_due()
        turns = turns_of(batch.id, 11 - left, None, office_zone="Europe/Brussels", sending=True)
    assert turns.opens is not None
    assert (turns.closed, MONDAY < turns.opens < MONDAY + timedelta(minutes=5)) == (10 - left, True)
    found = [letter for letter in letters(batch) if letter.state is MessageState.QUEUED]
    assert [letter.reason for letter in found].count(Reason.OFFICE_CLOSED) == 10 - left
    turns_given = {letter.next_attempt_at for letter in found}
    assert len(turns_given) == 11 - left
    assert all(turn and MONDAY <= turn <= MONDAY + timedelta(minutes=5) for turn in turns_given)
    late = [letter.late_after for letter in found if letter.late_after]
    assert all(MONDAY + timedelta(hours=11) < each < MONDAY + timedelta(hours=13) for each in late)
    with clock.pretend(MONDAY + timedelta(hours=14)):
        while leases.anything_due():
            leases.claim(this_process(MAIL), 20)
        db.session.rollback()
        found_batch = db.session.get_one(Batch, batch.id)
        assert (found_batch.state, found_batch.paused_for) == (BatchState.PAUSED, PauseReason.LATE)
        with unit_of_work("resume", actor="test"):
            actions.resume(batch.id)
    for minutes in range(10):
        post.work(MONDAY + timedelta(days=1, minutes=minutes))
    assert len(post.left) == 11


def test_a_slow_pace_is_no_lateness_and_a_wrong_clock_gives_no_turns(with_settings: SetUp) -> None:
    batch = fill([a_draft(number) for number in range(4)], per_minute=1)
    with clock.pretend(START), unit_of_work("schedule", actor="test"):
        put_off(batch.id, START, late_after=timedelta(hours=12))
    post = Post()

    def work(hours: float) -> PauseReason | None:
        with clock.pretend(START + timedelta(hours=hours)):
            leases.claim(post.holders[0], 1)
        db.session.rollback()
        return db.session.get_one(Batch, batch.id).paused_for

    assert work(0) is None
    with clock.pretend(START + timedelta(hours=11.5)):
        keep_paces()
    assert work(13) is None
    assert work(20) is PauseReason.LATE

    with_settings(mail_domain_per_minute=1)
    batch = fill([a_draft(number) for number in range(3)], reference="mailing:2")
    with clock.pretend(START + timedelta(days=3)):
        assert len((leases.claim(post.holders[0], 3) or NOTHING).letters) == 1
        keep_paces()
    with clock.pretend(START):
        assert not leases.anything_due()
        keep_paces()
        assert len((leases.claim(post.holders[0], 3) or NOTHING).letters) == 1
    with clock.pretend(START + timedelta(minutes=2)):
        assert leases.anything_due()
    with clock.pretend(START + timedelta(days=9)):
        keep_paces()
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Pace)) == 0


def test_so_many_are_connected_and_no_more(app: Flask, dead: Holder) -> None:
    me = this_process(MAIL)
    elsewhere = [replace(me, host=name, worker=f"mail@{name}") for name in ("one", "two", "three")]
    assert connecting.may_connect(dead, 3)
    assert [connecting.may_connect(each, 2) for each in [me, me, *elsewhere]] == [True, True, True, False, False]
    connecting.leave(me)
    assert connecting.may_connect(elsewhere[1], 2)
    with clock.pretend(clock.now() + timedelta(minutes=1)):
        connecting.stay_connected(elsewhere[1])
    with clock.pretend(clock.now() + timedelta(minutes=2, seconds=30)):
        assert connecting.may_connect(me, 2)
        assert not connecting.may_connect(elsewhere[2], 2)
