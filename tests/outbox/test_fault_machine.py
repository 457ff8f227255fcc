"""Whatever a mail server answers, in whatever order with whatever people do: each letter ends as it should.

The server's own mind about each letter is the model; Hypothesis looks for the story in which ours and its differ.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field

import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from crm import clock
from crm.extensions import db
from crm.job_queue import MAIL
from crm.outbox import actions
from crm.outbox.actions import BatchRefused, Decision
from crm.outbox.holder import this_process
from crm.outbox.models import MessageState, OutgoingMessage, SuppressionReason
from crm.outbox.reasons import Reason
from crm.outbox.sender import Sender
from crm.outbox.tallies import recount
from crm.unit_of_work import unit_of_work
from tests.factories.outbox import a_draft, make_batch
from tests.outbox.conftest import outage
from tests.servers.smtp import DROP, SmtpServer

_STAGES = ("rcpt", "data", "content", "end")
_REFUSALS = ("451 4.3.0 later", "550 5.1.1 never", "421 4.3.2 closing")
_MINDS: st.SearchStrategy[tuple[str, list[str]]] = st.tuples(
    st.sampled_from((*_STAGES, "end")), st.lists(st.sampled_from((DROP, DROP, *_REFUSALS)), min_size=1, max_size=2)
) | st.just(("end", []))
_FINAL = {MessageState.SENT, MessageState.FAILED, MessageState.HELD, MessageState.CANCELLED}
_numbers = itertools.count(1)
_reach: Counter[str] = Counter()


@dataclass
class Mind:
    """What the server does with one recipient's letters: one answer after the other at one stage, then yes."""

    stage: str
    left: list[str]
    given: list[str] = field(default_factory=list)
    sent_again: int = 0
    received_when_suppressed: int | None = None

    def answer(self, stage: str) -> str | None:
        if stage != self.stage or not self.left:
            return None
        # In the midst of a letter nothing can be said; only the line can break.
        said = DROP if stage == "content" else self.left[0]
        self.given.append(said)
        del self.left[0]
        return said


