"""Letters claimed by one process: taken with a synced commit, given back untouched, taken from the dead."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias, cast

import sqlalchemy as sa

from crm import clock
from crm.database import among
from crm.extensions import db
from crm.outbox.actions import results_of
from crm.outbox.holder import Holder
from crm.outbox.models import (
    IN_FLIGHT,
    Batch,
    BatchState,
    Lease,
    MessageState,
    OutgoingMessage,
    PauseReason,
    Priority,
    Receipt,
    SuppressionReason,
    movable,
    sources_of,
)
from crm.outbox.queries import suppressed
from crm.outbox.reasons import Reason
from crm.outbox.results import Result, announce, announce_stop
from crm.outbox.tallies import add, lock
from crm.unit_of_work import current_unit_of_work, unit_of_work

# Only another host waits for a lease to expire; on its own host a dead holder is seen at once.
LEASE = timedelta(minutes=2)
_CANDIDATES = 5
MESSAGES = cast("sa.Table", OutgoingMessage.__table__)
# Who unsubscribes or objects wants no more letters of campaigns, and still waits for the password link just asked for;
# an address that does not exist takes neither.
_BARRING = {
    Priority.TRANSACTIONAL: frozenset({SuppressionReason.HARD_BOUNCE}),
    Priority.BULK: frozenset(SuppressionReason),
}
LEASES = cast("sa.Table", Lease.__table__)
RECEIPTS = cast("sa.Table", Receipt.__table__)
_TAKEN = (
    MESSAGES.c.id,
    MESSAGES.c.reference,
    MESSAGES.c.to_address,
    MESSAGES.c.to_name,
    MESSAGES.c.subject,
    MESSAGES.c.text,
    MESSAGES.c.html,
    MESSAGES.c.sender,
    MESSAGES.c.reply_to,
    MESSAGES.c.one_click_unsubscribe,
    MESSAGES.c.footer,
    MESSAGES.c.message_id_header,
    MESSAGES.c.attempts,
    MESSAGES.c.first_deferred_at,
    MESSAGES.c.late_after,
)


# Its id, kind, priority and state.
_Batch: TypeAlias = tuple[int, str, Priority, BatchState]


class LeaseLost(Exception):
    """The letters are not ours any more: somebody took us for dead."""


@dataclass(frozen=True)
class Claim:
    """Letters of one batch, leased to this process under `token`; the rows carry what composing needs."""

    token: str
    batch_id: int
    batch_kind: str
    actor: str
    letters: Sequence[Any]


# Made once for all claims: to put a statement together costs more than to run it.
_DUE_BATCHES = (
    sa.select(Batch.id, Batch.kind, Batch.priority)
    .where(
        Batch.state == BatchState.RUNNING,
        sa.exists().where(
            OutgoingMessage.batch_id == Batch.id, OutgoingMessage.next_attempt_at <= sa.bindparam("at_present")
        ),
    )
    .order_by(sa.case((Batch.priority == Priority.TRANSACTIONAL, 0), else_=1), Batch.released_at, Batch.id)
    .limit(_CANDIDATES)
)
# A common table expression, so that PostgreSQL locks it once and no more rows than the limit.
_DUE = (
    sa.select(MESSAGES.c.id)
    .where(MESSAGES.c.batch_id == sa.bindparam("of_batch"), MESSAGES.c.next_attempt_at <= sa.bindparam("at_present"))
    .order_by(MESSAGES.c.next_attempt_at, MESSAGES.c.id)
    .limit(sa.bindparam("at_most", type_=sa.Integer))
    .with_for_update(skip_locked=True)
    .cte("due")
)
_TAKE = (
    sa.update(MESSAGES)
    .where(MESSAGES.c.id.in_(sa.select(_DUE.c.id)), MESSAGES.c.next_attempt_at.is_not(None))
    .values(
        state=MessageState.CLAIMED,
        lease_token=sa.bindparam("under"),
        next_attempt_at=None,
        claimed_at=sa.bindparam("at_present"),
    )
    .returning(*_TAKEN)
)


def anything_due() -> bool:
    """Whether a letter could leave now."""
    return db.session.execute(_DUE_BATCHES, {"at_present": clock.now()}).first() is not None


def _take(batch_id: int, token: str, now: datetime, limit: int) -> list[Any]:
    taken = {"of_batch": batch_id, "under": token, "at_present": now, "at_most": limit}
    return sorted(db.session.execute(_TAKE, taken), key=lambda letter: int(letter.id))


def _cancel_suppressed(letters: Sequence[Any], priority: Priority, token: str, now: datetime) -> list[int]:
    barred = suppressed((letter.to_address for letter in letters), _BARRING[priority])
    ids = [letter.id for letter in letters if letter.to_address in barred]
    if ids:
        db.session.execute(
            sa.update(MESSAGES)
            .where(
                MESSAGES.c.id.in_(ids),
                MESSAGES.c.lease_token == token,
                MESSAGES.c.state.in_(movable({MessageState.CLAIMED}, MessageState.CANCELLED)),
            )
            .values(
                state=MessageState.CANCELLED, reason=Reason.SUPPRESSED, finished_at=now, lease_token=None, size=None
            )
        )
        announce(results_of(ids))
    return ids


def _lease(holder: Holder, token: str, batch_id: int, now: datetime) -> dict[str, object]:
    return {
        "token": token,
        "batch_id": batch_id,
        "worker": holder.worker,
        "host": holder.host,
        "boot": holder.boot,
        "pid": holder.pid,
        "process_start": holder.start,
        "expires_at": now + LEASE,
    }


def claim(holder: Holder, limit: int) -> Claim | None:
    """Lease up to `limit` due letters of the batch that is first in turn, or None; the claim is on disk on return.

    Letters to suppressed addresses are cancelled here, so a claim may come back without any letter. A batch with
    letters whose time was missed is paused instead.
    """
    token = secrets.token_hex(16)
    now = clock.now()
    with unit_of_work("claim letters", actor=f"worker:{holder.worker}") as work:
        for batch_id, batch_kind, priority in db.session.execute(_DUE_BATCHES, {"at_present": now}).all():
            # The batch before its letters, as everybody locks them; standing batches count nothing.
            if priority is Priority.BULK and lock(batch_id) is not BatchState.RUNNING:
                continue
            letters = _take(batch_id, token, now, limit)
            if not letters:
                continue
            if any(letter.late_after and letter.late_after < now and not letter.attempts for letter in letters):
                _unclaim(token, now, cancelled=False)
                pause_for(batch_id, PauseReason.LATE)
                continue
            db.session.execute(sa.insert(LEASES), _lease(holder, token, batch_id, now))
            barred = set(_cancel_suppressed(letters, priority, token, now))
            add(batch_id, cancelled=len(barred))
            mine = [letter for letter in letters if letter.id not in barred]
            return Claim(token, batch_id, batch_kind, work.actor, mine)
    return None


def pause_for(batch_id: int, reason: PauseReason, details: Mapping[str, Any] | None = None) -> None:
    """Pause a running batch for a person to decide, in the running unit of work; `details` says more of the reason."""
    paused = db.session.scalar(
        sa.update(Batch)
        .where(Batch.id == batch_id, Batch.state == BatchState.RUNNING)
        .values(state=BatchState.PAUSED, paused_for=reason, paused_with=dict(details or {}))
        .returning(Batch.id)
    )
    if paused is None:
        return
    current_unit_of_work().notes.setdefault("outbox_batch", {})[str(batch_id)] = f"paused: {reason.value}"
    announce_stop(batch_id)


def renew(taken: Claim) -> None:
    """Prolong the lease. Raises LeaseLost where it is gone."""
    with unit_of_work("renew lease", actor=taken.actor, durable=False):
        renewed = db.session.scalar(
            sa.update(LEASES)
            .where(LEASES.c.token == taken.token)
            .values(expires_at=clock.now() + LEASE)
            .returning(LEASES.c.id)
        )
    if renewed is None:
        raise LeaseLost(taken.token)


def is_cancelled(batch_id: int) -> bool:
    """Whether the batch was cancelled; nobody can cancel it before the running unit of work ends."""
    return lock(batch_id) is BatchState.CANCELLED


def _hold(token: str, reason: Reason, now: datetime, *which: sa.ColumnElement[bool], **known: Any) -> list[int]:
    # The token stays: should the holder live after all, it alone may still tell what happened.
    statement = (
        sa.update(MESSAGES)
        .where(MESSAGES.c.lease_token == token, MESSAGES.c.state.in_(movable(IN_FLIGHT, MessageState.HELD)), *which)
        .values(state=MessageState.HELD, reason=reason, finished_at=now, **known)
        .returning(MESSAGES.c.id)
    )
    return list(db.session.scalars(statement))


def _unclaim(token: str, now: datetime, *, cancelled: bool) -> list[int]:
    """Return untouched letters to the queue, or cancel them where their batch is cancelled; ids of the cancelled."""
    target = MessageState.CANCELLED if cancelled else MessageState.QUEUED
    values: dict[str, object] = (
        {"reason": Reason.BATCH_CANCELLED, "finished_at": now}
        if cancelled
        # They were due. The present moment may be one that a clock gone wrong tells, and far off.
        else {"next_attempt_at": MESSAGES.c.created_at}
    )
    statement = (
        sa.update(MESSAGES)
        .where(MESSAGES.c.lease_token == token, MESSAGES.c.state.in_(movable({MessageState.CLAIMED}, target)))
        .values(state=target, lease_token=None, **values)
        .returning(MESSAGES.c.id)
    )
    ids = list(db.session.scalars(statement))
    return ids if cancelled else []


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
    .returning(MESSAGES.c.id, MESSAGES.c.reference, MESSAGES.c.reply_text)
)
_FORGET_RECEIPTS = sa.delete(RECEIPTS).where(among(RECEIPTS.c.id, "ids"))


def _written(batch: sa.Row[*_Batch], token: str, now: datetime) -> list[Result]:
    """Write what the receipts say into the letters' own rows, in one statement; the letters now known as sent."""
    sent = db.session.execute(_WRITTEN, {"under": token}).all()
    if not sent:
        return []
    ids = [letter.id for letter in sent]
    db.session.execute(_FORGET_RECEIPTS, {"ids": ids})
    if batch.priority is Priority.TRANSACTIONAL:
        # A password link must not lie about once it has been sent.
        db.session.execute(sa.update(MESSAGES).where(MESSAGES.c.id.in_(ids)).values(text="", html=None))
    return [
        Result(letter.id, batch.id, batch.kind, letter.reference, MessageState.SENT, now, letter.reply_text or "")
        for letter in sent
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
    sent = _written(batch, token, now)
    held: list[int] = []
    if not trusted:
        held = _hold(token, Reason.DATABASE_CRASHED, now)
    elif lease is not None and lease.leaving_id is not None:
        leaving = MESSAGES.c.id == lease.leaving_id
        held = _hold(token, Reason.PROCESS_DIED, now, leaving, handed_over_at=lease.leaving_since)
    untouched = len(sent) != letters
    cancelled = _unclaim(token, now, cancelled=batch.state is BatchState.CANCELLED) if untouched else []
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
