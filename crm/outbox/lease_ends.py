"""Leases ended: receipts become the letters' own record, what was in the air is held, the rest waits again."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

import sqlalchemy as sa

from crm import clock
from crm.database import among
from crm.extensions import db
from crm.outbox.actions import results_of
from crm.outbox.leases import LEASES, MESSAGES, RECEIPTS, Claim, unclaim
from crm.outbox.models import IN_FLIGHT, Batch, BatchState, MessageState, Priority, movable, sources_of
from crm.outbox.reasons import Reason
from crm.outbox.results import Result, announce
from crm.outbox.tallies import add
from crm.unit_of_work import unit_of_work

# Its id, kind, priority and state.
_Batch: TypeAlias = tuple[int, str, Priority, BatchState]


def _hold(token: str, reason: Reason, now: datetime, *which: sa.ColumnElement[bool], **known: Any) -> list[int]:
    # The token stays: should the holder live after all, it alone may still tell what happened.
    statement = (
        sa.update(MESSAGES)
        .where(MESSAGES.c.lease_token == token, MESSAGES.c.state.in_(movable(IN_FLIGHT, MessageState.HELD)), *which)
        .values(state=MessageState.HELD, reason=reason, finished_at=now, **known)
        .returning(MESSAGES.c.id)
    )
    return list(db.session.scalars(statement))


_WRITTEN = (
    sa.update(MESSAGES)
    .where(
        MESSAGES.c.lease_token == sa.bindparam("under"),
        MESSAGES.c.state.in_(sources_of(MessageState.SENT)),
        RECEIPTS.c.id == MESSAGES.c.id,
    )
    .values(
        state=MessageState.SENT,
        reason=None,
        reply_code=RECEIPTS.c.reply_code,
        reply_text=RECEIPTS.c.reply_text,
        size=RECEIPTS.c.size,
        attempts=MESSAGES.c.attempts + 1,
        handed_over_at=RECEIPTS.c.handed_over_at,
        finished_at=RECEIPTS.c.at,
        lease_token=None,
    )
    .returning(MESSAGES.c.id, MESSAGES.c.reference, MESSAGES.c.reply_text, MESSAGES.c.finished_at)
)
_FORGET_RECEIPTS = sa.delete(RECEIPTS).where(among(RECEIPTS.c.id, "ids"))


def _written(batch: sa.Row[*_Batch], token: str) -> list[Result]:
    """Write what the receipts say into the letters' own rows, in one statement; the letters now known as sent."""
    sent = db.session.execute(_WRITTEN, {"under": token}).all()
    if not sent:
        return []
    ids = [id_ for id_, *_ in sent]
    db.session.execute(_FORGET_RECEIPTS, {"ids": ids})
    if batch.priority is Priority.TRANSACTIONAL:
        # A password link must not lie about once it has been sent.
        db.session.execute(sa.update(MESSAGES).where(MESSAGES.c.id.in_(ids)).values(text="", html=None))
    # One moment for all, the last of theirs: a lease that somebody else ends does so long after they left.
    at = max(finished_at for *_, finished_at in sent)
    batch_id, kind = batch.id, batch.kind
    return [
        Result(id_, batch_id, kind, reference, MessageState.SENT, at, words or "") for id_, reference, words, _ in sent
    ]


_BATCH = (
    sa.select(Batch.id, Batch.kind, Batch.priority, Batch.state)
    .where(Batch.id == sa.bindparam("batch"))
    .with_for_update(key_share=True)
)
_END = (
    sa.delete(LEASES)
    .where(LEASES.c.token == sa.bindparam("of_lease"))
    .returning(LEASES.c.leaving_id, LEASES.c.leaving_since)
)


def _batch(batch_id: int) -> sa.Row[*_Batch] | None:
    """The batch of a claim, locked before its letters as everybody locks them; None where it was erased."""
    return db.session.execute(_BATCH, {"batch": batch_id}).one_or_none()


def _ended(token: str) -> sa.Row[*tuple[Any, ...]] | None:
    """What the lease says of the letter that leaves; it is gone from here on, and its holder marks nothing more."""
    return db.session.execute(_END, {"of_lease": token}).one_or_none()


def _conclude(
    batch: sa.Row[*_Batch] | None, token: str, lease: Any, *, trusted: bool, letters: int | None = None
) -> int:
    """Write down what became of the letters (so many, where that is known) of a lease that has ended; those held."""
    if batch is None:
        return 0
    now = clock.now()
    sent = _written(batch, token)
    held: list[int] = []
    if not trusted:
        held = _hold(token, Reason.DATABASE_CRASHED, now)
    elif lease is not None and lease.leaving_id is not None:
        leaving = MESSAGES.c.id == lease.leaving_id
        held = _hold(token, Reason.PROCESS_DIED, now, leaving, handed_over_at=lease.leaving_since)
    untouched = len(sent) != letters
    cancelled = unclaim(token, now, cancelled=batch.state is BatchState.CANCELLED) if untouched else []
    add(batch.id, sent=len(sent), cancelled=len(cancelled))
    announce(sorted([*sent, *results_of(held + cancelled)], key=lambda result: result.message_id))
    return len(held)


def end_lease(batch_id: int, token: str, *, trusted: bool) -> int:
    """End a lease in the running unit of work: hold what was in the air, return the rest; the number of held letters.

    Where the marks cannot be trusted, a letter without a receipt may have been sent: all those are held.
    """
    return _conclude(_batch(batch_id), token, _ended(token), trusted=trusted)


def give_back(taken: Claim) -> None:
    """End our own lease. Where it is gone the database crashed and may have lost marks: the sweep holds its letters.

    Nothing waits for the disk: the next claim does, and takes this with it. Until then a power cut leaves the lease,
    and with it one claim in doubt, as if it had come a moment earlier.
    """
    with unit_of_work("give letters back", actor=taken.actor, durable=False):
        batch, lease = _batch(taken.batch_id), _ended(taken.token)
        if lease is not None:
            _conclude(batch, taken.token, lease, trusted=True, letters=len(taken.letters))
