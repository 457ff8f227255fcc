"""Reads of the outbox."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from crm.database import among
from crm.extensions import db
from crm.outbox.addresses import address_hash, key_id
from crm.outbox.models import (
    Batch,
    BatchState,
    MessageState,
    OutgoingMessage,
    PauseReason,
    Suppression,
    SuppressionReason,
)
from crm.paging import Page, SortKey, page

# Well below what one statement may bind on any database.
CHUNK = 500
_SUPPRESSED = sa.select(Suppression.address_hash, Suppression.reason).where(
    among(Suppression.address_hash, "hashes"), Suppression.reason.in_(sa.bindparam("reasons", expanding=True))
)


def reasons_against(
    addresses: Iterable[str], reasons: Iterable[SuppressionReason] = SuppressionReason
) -> dict[str, SuppressionReason]:
    """Those of the addresses, as they were given, that must not be written to for one of the reasons, each with it."""
    counting = list(reasons)
    by_hash: dict[str, list[str]] = {}
    for address in addresses:
        by_hash.setdefault(address_hash(address), []).append(address)
    hashes = list(by_hash)
    found: dict[str, SuppressionReason] = {}
    for start in range(0, len(hashes), CHUNK):
        asked = {"hashes": hashes[start : start + CHUNK], "reasons": counting}
        for known, reason in db.session.execute(_SUPPRESSED, asked):
            found.update(dict.fromkeys(by_hash[known], reason))
    return found


def suppressed(addresses: Iterable[str], reasons: Iterable[SuppressionReason] = SuppressionReason) -> set[str]:
    """Those of the addresses, as they were given, that must not be written to, for one of the reasons."""
    return set(reasons_against(addresses, reasons))


def has_unreadable_suppressions() -> bool:
    """Whether addresses were suppressed under another SECRET_KEY, so that nobody can tell any more which they are."""
    return bool(db.session.scalar(sa.select(sa.exists().where(Suppression.key_id != key_id()))))


def batch_counts(batch_id: int) -> dict[MessageState, int]:
    """How many letters of the batch are in each state; every state is there."""
    statement = (
        sa.select(OutgoingMessage.state, sa.func.count())
        .where(OutgoingMessage.batch_id == batch_id)
        .group_by(OutgoingMessage.state)
    )
    counts = dict(db.session.execute(statement).all())
    return {state: counts.get(state, 0) for state in MessageState}


@dataclass(frozen=True)
class BatchSummary:
    """A batch with the number of its letters in each state."""

    id: int
    kind: str
    reference: str
    state: BatchState
    released_at: datetime | None
    paused_for: PauseReason | None
    counts: dict[MessageState, int]

    @property
    def total(self) -> int:
        """All its letters."""
        return sum(self.counts.values())


def batch_with_counts(batch_id: int) -> BatchSummary | None:
    """The batch, or None where there is none."""
    found = db.session.execute(
        sa.select(Batch.id, Batch.kind, Batch.reference, Batch.state, Batch.released_at, Batch.paused_for).where(
            Batch.id == batch_id
        )
    ).one_or_none()
    return None if found is None else BatchSummary(*found, counts=batch_counts(batch_id))


def held_count() -> int:
    """How many letters wait for a person's decision."""
    statement = sa.select(sa.func.count()).where(OutgoingMessage.state == MessageState.HELD)
    return db.session.scalar(statement) or 0


def messages_page(state: MessageState | None, batch_id: int | None, cursor: str | None) -> Page:
    """Letters with their delivery record, newest first; never their words, which may hold a secret link."""
    statement = sa.select(
        OutgoingMessage.id,
        OutgoingMessage.batch_id,
        Batch.kind,
        Batch.reference.label("batch_reference"),
        OutgoingMessage.to_address,
        OutgoingMessage.to_name,
        OutgoingMessage.subject,
        OutgoingMessage.state,
        OutgoingMessage.reason,
        OutgoingMessage.reply_code,
        OutgoingMessage.reply_text,
        OutgoingMessage.attempts,
        OutgoingMessage.next_attempt_at,
        OutgoingMessage.finished_at,
        OutgoingMessage.created_at,
    ).join(Batch, Batch.id == OutgoingMessage.batch_id)
    if state is not None:
        statement = statement.where(OutgoingMessage.state == state)
    if batch_id is not None:
        statement = statement.where(OutgoingMessage.batch_id == batch_id)
    return page(statement, [SortKey(OutgoingMessage.__table__.c.id, descending=True)], cursor)
