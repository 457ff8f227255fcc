"""Claims never overlap, a lost lease stops its holder, and the dead are relieved of what they held."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from crm import clock
from crm.bare_writes import BareWrites
from crm.extensions import db
from crm.job_queue import MAIL, get_queue
from crm.outbox import actions, leases
from crm.outbox.holder import Holder, process_start, this_process
from crm.outbox.lease_ends import end_lease, give_back
from crm.outbox.leases import Claim, LeaseLost, claim, renew
from crm.outbox.marks import mark, mark_sent
from crm.outbox.models import Batch, Lease, MessageState, OutageReason, OutgoingMessage, Receipt
from crm.outbox.outages import must_wait, note_trouble
from crm.outbox.outcomes import Outcome, Reply, ServerTrouble
from crm.outbox.reasons import Reason
from crm.outbox.results import Result
from crm.outbox.sweep import sweep
from crm.unit_of_work import unit_of_work
from tests.factories.outbox import letters, make_batch
from tests.outbox.conftest import Send
from tests.servers.smtp import SmtpServer

SENT, CLAIMED = MessageState.SENT, MessageState.CLAIMED
LEAVING = "leaving"
HELD, QUEUED, CANCELLED = MessageState.HELD, MessageState.QUEUED, MessageState.CANCELLED


def states(batch: Batch) -> list[MessageState]:
    return [letter.state for letter in letters(batch)]


@pytest.fixture
def me() -> Holder:
    return this_process(MAIL)


def taken_by(holder: Holder, limit: int = 10) -> Claim:
    found = claim(holder, limit)
    assert found is not None
    return found


def in_the_air(holder: Holder) -> Claim:
    """A claim of three letters whose second has been handed over, the first sent."""
    taken = taken_by(holder, 3)
    first = Outcome(taken.letters[0], SENT, clock.now(), None, Reply(250, "ok"), 100)
    with BareWrites(db.engine) as writes:
        assert mark_sent(writes, taken, None, taken.letters[0])
        assert mark_sent(writes, taken, first, taken.letters[1])
    return taken


def known_of(batch: Batch) -> list[str]:
    """The state of each letter with what the marks say of those in flight."""
    found = letters(batch)
    receipts = set(db.session.scalars(sa.select(Receipt.id)))
    leaving = set(db.session.scalars(sa.select(Lease.leaving_id)))
    assert all(letter.state is CLAIMED for letter in found if letter.id in receipts | leaving)
    return [SENT if each.id in receipts else LEAVING if each.id in leaving else each.state for each in found]


def test_two_claimants_never_get_the_same_letter(app: Flask, me: Holder) -> None:
    make_batch(10)
    first, second = taken_by(me, 6), taken_by(me, 6)
    assert claim(me, 6) is None
    numbers = [letter.reference for taken in (first, second) for letter in taken.letters]
    assert numbers == [f"letter:{number}" for number in range(1, 11)]
    assert first.token != second.token


def test_only_letters_of_running_batches_are_claimed(app: Flask, me: Holder) -> None:
    make_batch(1, released=False)
    paused = make_batch(1, reference="mailing:2")
    with unit_of_work("pause", actor="test"):
        actions.pause(paused.id)
    assert claim(me, 10) is None
    assert not leases.anything_due()
    with unit_of_work("resume", actor="test"):
        actions.resume(paused.id)
    assert leases.anything_due()
    assert taken_by(me).batch_id == paused.id


def test_what_was_not_touched_is_given_back(app: Flask, me: Holder) -> None:
    batch = make_batch(3)
    taken = taken_by(me)
    assert states(batch) == [CLAIMED] * 3
    give_back(taken)
    assert states(batch) == [QUEUED] * 3
    assert db.session.scalars(sa.select(Lease)).all() == []
    with pytest.raises(LeaseLost):
        renew(taken)


def test_what_is_given_back_to_a_cancelled_batch_is_cancelled(app: Flask, me: Holder, heard: list[Result]) -> None:
    batch = make_batch(2)
    taken = taken_by(me, 1)
    with unit_of_work("cancel", actor="test"):
        assert actions.cancel(batch.id) == 1
    give_back(taken)
    assert states(batch) == [CANCELLED, CANCELLED]
    assert sorted(result.reference for result in heard) == ["letter:1", "letter:2"]


def test_marks_need_the_lease(app: Flask, me: Holder) -> None:
    batch = make_batch(1)
    taken = taken_by(me)
    stranger = replace(taken, token="0" * 32)
    with BareWrites(db.engine) as writes:
        assert not mark_sent(writes, stranger, None, taken.letters[0])
        with pytest.raises(LeaseLost):
            mark_sent(writes, stranger, Outcome(taken.letters[0], SENT, clock.now()))
    with pytest.raises(LeaseLost):
        mark(stranger, Outcome(taken.letters[0], MessageState.FAILED, clock.now()))
    assert states(batch) == [CLAIMED]


def test_a_mark_whose_answer_was_lost_is_written_again_and_counts_once(app: Flask, me: Holder) -> None:
    batch = make_batch(3)
    taken = in_the_air(me)
    with BareWrites(db.engine) as writes:
        first = Outcome(taken.letters[0], SENT, clock.now(), None, Reply(250, "ok"), 100)
        assert mark_sent(writes, taken, first, taken.letters[1])
    assert known_of(batch) == [SENT, LEAVING, CLAIMED]
    assert db.session.scalar(sa.select(Lease.sent)) == 1


def test_the_living_are_left_alone(app: Flask, me: Holder) -> None:
    batch = make_batch(3)
    in_the_air(me)
    assert sweep(me) == 0
    assert known_of(batch) == [SENT, LEAVING, CLAIMED]


def test_a_dead_process_frees_its_letters_and_one_is_held(
    app: Flask, me: Holder, dead: Holder, heard: list[Result]
) -> None:
    batch = make_batch(3)
    taken = in_the_air(dead)
    app.extensions["queue_connection"].flushall()
    assert heard == []
    assert sweep(me) == 1
    assert states(batch) == [SENT, HELD, QUEUED]
    assert letters(batch)[1].reason is Reason.PROCESS_DIED
    assert [(result.reference, result.state) for result in heard] == [("letter:1", SENT), ("letter:2", HELD)]
    assert heard[0].at == letters(batch)[0].finished_at, "told as of now, not of when the letter left"
    assert len(get_queue(MAIL)) == 1
    assert sweep(me) == 0
    # Should it live after all (a host that was only cut off), it alone knows how its letter ended.
    mark(taken, Outcome(taken.letters[1], SENT, clock.now(), None, Reply(250, "ok")))
    give_back(taken)
    assert states(batch) == [SENT, SENT, QUEUED]
    assert [(result.reference, result.state) for result in heard][2:] == [("letter:2", SENT)]
    assert sweep(me) == 0
    assert len(heard) == 3


def test_leases_of_the_dead_are_forgotten_in_the_end(app: Flask, me: Holder, dead: Holder) -> None:
    batch = make_batch(1)
    taken = taken_by(dead)
    mark(taken, Outcome(taken.letters[0], MessageState.FAILED, clock.now()))
    sweep(me)
    assert states(batch) == [MessageState.FAILED]
    assert db.session.scalars(sa.select(Lease)).all() != []
    with unit_of_work("let time go by", actor="test"):
        db.session.execute(sa.update(Lease).values(expires_at=clock.now() - timedelta(days=2)))
    sweep(me)
    assert db.session.scalars(sa.select(Lease)).all() == []


def test_what_a_person_decided_stands(app: Flask, me: Holder, dead: Holder) -> None:
    batch = make_batch(3)
    taken = in_the_air(dead)
    sweep(me)
    with unit_of_work("decide", actor="user:1"):
        actions.resolve_held(taken.letters[1].id, actions.Decision.GIVE_UP)
    with pytest.raises(LeaseLost):
        mark(taken, Outcome(taken.letters[1], SENT, clock.now(), None, Reply(250, "ok")))
    assert states(batch) == [SENT, MessageState.FAILED, QUEUED]


def test_a_zombie_is_dead() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert process_start(process.pid) is None
    process.wait()
    assert process_start(process.pid) is None
    assert process_start(os.getpid()) == this_process(MAIL).start


def test_another_host_has_until_its_lease_ends(app: Flask, me: Holder) -> None:
    batch = make_batch(3)
    in_the_air(replace(me, host="elsewhere", pid=1))
    assert sweep(me) == 0
    assert known_of(batch) == [SENT, LEAVING, CLAIMED]
    with unit_of_work("let time go by", actor="test"):
        db.session.execute(sa.update(Lease).values(expires_at=clock.now() - timedelta(seconds=1)))
    assert sweep(me) == 1
    assert states(batch) == [SENT, HELD, QUEUED]


def test_a_power_cut_holds_the_whole_claim(app: Flask, me: Holder) -> None:
    """After it, letters that look untouched may have been sent: the unsynced marks may be lost."""
    batch = make_batch(4)
    in_the_air(replace(me, boot="before the power cut"))
    if db.engine.dialect.name == "postgresql":
        # What the server itself does with the unlogged table when it comes up after a crash.
        with unit_of_work("crash", actor="test"):
            db.session.execute(sa.delete(Lease))
    assert sweep(me) == 2
    assert states(batch) == [SENT, HELD, HELD, QUEUED]
    assert letters(batch)[2].reason is Reason.DATABASE_CRASHED


def test_after_a_crash_nothing_is_given_back_as_untouched(app: Flask, me: Holder) -> None:
    batch = make_batch(3)
    taken = in_the_air(me)
    with unit_of_work("crash", actor="test"):
        db.session.execute(sa.delete(Lease))
    give_back(taken)
    assert known_of(batch) == [SENT, CLAIMED, CLAIMED]
    assert sweep(me) == 2
    assert states(batch) == [SENT, HELD, HELD]


def test_a_sender_that_lost_its_lease_doubles_nothing(app: Flask, server: SmtpServer, send: Send, me: Holder) -> None:
    batch = make_batch(6)
    taken_over: list[int] = []

    def take_over(address: str) -> str | None:
        if address.startswith("member3@") and not taken_over:
            elsewhere(app, relieve)
        return None

    def relieve() -> None:
        lease = db.session.scalars(sa.select(Lease)).one()
        with unit_of_work("take over", actor="test"):
            taken_over.append(end_lease(lease.batch_id, lease.token, trusted=True))

    server.behaviour.rcpt = take_over
    send()
    # The second letter was still marked handed over when it was taken over; its sender then told that it was sent.
    # The third was refused its hand-over, and left later with the rest, under another lease.
    assert taken_over == [1]
    assert states(batch) == [SENT] * 6
    assert sorted(received.recipient for received in server.received) == [
        f"member{number}@parliament.example" for number in range(1, 7)
    ]


@pytest.mark.sqlite_only
def test_a_claim_ends_in_time_however_slow_the_server(
    server: SmtpServer, send: Send, heard: list[Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.outbox.sender._LONGEST_CLAIM_SECONDS", 0)
    told: list[int] = []
    server.behaviour.rcpt = lambda _address: told.append(len(heard))
    batch = make_batch(3)
    send()
    assert states(batch) == [SENT] * 3
    # The letter before was written down as sent before the next was begun: none had been announced.
    assert told == [0, 1, 2]


def elsewhere(app: Flask, work: Callable[[], None]) -> None:
    """Do it in another session, as another process would."""
    with app.app_context():
        work()


def test_letters_in_flight_always_name_their_lease(app: Flask, me: Holder, dead: Holder) -> None:
    make_batch(3)
    in_the_air(dead)
    sweep(me)
    rows = db.session.execute(sa.select(OutgoingMessage.state, OutgoingMessage.lease_token)).all()
    assert {state for state, token in rows if token is not None} == {HELD}


def test_a_clock_gone_wrong_for_a_while_puts_nothing_off(app: Flask, me: Holder) -> None:
    batch = make_batch(3)
    wrong = clock.now() + timedelta(days=40)
    with clock.pretend(wrong):
        give_back(taken_by(me))
        note_trouble(ServerTrouble(OutageReason.UNREACHABLE, "away"), "worker:mail")
        assert must_wait()
    assert not must_wait()
    assert leases.anything_due()
    taken = taken_by(me, 3)
    assert len(taken.letters) == len(letters(batch))
    # Who is taken for dead had nothing in the air.
    with clock.pretend(wrong):
        assert sweep(replace(me, host="another")) == 0
    assert states(batch) == [QUEUED] * 3
