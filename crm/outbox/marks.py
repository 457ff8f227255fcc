"""The marks: one transaction writes how a letter ended and that the next one leaves, hand over hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crm import clock
from crm.bare_writes import BareWrites, Values
from crm.extensions import db
from crm.outbox.leases import MESSAGES, Claim, LeaseLost, pause_for
from crm.outbox.models import Batch, BatchState, MessageState, PauseReason, sources_of
from crm.outbox.outcomes import Outcome
from crm.outbox.reasons import Reason
from crm.outbox.results import Result, announce
from crm.outbox.tallies import add, lock, note_failure
from crm.unit_of_work import unit_of_work

# What a letter's turn may end as.
_ENDS = (
    MessageState.SENT,
    MessageState.DEFERRED,
    MessageState.FAILED,
    MessageState.HELD,
    MessageState.CANCELLED,
)


def _expects(target: MessageState) -> sa.ColumnElement[bool]:
    return sa.or_(*(MESSAGES.c.state == state for state in sources_of(target)))


def _mine() -> sa.ColumnElement[bool]:
    # A letter is found by its id: the index of the tokens, which this cannot use, would look at the whole claim.
    return sa.func.coalesce(MESSAGES.c.lease_token, "") == sa.bindparam("token")


def _finishing(target: MessageState) -> sa.Update:
    # Held letters too: the sweep took us for dead, and nobody has decided yet; we know what happened.
    return (
        sa.update(MESSAGES)
        .where(
            MESSAGES.c.id == sa.bindparam("letter"),
            _mine(),
            _expects(target),
        )
        .values(
            state=target,
            reason=sa.bindparam("new_reason", type_=MESSAGES.c.reason.type),
            reply_code=sa.bindparam("code", type_=sa.Integer),
            reply_text=sa.bindparam("words", type_=sa.String),
            size=sa.bindparam("bytes", type_=sa.Integer),
            attempts=MESSAGES.c.attempts + 1,
            next_attempt_at=sa.bindparam("again", type_=MESSAGES.c.next_attempt_at.type),
            first_deferred_at=sa.bindparam("first", type_=MESSAGES.c.first_deferred_at.type),
            finished_at=sa.bindparam("finished", type_=MESSAGES.c.finished_at.type),
            lease_token=sa.bindparam("kept_token", type_=sa.String),
        )
    )


_FINISH = {target: _finishing(target) for target in _ENDS}
_HAND_OVER = (
    sa.update(MESSAGES)
    .where(
        MESSAGES.c.id == sa.bindparam("next"),
        _mine(),
        _expects(MessageState.HANDED_OVER),
        # A pause or a cancel stops the very next letter.
        sa.exists().where(Batch.id == sa.bindparam("batch"), Batch.state == BatchState.RUNNING),
    )
    .values(state=MessageState.HANDED_OVER, handed_over_at=sa.bindparam("at", type_=MESSAGES.c.handed_over_at.type))
)


# The same two in one statement: the next letter leaves only if the one before it could be marked.
_SENT = _FINISH[MessageState.SENT].returning(MESSAGES.c.id).cte("sent")
_NEXT = _HAND_OVER.where(sa.exists(sa.select(_SENT.c.id))).returning(MESSAGES.c.id).cte("next")
_BOTH = sa.select(
    sa.select(sa.func.count()).select_from(_SENT).scalar_subquery(),
    sa.select(sa.func.count()).select_from(_NEXT).scalar_subquery(),
)


def _end(claim: Claim, outcome: Outcome, state: MessageState, reason: Reason | None, again: datetime | None) -> Values:
    return {
        "letter": outcome.letter.id,
        "token": claim.token,
        # A sent letter keeps it until the end of the claim, when all are told of at once.
        "kept_token": claim.token if state is MessageState.SENT else None,
        "new_reason": reason,
        "code": outcome.reply.code if outcome.reply else None,
        "words": outcome.reply.words if outcome.reply else None,
        "bytes": outcome.size,
        "again": again,
        "first": outcome.first_deferred_at,
        "finished": None if again else outcome.at,
    }


def mark_sent(writes: BareWrites, claim: Claim, sent: Outcome | None, next_letter: Any = None) -> bool:
    """Write that a letter was sent and, in the same transaction, that `next_letter` leaves now.

    False: the next letter must not leave (its batch was paused or cancelled, or the lease is gone). Raises LeaseLost
    where somebody else has decided about the sent one.
    """
    end = _end(claim, sent, MessageState.SENT, None, None) if sent else {}
    start = {"next": next_letter.id, "batch": claim.batch_id, "at": clock.now()} if next_letter else {}
    leaves = True
    if end and start and writes.one_statement_writes:
        marked, begun = writes.execute(_BOTH, {**end, **start}).fetchone()
        leaves = begun == 1
    else:
        with writes.transaction():
            marked = writes.execute(_FINISH[MessageState.SENT], end).rowcount if end else 1
            if start and marked:
                leaves = writes.execute(_HAND_OVER, {**start, "token": claim.token}).rowcount == 1
    if marked != 1:
        raise LeaseLost(claim.token)
    return leaves


def mark(claim: Claim, outcome: Outcome) -> bool:
    """Write how a letter ended and tell of it, unless it was sent; False where the next one must not leave.

    Where too many fail, this is what pauses the batch. Raises LeaseLost.
    """
    with unit_of_work("mark letter", actor=claim.actor, durable=False):
        # The batch before its letters, as everybody locks them.
        batch = lock(claim.batch_id)
        state, reason, again = outcome.state, outcome.reason, outcome.next_attempt_at
        if state is MessageState.DEFERRED and batch is BatchState.CANCELLED:
            state, reason, again = MessageState.CANCELLED, Reason.BATCH_CANCELLED, None
        marked = db.session.connection().execute(_FINISH[state], _end(claim, outcome, state, reason, again))
        if marked.rowcount != 1:
            raise LeaseLost(claim.token)
        if state is MessageState.SENT:
            return batch is BatchState.RUNNING
        if state is MessageState.CANCELLED:
            add(claim.batch_id, cancelled=1)
        if state is MessageState.FAILED and (errors := note_failure(claim.batch_id, reason)):
            pause_for(claim.batch_id, PauseReason.ERRORS, errors)
            batch = BatchState.PAUSED
        letter = outcome.letter
        words = str(outcome.reply or "")
        announce([Result(letter.id, claim.batch_id, claim.batch_kind, letter.reference, state, outcome.at, words)])
        return batch is BatchState.RUNNING
