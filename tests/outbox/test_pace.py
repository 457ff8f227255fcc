"""Two senders together keep the pace, reach it, and let letters to others pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from crm import clock
from crm.extensions import db
from crm.job_queue import MAIL
from crm.outbox import actions, connecting, leases
from crm.outbox.holder import Holder, this_process
from crm.outbox.lease_ends import give_back
from crm.outbox.marks import mark
from crm.outbox.models import Batch, MessageState, Priority
from crm.outbox.outcomes import Outcome
from crm.outbox.pace import domain_of
from crm.outbox.reasons import Reason
from crm.outbox.waiting import set_pace
from crm.unit_of_work import unit_of_work
from tests.factories.outbox import a_draft, letters

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)  # a Monday
SECOND = timedelta(seconds=1)
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
    crowd = [a_draft(number, to_address=f"m{number}@Parliament.example") for number in range(75)]
    others = [a_draft(100 + number, to_address=f"m{number}@{number}.example") for number in range(30)]
    batch = fill(crowd + others)
    fill([a_draft(number) for number in range(20)], reference="standing", priority=Priority.TRANSACTIONAL)
    post = Post()
    post.work(START)
    assert len(post.left) == 20 + 7 + 30  # all passwords, six seconds' worth and one, and everybody else
    waiting = [letter for letter in letters(batch) if letter.state is MessageState.QUEUED]
    assert {letter.reason for letter in waiting} == {Reason.WAITS_ITS_TURN}
    assert len({letter.next_attempt_at for letter in waiting}) == len(waiting)
    post.until(80)
    moments = [at for at, number, address in post.left if number == batch.id and "@Parl" in address]
    assert len(moments) == 75
    assert most_in(moments, 60) <= 67
    assert moments[-1] <= 75 - 7 + 3
    assert post.claims < 150


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
    post.until(60)
    moments = [at for at, _number, _address in post.left]
    assert moments[:20] == [0.0] * 20
    # What could not wait is made up for by the others.
    assert 50 <= len(moments) <= 20 + 60
    assert most_in(moments[20:], 30) <= 30 + 7


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