class Story(RuleBasedStateMachine):
    """Letters, a server with a mind about each, people who decide, and time."""

    server: SmtpServer

    def __init__(self) -> None:
        super().__init__()
        self.minds: dict[str, Mind] = {}
        for stage in _STAGES:
            setattr(self.server.behaviour, stage, lambda address, stage=stage: self.minds[address].answer(stage))
        self.server.received.clear()
        self._new_batch()
        self._let_time_go_by()

    def _new_batch(self) -> None:
        self.batch = make_batch(reference=f"mailing:{next(_numbers)}")

    def _letters(self) -> list[OutgoingMessage]:
        db.session.rollback()
        db.session.expire_all()
        ours = sa.select(OutgoingMessage).where(OutgoingMessage.to_address.in_(list(self.minds)))
        return list(db.session.scalars(ours.order_by(OutgoingMessage.id)))

    def _received(self, address: str) -> int:
        return sum(letter.recipient == address for letter in self.server.received)

    def _let_time_go_by(self) -> None:
        with unit_of_work("let time go by", actor="test"):
            waiting = OutgoingMessage.next_attempt_at.is_not(None)
            db.session.execute(sa.update(OutgoingMessage).where(waiting).values(next_attempt_at=clock.now()))
            db.session.execute(sa.text("DELETE FROM outbox_outage"))

    def _act(self, action: object) -> None:
        try:
            with unit_of_work("act", actor="test"):
                action(self.batch.id)  # type: ignore[operator]
        except BatchRefused:
            pass

    @initialize(minds=st.lists(_MINDS, min_size=4, max_size=6))
    def begin(self, minds: list[tuple[str, list[str]]]) -> None:
        self.write(minds)

    @rule(minds=st.lists(_MINDS, min_size=1, max_size=3))
    def write(self, minds: list[tuple[str, list[str]]]) -> None:
        drafts = []
        for stage, answers in minds:
            draft = a_draft(next(_numbers))
            self.minds[draft.to_address] = Mind(stage, list(answers))
            drafts.append(draft)
        self._act(lambda batch_id: actions.post(batch_id, drafts))

    @rule(after_a_day=st.booleans())
    def take_a_turn(self, after_a_day: bool) -> None:
        if after_a_day:
            self._let_time_go_by()
        healthy = {address for address, mind in self.minds.items() if not mind.left}
        due = {
            letter.to_address
            for letter in self._letters()
            if letter.next_attempt_at is not None and letter.next_attempt_at <= clock.now()
        }
        Sender(this_process(MAIL)).run(30)
        if outage() is None and db.session.get(type(self.batch), self.batch.id).state == "running":  # type: ignore[union-attr]
            waits = {letter.to_address for letter in self._letters() if letter.state not in _FINAL}
            assert not waits & healthy & due, "a letter was held up by another one's trouble"
            _reach["turns without an outage"] += 1

    @rule()
    def take_turns(self) -> None:
        for _turn in range(2):
            self.take_a_turn(after_a_day=True)

    @rule(action=st.sampled_from([actions.pause, actions.resume]))
    def stop_or_go_on(self, action: object) -> None:
        self._act(action)

    @rule(really=st.integers(0, 3))
    def cancel(self, really: int) -> None:
        if really == 0:
            self._act(actions.cancel)
            self._new_batch()

    @rule(which=st.integers(0, 50))
    def unsubscribe(self, which: int) -> None:
        if self.minds:
            address = sorted(self.minds)[which % len(self.minds)]
            with unit_of_work("suppress", actor="test"):
                actions.suppress(address, SuppressionReason.UNSUBSCRIBED)
            mind = self.minds[address]
            if mind.received_when_suppressed is None:
                mind.received_when_suppressed = self._received(address)

    @rule(decision=st.sampled_from(Decision))
    def decide(self, decision: Decision) -> None:
        held = next((letter for letter in self._letters() if letter.state is MessageState.HELD), None)
        if held is None:
            return
        before = held.id, held.to_address
        try:
            with unit_of_work("decide", actor="test"):
                actions.resolve_held(before[0], decision)
        except BatchRefused:
            return
        _reach["decisions"] += 1
        self.minds[before[1]].sent_again += decision is Decision.SEND_AGAIN

    @invariant()
    def every_letter_is_as_the_server_knows_it(self) -> None:
        for letter in self._letters():
            mind, received = self.minds[letter.to_address], self._received(letter.to_address)
            assert letter.state is not MessageState.CLAIMED, "nobody sends at this moment"
            assert received <= 1 + mind.sent_again, "sent twice, and nobody asked for it"
            if mind.received_when_suppressed is not None:
                assert received == mind.received_when_suppressed, "sent to who wants no letters"
            if letter.state is MessageState.SENT and letter.reason is None:
                assert received, "called sent, and never received"
            if letter.state is MessageState.HELD:
                # A letter this small has left as a whole also where the line breaks in its midst.
                assert (letter.reason, mind.given[-1]) == (Reason.NO_ANSWER, DROP)
                assert mind.stage in ("content", "end")
                assert received == (1 + mind.sent_again if mind.stage == "end" else 0)
                _reach["held, and it had arrived"] += received
            if letter.state is MessageState.FAILED and letter.reason is not Reason.SAID_GIVE_UP:
                assert f"{letter.reply_code} {letter.reply_text}" == mind.given[-1] == _REFUSALS[1]
            if letter.state is MessageState.DEFERRED:
                words = f"{letter.reply_code or ''} {letter.reply_text}"
                assert mind.given[-1] in (DROP, _REFUSALS[2]) or words == mind.given[-1]
            if received and not mind.sent_again:
                gave_up = letter.reason in (Reason.SAID_GIVE_UP, Reason.BATCH_CANCELLED)
                assert letter.state in (MessageState.SENT, MessageState.HELD) or gave_up, "the ledger forgets a letter"

    def teardown(self) -> None:
        """Without any more trouble, every letter ends."""
        for mind in self.minds.values():
            mind.left.clear()
        self._act(actions.resume)
        for _turn in range(3):
            self._let_time_go_by()
            Sender(this_process(MAIL)).run(30)
        self.every_letter_is_as_the_server_knows_it()
        for letter in self._letters():
            assert letter.state in _FINAL, "it never ends"
            _reach[letter.state] += 1
        with unit_of_work("recount", actor="test"):
            assert recount() == []


def test_no_story_loses_doubles_or_belies_a_letter(app: Flask, server: SmtpServer) -> None:
    _reach.clear()
    Story.server = server
    run_state_machine_as_test(
        Story,
        # A story found false is told as it was found: to make it shorter would take longer than the whole suite.
        settings=settings(
            max_examples=15,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert all(_reach[state] for state in _FINAL), _reach
    assert _reach["turns without an outage"] > 10, _reach
    assert _reach["held, and it had arrived"], _reach
    assert _reach["decisions"], _reach
