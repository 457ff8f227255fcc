"""Letters claimed by one process: taken with a synced commit, kept, and given back untouched."""

from __future__ import annotations

import secrets
from collections import namedtuple
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, cast

import sqlalchemy as sa

from crm import clock
from crm.extensions import db
from crm.outbox import pace
from crm.outbox.actions import results_of
from crm.outbox.holder import Holder
from crm.outbox.models import (
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
)
from crm.outbox.queries import suppressed
from crm.outbox.reasons import Reason
from crm.outbox.results import announce, announce_stop
from crm.outbox.tallies import add, lock
from crm.unit_of_work import current_unit_of_work, unit_of_work

# Only another host waits for a lease to expire; on its own host a dead holder is seen at once.
LEASE = timedelta(minutes=2)
_CANDIDATES = 5
# Between two letters of the slowest pace a batch can have, and some more.
_LONGEST_PACE = timedelta(minutes=2)
MESSAGES = cast("sa.Table", OutgoingMessage.__table__)
# Who unsubscribes or objects wants no more letters of campaigns, and still waits for the password link just asked for;
# an address that does not exist takes neither.
_BARRING = {
    Priority.TRANSACTIONAL: frozenset({SuppressionReason.HARD_BOUNCE}),
    Priority.PERSONAL: frozenset(SuppressionReason),
    Priority.BULK: frozenset(SuppressionReason),
}
_TURN = {Priority.TRANSACTIONAL: 0, Priority.PERSONAL: 1}
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
    MESSAGES.c.answering,
    MESSAGES.c.message_id_header,
    MESSAGES.c.attempts,
    MESSAGES.c.first_deferred_at,
    MESSAGES.c.late_after,
    MESSAGES.c.reason,
    MESSAGES.c.office_zone,
)

# Each is looked at some twenty times, which costs a row of SQLAlchemy ten times as much.
TakenLetter = namedtuple("TakenLetter", [column.name for column in _TAKEN])  # type: ignore[misc]  # as selected


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
    sa.select(Batch.id, Batch.kind, Batch.priority, Batch.per_minute, Batch.crowds)
    .where(
        Batch.state == BatchState.RUNNING,
        # Not while its own pace lets none leave; a pace further off was told by a clock gone wrong.
        sa.or_(
            Batch.free_at.is_(None),
            Batch.free_at <= sa.bindparam("at_present"),
            Batch.free_at > sa.bindparam("never_so_late"),
        ),
        sa.exists().where(
            OutgoingMessage.batch_id == Batch.id, OutgoingMessage.next_attempt_at <= sa.bindparam("at_present")
        ),
    )
    .order_by(sa.case(_TURN, value=Batch.priority, else_=2), Batch.released_at, Batch.id)
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


def _due(now: datetime) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """The batches whose letters may leave now, the first in turn first."""
    found = db.session.execute(_DUE_BATCHES, {"at_present": now, "never_so_late": now + _LONGEST_PACE}).all()
    if found and not pace.is_open(now):
        return [batch for batch in found if batch.priority is Priority.TRANSACTIONAL]
    return found


def anything_due() -> bool:
    """Whether a letter could leave now."""
    return bool(_due(clock.now()))


def _take(batch_id: int, token: str, now: datetime, limit: int) -> list[Any]:
    taken = {"of_batch": batch_id, "under": token, "at_present": now, "at_most": limit}
    return sorted(map(TakenLetter._make, db.session.execute(_TAKE, taken)), key=itemgetter(0))


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

    Letters to suppressed addresses are cancelled here, and those that are too many for their pace are given back, so a
    claim may come back without any letter. A batch with letters whose time was missed is paused instead.
    """
    token = secrets.token_hex(16)
    now = clock.now()
    passed_over = False
    with unit_of_work("claim letters", actor=f"worker:{holder.worker}") as work:
        for batch_id, batch_kind, priority, per_minute, crowds in _due(now):
            # The batch before its letters, as everybody locks them; standing batches count nothing.
            if priority is Priority.BULK and lock(batch_id) is not BatchState.RUNNING:
                continue
            bounds = pace.bounds(batch_id, priority, per_minute, now, limit)
            letters = _take(batch_id, token, now, bounds.letters) if bounds.letters else []
            if not letters:
                continue
            if any(letter.late_after and letter.late_after < now and not letter.attempts for letter in letters):
                unclaim(token, now, cancelled=False)
                pause_for(batch_id, PauseReason.LATE)
                continue
            barred = set(_cancel_suppressed(letters, priority, token, now))
            add(batch_id, cancelled=len(barred))
            mine = bounds.admit([letter for letter in letters if letter.id not in barred], token, crowds=crowds)
            if mine:
                db.session.execute(sa.insert(LEASES), _lease(holder, token, batch_id, now))
                return Claim(token, batch_id, batch_kind, work.actor, mine)
            passed_over = True
    return Claim(token, 0, "", work.actor, ()) if passed_over else None


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


def unclaim(token: str, now: datetime, *, cancelled: bool) -> list[int]:
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
