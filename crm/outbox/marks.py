"""The marks: one statement writes that a letter was sent and that the next one leaves, hand over hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from crm import clock
from crm.bare_writes import BareWrites
from crm.extensions import db
from crm.outbox.leases import LEASES, MESSAGES, RECEIPTS, Claim, LeaseLost, pause_for
from crm.outbox.models import Batch, BatchState, MessageState, PauseReason, sources_of
from crm.outbox.outcomes import Outcome
from crm.outbox.reasons import Reason
from crm.outbox.results import Result, announce
from crm.outbox.tallies import add, lock, note_failure
from crm.unit_of_work import unit_of_work

_MINE = LEASES.c.token == sa.bindparam("token", type_=sa.String)
# Written once only, also where the answer was lost and the same is written again.
_LEFT = LEASES.c.leaving_id == sa.bindparam("letter", type_=sa.BigInteger)
# A pause or a cancel stops the very next letter.
_RUNNING = (
    sa.select(Batch.id)
    .where(Batch.id == LEASES.c.batch_id, Batch.state == BatchState.RUNNING)
    .correlate(LEASES)
    .exists()
)
_STEP = (
    sa.update(LEASES)
    .where(_MINE)
    .values(
        sent=LEASES.c.sent + sa.case((_LEFT, 1), else_=0),
        leaving_id=sa.case((_RUNNING, sa.bindparam("next", type_=sa.BigInteger))),
        leaving_since=sa.bindparam("since", type_=LEASES.c.leaving_since.type),
    )
    .returning(LEASES.c.leaving_id)
)


def _receipt(*conditions: sa.ColumnElement[bool]) -> sa.Insert:
    """The receipt of the letter that the lease names before the step."""
    given: dict[str, sa.ColumnElement[Any]] = {
        "id": sa.bindparam("letter", type_=sa.BigInteger),
        "reply_code": sa.bindparam("code", type_=sa.SmallInteger),
        "reply_text": sa.bindparam("words", type_=sa.String),
        "size": sa.bindparam("bytes", type_=sa.Integer),
        "at": sa.bindparam("at", type_=RECEIPTS.c.at.type),
        "handed_over_at": LEASES.c.leaving_since,
    }
    return sa.insert(RECEIPTS).from_select([*given], sa.select(*list(given.values())).where(_MINE, _LEFT, *conditions))


_RECEIPT = _receipt()
# The same two in one statement; a part of it sees what was there before the other.
_TAKEN = _STEP.cte("step")
_BOTH = sa.select(_TAKEN.c.leaving_id).add_cte(_receipt(sa.exists(sa.select(_TAKEN.c.leaving_id))).cte("receipt"))


def _step(writes: BareWrites, step: dict[str, Any], receipt: dict[str, Any]) -> Sequence[Sequence[Any]]:
    """What the lease names now as leaving, in a row; no row where the lease is gone, and nothing is written then."""
    if not receipt:
        return writes.execute(_STEP, step)
    if writes.one_statement_writes:
        return writes.execute(_BOTH, step | receipt)
    return writes.execute_both(_RECEIPT, _STEP, step | receipt)


def _answer(sent: Outcome) -> dict[str, Any]:
    code, words = (sent.reply.code, sent.reply.words) if sent.reply else (None, None)
    return {"code": code, "words": words, "bytes": sent.size, "at": sent.at}


def mark_sent(writes: BareWrites, claim: Claim, sent: Outcome | None, next_letter: Any = None) -> bool:
    """Write that a letter was sent and, in the same transaction, that `next_letter` leaves now.

    False: the next letter must not leave (its batch was paused or cancelled, or the lease is gone). Raises LeaseLost
    where somebody else has decided about the sent one.
    """
    step = {
        "token": claim.token,
        "letter": sent.letter.id if sent else None,
        "next": next_letter.id if next_letter else None,
        "since": clock.now() if next_letter else None,
    }
    found = _step(writes, step, _answer(sent) if sent else {})
    if not found:
        # We were taken for dead, or the database crashed: the letter's own row is to say what we know.
        if sent:
            mark(claim, sent)
        return False
    return next_letter is None or found[0][0] == next_letter.id


def _finish(claim: Claim, outcome: Outcome, state: MessageState, reason: Reason | None) -> int:
    left_at = (
        sa.select(LEASES.c.leaving_since)
        .where(LEASES.c.token == claim.token, LEASES.c.leaving_id == outcome.letter.id)
        .scalar_subquery()
    )
    again = outcome.next_attempt_at if state is MessageState.DEFERRED else None
    finished = db.session.connection().execute(
        sa.update(MESSAGES)
        .where(
            MESSAGES.c.id == outcome.letter.id,
            MESSAGES.c.lease_token == claim.token,
            # Held ones too: the sweep took us for dead, and nobody has decided yet; we know what happened.
            MESSAGES.c.state.in_(sources_of(state)),
        )
        .values(
            state=state,
            reason=reason,
            reply_code=outcome.reply.code if outcome.reply else None,
            reply_text=outcome.reply.words if outcome.reply else None,
            size=outcome.size,
            attempts=MESSAGES.c.attempts + 1,
            next_attempt_at=again,
            first_deferred_at=outcome.first_deferred_at,
            handed_over_at=sa.func.coalesce(left_at, MESSAGES.c.handed_over_at),
            finished_at=None if again else outcome.at,
            lease_token=None,
        )
    )
    return finished.rowcount


def mark(claim: Claim, outcome: Outcome) -> bool:
    """Write how a letter ended in its own row and tell of it; False where the next one must not leave.

    For whatever was not simply sent. Where too many fail, this is what pauses the batch. Raises LeaseLost where
    somebody else has decided about the letter.
    """
    with unit_of_work("mark letter", actor=claim.actor, durable=False):
        # The batch before its letters, as everybody locks them.
        batch = lock(claim.batch_id)
        state, reason = outcome.state, outcome.reason
        if state is MessageState.DEFERRED and batch is BatchState.CANCELLED:
            state, reason = MessageState.CANCELLED, Reason.BATCH_CANCELLED
        if _finish(claim, outcome, state, reason) != 1:
            raise LeaseLost(claim.token)
        add(claim.batch_id, sent=int(state is MessageState.SENT), cancelled=int(state is MessageState.CANCELLED))
        if state is MessageState.FAILED and (errors := note_failure(claim.batch_id, reason)):
            pause_for(claim.batch_id, PauseReason.ERRORS, errors)
            batch = BatchState.PAUSED
        letter = outcome.letter
        words = str(outcome.reply or "")
        announce([Result(letter.id, claim.batch_id, claim.batch_kind, letter.reference, state, outcome.at, words)])
        return batch is BatchState.RUNNING
