"""Which rows of the trail are one team's alone: what was written there is shown to that team and nobody else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.audit.models import ChangeKind
from crm.audit.recording import REDACTED
from crm.database import Base
from crm.extensions import db

_TEAM = "team_id"


@dataclass(frozen=True)
class ShownChange:
    """One row of a deed as a reader may see it."""

    table_name: str
    row_id: int
    kind: ChangeKind
    before: dict[str, Any]
    after: dict[str, Any]


def _owners() -> dict[str, str]:
    """The column that says whose alone a row is, by the name of its table."""
    classes = {mapper.class_ for mapper in Base.registry.mappers}
    return {each.__tablename__: each.__team_of__ for each in classes if each.__team_of__}


def _values(table: sa.Table, column: str, rows: Sequence[Any]) -> dict[int, set[int]]:
    """What the rows hold in the column now, and held before and after what was written."""
    found: dict[int, set[int]] = defaultdict(set)
    now = sa.select(table.c.id, table.c[column]).where(table.c.id.in_([row.row_id for row in rows]))
    for row_id, value in db.session.execute(now):
        found[row_id].add(value)
    for row in rows:
        found[row.row_id] |= {values[column] for values in (row.before, row.after) if column in values}
    return {row_id: values - {None} for row_id, values in found.items()}


def _of_others(table: sa.Table, column: str, rows: Sequence[Any], team_id: int) -> set[int]:
    """The ids of those rows that are another team's alone."""
    held = _values(table, column, rows)
    if column == _TEAM:
        return {row_id for row_id, teams in held.items() if teams - {team_id}}
    parent = next(iter(table.c[column].foreign_keys)).column.table
    named = {number for numbers in held.values() for number in numbers}
    open_to = sa.select(parent.c.id).where(
        parent.c.id.in_(named), sa.or_(parent.c[_TEAM].is_(None), parent.c[_TEAM] == team_id)
    )
    known = set(db.session.scalars(open_to))
    # Of a row that is gone nobody can tell any more whose it was.
    return {row_id for row_id, numbers in held.items() if numbers - known}


def shown_to(team_id: int, changes: Iterable[Any]) -> list[ShownChange]:
    """The changes with what another team keeps to itself blacked out; at most two queries a table."""
    rows, owners = list(changes), _owners()
    by_table: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_table[row.table_name].append(row)
    hidden = {
        name: _of_others(Base.metadata.tables[name], owners[name], found, team_id)
        for name, found in by_table.items()
        if name in owners
    }

    def seen(row: Any, values: dict[str, Any]) -> dict[str, Any]:
        return dict.fromkeys(values, REDACTED) if row.row_id in hidden.get(row.table_name, ()) else values

    return [
        ShownChange(row.table_name, row.row_id, row.kind, seen(row, row.before), seen(row, row.after)) for row in rows
    ]
