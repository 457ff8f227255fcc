"""Taking a merge back: what moved returns to where it was, what came since stays with the survivor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from crm import clock
from crm.audit.bulk import RowUpdate, delete_rows, restore_rows, update_rows
from crm.audit.recording import decode, encode
from crm.database import Base
from crm.directory import registry
from crm.directory.merging import CONTACT, chunks, locked, reproject
from crm.directory.models import Contact, ContactMerge, MergeStep, OtherName, StepKind
from crm.directory.projection import remember
from crm.extensions import db
from crm.unit_of_work import current_unit_of_work


class UnmergeRefused(Exception):
    """The merge cannot be taken back now; `reason` is a code: done, survivor_gone, taken."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Outcome:
    """What taking a merge back came to: rows that returned by table, and rows that somebody has changed since."""

    survivor_id: int
    absorbed_id: int
    returned: Counter[str] = field(default_factory=Counter)
    stayed: Counter[str] = field(default_factory=Counter)


def _decoded(table: sa.Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """The stored columns of a step's values; a column that is gone or computed is left out."""
    return {
        name: decode(table.c[name], value)
        for name, value in values.items()
        if name in table.c and table.c[name].computed is None
    }


def _now(table: sa.Table, row_id: int) -> dict[str, Any] | None:
    row = db.session.execute(sa.select(table).where(table.c.id == row_id)).mappings().one_or_none()
    return dict(row) if row is not None else None


class _Unmerge:
    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome

    def take_back(self, step: MergeStep) -> None:
        """Undo one step, as far as nobody has changed its rows since."""
        table = Base.metadata.tables.get(step.table_name)
        if table is None:
            self.outcome.stayed[step.table_name] += len(step.row_ids)
            return
        try:
            with db.session.begin_nested():
                returned = {
                    StepKind.MOVED: self._move_back,
                    StepKind.CHANGED: self._change_back,
                    StepKind.REMOVED: self._restore,
                    StepKind.ADDED: self._take_away,
                }[step.kind](table, step)
        except IntegrityError:
            # What it stood on is gone, or another row has taken its place.
            returned = 0
        if step.kind in (StepKind.MOVED, StepKind.REMOVED):
            self.outcome.returned[table.name] += returned
        self.outcome.stayed[table.name] += len(step.row_ids) - returned

    def _move_back(self, table: sa.Table, step: MergeStep) -> int:
        before, after = _decoded(table, step.before), _decoded(table, step.after)
        ((name, value),) = after.items()
        returned = 0
        for ids in chunks(step.row_ids):
            moved = sa.update(table).where(table.c.id.in_(ids), table.c[name] == value).values(before)
            returned += db.session.execute(moved).rowcount  # type: ignore[attr-defined]  # an update has one
        return returned

    def _change_back(self, table: sa.Table, step: MergeStep) -> int:
        (row_id,) = step.row_ids
        row = _now(table, row_id)
        if row is None:
            return 0
        before, after = _decoded(table, step.before), _decoded(table, step.after)
        same = {name: value for name, value in before.items() if encode(row[name]) == step.after[name]}
        if same and table.name == CONTACT:
            update_rows(Contact, [RowUpdate(row_id, {name: after[name] for name in same}, same)])
        elif same:
            db.session.execute(sa.update(table).where(table.c.id == row_id).values(same))
        return 1 if len(same) == len(before) else 0

    def _restore(self, table: sa.Table, step: MergeStep) -> int:
        row = _decoded(table, step.before)
        if table.name != CONTACT:
            db.session.execute(sa.insert(table).values(row))
            return 1
        # Derived columns are computed anew; what they pointed to may be gone.
        for name, column in table.c.items():
            if column.info.get("derived") and column.foreign_keys:
                row[name] = None
        restore_rows(Contact, [row])
        remember([row["id"]])
        return 1

    def _take_away(self, table: sa.Table, step: MergeStep) -> int:
        (row_id,) = step.row_ids
        row = _now(table, row_id)
        if row is None or any(encode(row[name]) != value for name, value in step.after.items()):
            return 0
        if table.name == OtherName.__tablename__:
            delete_rows(OtherName, [row])
        else:
            db.session.execute(sa.delete(table).where(table.c.id == row_id))
        return 1


def unmerge(merge_id: int) -> Outcome:
    """Take a merge back in the running unit of work; rows added since stay with the survivor. Raises UnmergeRefused.

    Where somebody has changed a row since, its change is kept and counted in `stayed`.
    """
    record = db.session.get_one(ContactMerge, merge_id, with_for_update=True)
    if record.unmerged_at is not None:
        raise UnmergeRefused("done")
    contacts = locked(record.survivor_id, record.absorbed_id)
    if record.survivor_id not in contacts:
        raise UnmergeRefused("survivor_gone")
    if record.absorbed_id in contacts:
        raise UnmergeRefused("taken")
    outcome = Outcome(record.survivor_id, record.absorbed_id)
    running = _Unmerge(outcome)
    for step in _steps(merge_id):
        running.take_back(step)
    record.unmerged_at = clock.now()
    db.session.flush()
    db.session.expire_all()
    members = _named_by_derived(record.survivor_id)
    reproject({outcome.survivor_id, outcome.absorbed_id, *members})
    registry.rows_moved([outcome.survivor_id, outcome.absorbed_id])
    current_unit_of_work().notes["unmerged"] = {
        "merge": merge_id,
        "restored": outcome.absorbed_id,
        "from": outcome.survivor_id,
        "rows": dict(outcome.returned),
        "changed since": {table: count for table, count in outcome.stayed.items() if count},
    }
    return outcome


def _steps(merge_id: int) -> Sequence[MergeStep]:
    return db.session.scalars(
        sa.select(MergeStep).where(MergeStep.merge_id == merge_id).order_by(MergeStep.id.desc())
    ).all()


def _named_by_derived(contact_id: int) -> set[int]:
    """Whoever's derived columns name the contact."""
    found: set[int] = set()
    for entry in registry.derived():
        table = Base.metadata.tables[entry.model.__tablename__]
        for name in entry.columns:
            found.update(db.session.scalars(sa.select(table.c.id).where(table.c[name] == contact_id)))
    return found
