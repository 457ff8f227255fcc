"""How far targets ever came: derived of their moves, so that reports and filters need not walk through them all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, cast

import sqlalchemy as sa

from crm.audit.models import Change
from crm.database import among
from crm.extensions import db
from crm.pipeline.models import PLACES, Stage, StageMove, Target

_CHUNK = 500


def place_of(stage: Any) -> sa.ColumnElement[int]:
    """How far the stage of a column is on the way, as its place in OPEN_STAGES; 0 for a closed target."""
    return sa.case({each: place for each, place in PLACES.items() if place}, value=stage, else_=0)


def came_to(target_ids: Collection[int], stage: Stage) -> None:
    """Note that these targets (at most 500) came to a stage; one statement, and those that were there are let alone."""
    table, place = cast("sa.Table", Target.__table__), PLACES[stage]
    if place:
        behind = among(table.c.id, target_ids) & (table.c.furthest < place)
        db.session.execute(sa.update(table).where(behind).values(furthest=place))


def _look_up(target_ids: Collection[int]) -> None:
    table = cast("sa.Table", Target.__table__)
    furthest = sa.select(sa.func.max(place_of(StageMove.to_stage))).where(StageMove.target_id == table.c.id)
    found = sa.func.coalesce(furthest.scalar_subquery(), 0)
    ordered = sorted(target_ids)
    for start in range(0, len(ordered), _CHUNK):
        chosen = among(table.c.id, ordered[start : start + _CHUNK])
        db.session.execute(sa.update(table).where(chosen, table.c.furthest != found).values(furthest=found))


def follow_undone_moves(changes: Sequence[Change]) -> None:
    """Look it up for targets whose moves came and went with an undo; called after it."""
    _look_up({change.row_id for change in changes if change.table_name == Target.__tablename__})


def rebuild_furthest() -> int:
    """Look it up for every target, and return how many there are."""
    target_ids = db.session.scalars(sa.select(Target.id)).all()
    _look_up(target_ids)
    return len(target_ids)
