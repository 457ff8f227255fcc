"""Reads of the outbox."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from crm.extensions import db
from crm.outbox.addresses import address_hash, key_id
from crm.outbox.models import MessageState, OutgoingMessage, Suppression

# Well below what one statement may bind on any database.
CHUNK = 500


def suppressed(addresses: Iterable[str]) -> set[str]:
    """Those of the addresses, as they were given, that must not be written to."""
    by_hash: dict[str, list[str]] = {}
    for address in addresses:
        by_hash.setdefault(address_hash(address), []).append(address)
    hashes = list(by_hash)
    found: set[str] = set()
    for start in range(0, len(hashes), CHUNK):
        statement = sa.select(Suppression.address_hash).where(
            Suppression.address_hash.in_(hashes[start : start + CHUNK])
        )
        for known in db.session.scalars(statement):
            found.update(by_hash[known])
    return found


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
