"""Writes of suppressed addresses: more of them, by hand or from a list, and the few that a person may lift."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import sqlalchemy as sa

from crm import clock
from crm.extensions import db
from crm.many_rows import insert_columns
from crm.outbox.addresses import address_hash, key_id
from crm.outbox.models import Suppression, SuppressionReason
from crm.outbox.queries import CHUNK
from crm.suppressions.queries import origin_of, points_of
from crm.unit_of_work import current_unit_of_work

# What readers asked for themselves, only they take back.
LIFTABLE = frozenset({SuppressionReason.BY_HAND, SuppressionReason.HARD_BOUNCE})
LONGEST_NOTE = 200


class NotLiftable(Exception):
    """The reader asked for it, and takes it back themselves or not at all."""


def suppress_all(addresses: Iterable[str], hashes: Iterable[str], *, user_id: int, note: str = "") -> int:
    """Never write to these addresses again; how many of them were written to so far. None is ever lifted by this."""
    given = list(addresses)
    points = points_of(given)
    wanted = list(dict.fromkeys([*(address_hash(address) for address in given), *hashes]))
    table = Suppression.__table__
    before = set[str]()
    for start in range(0, len(wanted), CHUNK):
        known = sa.select(table.c.address_hash).where(table.c.address_hash.in_(wanted[start : start + CHUNK]))
        before.update(db.session.scalars(known))
    new = [hashed for hashed in wanted if hashed not in before]
    same: dict[str, Any] = {
        "key_id": key_id(),
        "reason": SuppressionReason.BY_HAND,
        "note": note[:LONGEST_NOTE],
        "at": clock.now(),
    }
    sources = [origin_of(user_id, points[hashed].id if hashed in points else None) for hashed in new]
    columns = {"address_hash": new, "source": sources, **{name: [value] * len(new) for name, value in same.items()}}
    # Passing over what a reader has asked for in the same moment.
    insert_columns(db.session.connection(), cast("sa.Table", table), columns, passing_over=True)
    current_unit_of_work().notes["suppressions"] = {"listed": len(wanted), "added": len(new)}
    return len(new)


def lift(suppression_id: int) -> bool:
    """Let an address be written to again; False where that is so already. Raises NotLiftable."""
    found = db.session.get(Suppression, suppression_id)
    if found is None:
        return False
    if found.reason not in LIFTABLE:
        raise NotLiftable
    db.session.delete(found)
    db.session.flush()
    return True
