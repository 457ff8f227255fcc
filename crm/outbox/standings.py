"""How far each pace has come: read, locked and moved on by one statement inside the transaction of a claim."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from crm.extensions import db
from crm.outbox.models import Pace
from crm.outbox.rates import BURST, MARGIN, Rate

PACES = cast("sa.Table", Pace.__table__)


def _reserving(insert: Callable[[sa.Table], Any]) -> Any:
    """Move paces on by what `free_at` is later than `early`, from where they stood; and lock them."""
    statement = insert(PACES)
    early, now = sa.bindparam("early", type_=sa.BigInteger), sa.bindparam("now", type_=sa.BigInteger)
    stood = sa.case(
        (PACES.c.free_at > sa.bindparam("far", type_=sa.BigInteger), now),
        (PACES.c.free_at < early, early),
        else_=PACES.c.free_at,
    )
    return statement.on_conflict_do_update(
        index_elements=["key"], set_={"free_at": stood + statement.excluded.free_at - early}
    ).returning(PACES.c.key, PACES.c.free_at, PACES.c.planned_until, PACES.c.left)


_RESERVE = {"postgresql": _reserving(postgresql.insert), "sqlite": _reserving(sqlite.insert)}
_SETTLE = (
    sa.update(PACES)
    .where(PACES.c.key == sa.bindparam("of_key"))
    .values(free_at=sa.bindparam("next_free"), planned_until=sa.bindparam("planned"), left=sa.bindparam("still_left"))
)


@dataclass
class Standing:
    """One pace in a claim: where it stood, where it is to stand, and the letters that go by it."""

    key: str
    rate: Rate
    batch_id: int | None = None
    domain: str | None = None
    asked: int = 0
    stood: int = 0
    start: int = 0
    planned_until: int = 0
    left: int = 0

    def allowed(self, now: int) -> int:
        return self.rate.allowed(self.start, now)


def reserve(paces: Sequence[Standing], now: int) -> None:
    """Lock these paces and read where they stand, moved on by the letters that ask already."""
    early = now - BURST
    far = now + max(pace.rate.interval for pace in paces) + MARGIN
    rows: list[dict[str, Any]] = [
        {
            "key": pace.key,
            "batch_id": pace.batch_id,
            "domain": pace.domain,
            "free_at": early + pace.asked * pace.rate.interval,
            "planned_until": 0,
            "left": 0,
        }
        # In one order for all, so that no two claims wait for each other.
        for pace in sorted(paces, key=lambda each: each.key)
    ]
    known = {pace.key: pace for pace in paces}
    given = {"early": early, "now": now, "far": far}
    statement = _RESERVE[db.engine.dialect.name]
    for row in db.session.connection().execute(statement, [row | given for row in rows]):
        pace = known[row.key]
        pace.stood = row.free_at - pace.asked * pace.rate.interval
        pace.start = pace.rate.start(pace.stood, now)
        pace.planned_until, pace.left = row.planned_until, row.left


def settle(pace: Standing, letters: int) -> None:
    """Write where a pace stands, once so many letters that go by it leave."""
    free_at = pace.start + letters * pace.rate.interval
    db.session.connection().execute(
        _SETTLE,
        {"of_key": pace.key, "next_free": free_at, "planned": pace.planned_until, "still_left": max(0, pace.left)},
    )
