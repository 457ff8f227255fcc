"""A large change set taken back in several transactions, so that others get to write: looked through, then undone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.audit.actions import (
    Refusal,
    UndoRefused,
    begin_undo,
    check_permitted,
    cleared_tables,
    go_back,
    is_all_derived,
    runs,
    still_stands,
)
from crm.audit.models import Change, ChangeKind, ChangeSet
from crm.audit.recording import encode
from crm.database import Base
from crm.extensions import db
from crm.unit_of_work import current_unit_of_work

Progress = Callable[[int, int], None]
# What a few hundred rows of an import come to: what is derived of a contact is written once for all of its rows.
_READ = 4_000
# More changes that stand in the way of an undo are not looked for.
_NAMED = 200


@dataclass(frozen=True)
class Taken:
    """How far a change set was taken back: by which change set, down to and with which change (its id)."""

    by: int
    down_to: int
    is_all: bool = False


def _chunks(change_set_id: int, bound: int | None) -> Iterator[list[Change]]:
    """The changes before `bound`, the latest first, some thousands at a time: the session keeps none of them."""
    statement = sa.select(Change).where(Change.change_set_id == change_set_id).order_by(Change.id.desc()).limit(_READ)
    while changes := db.session.scalars(statement if bound is None else statement.where(Change.id < bound)).all():
        bound = changes[-1].id
        for change in changes:
            db.session.expunge(change)
        yield list(changes)


def how_many(change_set_id: int, bound: int | None = None) -> int:
    """The number of changes of a change set, or of those before one of them."""
    statement = sa.select(sa.func.count()).where(Change.change_set_id == change_set_id)
    return db.session.scalar(statement if bound is None else statement.where(Change.id < bound)) or 0


def check(change_set_id: int, progress: Progress, taken: Taken | None = None) -> None:
    """Raise UndoRefused where the change set cannot be undone as things stand; nothing is locked or written.

    It names the changes that stand in the way, but for those past some hundreds. What was `taken` back already is
    passed over. What somebody changes after this look is met when it is undone.
    """
    check_permitted(change_set_id)
    bound = taken.down_to if taken else None
    total, done = how_many(change_set_id, bound), 0
    met: dict[Refusal, list[Change]] = {Refusal.CHANGED: [], Refusal.NEEDED: []}
    for changes in _chunks(change_set_id, bound):
        for table, kind, run in runs([change for change in changes if not is_all_derived(change)]):
            met[Refusal.CHANGED] += _changed(table, run, change_set_id)
            if kind is ChangeKind.INSERT:
                needed = _needed(table, [change.row_id for change in run], change_set_id)
                met[Refusal.NEEDED] += [change for change in run if change.row_id in needed]
        done += len(changes)
        progress(done, total)
        if sum(map(len, met.values())) > _NAMED:
            break
    for reason, those in met.items():
        if those:
            raise UndoRefused(reason, those)


def _changed(table: sa.Table, run: Sequence[Change], change_set_id: int) -> list[Change]:
    """The changes of a run whose rows are not what they left behind."""
    row_ids = [change.row_id for change in run]
    again = _changed_later(run, change_set_id)
    rows = db.session.execute(sa.select(table).where(table.c.id.in_(row_ids))).mappings()
    current: Mapping[int, dict[str, Any]] = {
        row["id"]: {name: encode(value) for name, value in row.items()} for row in rows
    }
    # A later change of the same set stands on it, and is looked at itself.
    last = [change for change in run if change.row_id not in again]
    return [change for change in last if not still_stands(table, change, current.get(change.row_id))]


def _changed_later(run: Sequence[Change], change_set_id: int) -> set[int]:
    """The rows of a run that a later change of the set is about, too."""
    later = (
        sa.select(Change.row_id, sa.func.max(Change.id).label("last"))
        .where(
            Change.table_name == run[0].table_name,
            Change.row_id.in_([change.row_id for change in run]),
            Change.change_set_id == change_set_id,
        )
        .group_by(Change.row_id)
    )
    last = {row.row_id: row.last for row in db.session.execute(later)}
    return {change.row_id for change in run if last[change.row_id] > change.id}


def _needed(table: sa.Table, row_ids: Sequence[int], change_set_id: int) -> set[int]:
    """Which of these rows, that the change set has made, rows refer to that it has not made itself."""
    found: set[int] = set()
    for other in Base.metadata.tables.values():
        if other.name in cleared_tables():
            continue
        for column in other.c:
            if column.info.get("derived") or not any(key.column.table is table for key in column.foreign_keys):
                continue
            own = sa.exists().where(
                Change.table_name == other.name,
                Change.row_id == other.c.id,
                Change.change_set_id == change_set_id,
            )
            found.update(
                db.session.scalars(sa.select(column).where(column.in_(row_ids), ~own).distinct().limit(_NAMED))
            )
    return found


def take_back(change_set_id: int, taken: Taken | None, seconds: float) -> tuple[Taken, int]:
    """Take back in the running unit of work until about so many seconds are over; how far, and how many changes.

    Call it again with what it returned, in further units of work, until all is taken: they are one change set. Where
    UndoRefused is raised the running unit has to roll back, and what earlier ones took back stays so.
    """
    until = time.monotonic() + seconds
    if taken is None:
        undone_by, bound = begin_undo(change_set_id), None
    else:
        undone_by, bound = taken.by, taken.down_to
        current_unit_of_work().change_set_id = undone_by
    done = 0
    for changes in _chunks(change_set_id, bound):
        go_back(changes, undone_by)
        bound = changes[-1].id
        done += len(changes)
        if time.monotonic() > until:
            break
    is_all = not how_many(change_set_id, bound)
    return Taken(undone_by, bound or 0, is_all), done


def release(taken: Taken) -> None:
    """Say that what was taken back stands again, so that it may be undone another time."""
    db.session.execute(sa.update(ChangeSet).where(ChangeSet.id == taken.by).values(undoes_id=None))
