"""Which rows of the trail are one team's alone: what was written there is shown to that team and nobody else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.audit.models import Change, ChangeKind
from crm.audit.recording import REDACTED
from crm.database import Base
from crm.extensions import db
from crm.policy import visible_to

_TEAM = "team_id"
# So many rows of a deed are looked at for a list: of more, the undo itself finds out.
_LOOKED_AT = 12


@dataclass(frozen=True)
class ShownChange:
    """One row of a deed as a reader may see it."""

    table_name: str
    row_id: int
    kind: ChangeKind
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True)
class Reader:
    """Who looks: a user, and the team they are in."""

    user_id: int
    team_id: int


def _private() -> dict[str, type[Base]]:
    """What can be somebody's alone, by the name of its table."""
    classes = {mapper.class_ for mapper in Base.registry.mappers}
    return {each.__tablename__: each for each in classes if each.__team_of__}


def _values(table: sa.Table, column: str, rows: Sequence[Any]) -> dict[int, set[int]]:
    """What the rows hold in the column now, and held before and after what was written."""
    found: dict[int, set[int]] = defaultdict(set)
    now = sa.select(table.c.id, table.c[column]).where(table.c.id.in_([row.row_id for row in rows]))
    for row_id, value in db.session.execute(now):
        found[row_id].add(value)
    for row in rows:
        found[row.row_id] |= {values[column] for values in (row.before, row.after) if column in values}
    return {row_id: values - {None} for row_id, values in found.items()}


def _of_others(model: type[Base], rows: Sequence[Any], beside: Mapping[str, Sequence[Any]], reader: Reader) -> set[int]:
    """The ids of those rows that are another team's alone, or another user's; `beside` are all rows, by table."""
    table, column = Base.metadata.tables[model.__tablename__], str(model.__team_of__)
    held = _values(table, column, rows)
    if column == _TEAM:
        owners = _values(table, model.__user_of__, rows) if model.__user_of__ else {}
        mine = {reader.user_id}
        return {
            row_id
            for row_id, teams in held.items()
            if teams - {reader.team_id} or (not teams and owners.get(row_id, mine) != mine)
        }
    parent = next(iter(table.c[column].foreign_keys)).column.table
    named = {number for numbers in held.values() for number in numbers}
    open_to = sa.select(parent.c.id).where(parent.c.id.in_(named), visible_to(parent.c[_TEAM], reader.team_id))
    known = set(db.session.scalars(open_to))
    if not named <= known:
        known |= _gone_and_open(parent, named - known, beside.get(parent.name, ()), reader)
    # Of any other row that is gone nobody can tell any more whose it was.
    return {row_id for row_id, numbers in held.items() if numbers - known}


def _gone_and_open(table: sa.Table, row_ids: set[int], rows: Sequence[Any], reader: Reader) -> set[int]:
    """Those of the ids whose row is gone, and came or went in the same deed, which says that the reader may see it."""
    there = set(db.session.scalars(sa.select(table.c.id).where(table.c.id.in_(row_ids))))
    teams: dict[int, set[int | None]] = defaultdict(set)
    for row in rows:
        teams[row.row_id] |= {values[_TEAM] for values in (row.before, row.after) if _TEAM in values}
    told = {row_id for row_id, found in teams.items() if found and found <= {None, reader.team_id}}
    return (row_ids - there) & told


def _hidden(rows: Iterable[Any], reader: Reader) -> dict[str, set[int]]:
    """The ids of rows that are somebody else's alone, by table."""
    by_table: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_table[row.table_name].append(row)
    private = _private()
    return {
        name: _of_others(private[name], found, by_table, reader) for name, found in by_table.items() if name in private
    }


def shown_to(reader: Reader, changes: Iterable[Any]) -> list[ShownChange]:
    """The changes with what others keep to themselves blacked out; at most two queries a table."""
    rows = list(changes)
    hidden = _hidden(rows, reader)

    def seen(row: Any, values: dict[str, Any]) -> dict[str, Any]:
        return dict.fromkeys(values, REDACTED) if row.row_id in hidden.get(row.table_name, ()) else values

    return [
        ShownChange(row.table_name, row.row_id, row.kind, seen(row, row.before), seen(row, row.after)) for row in rows
    ]


def _wrote(change_set_ids: Collection[int], most: int | None = None) -> sa.Select[*tuple[Any, ...]]:
    """The changes of these change sets to rows that can be somebody's alone, at most so many of each set."""
    columns = (Change.change_set_id, Change.table_name, Change.row_id, Change.before, Change.after)
    of_these = (Change.change_set_id.in_(change_set_ids), Change.table_name.in_(_private()))
    if most is None:
        return sa.select(*columns).where(*of_these)
    rank = sa.func.row_number().over(partition_by=Change.change_set_id, order_by=Change.id).label("rank")
    found = sa.select(*columns, rank).where(*of_these).subquery()
    return sa.select(found).where(found.c.rank <= most)


def is_of_others(change_set_id: int, reader: Reader) -> bool:
    """Whether a deed wrote anything that others keep to themselves: it is theirs to take back."""
    return any(_hidden(db.session.execute(_wrote([change_set_id])), reader).values())


def of_others(change_set_ids: Collection[int], reader: Reader) -> set[int]:
    """Those of the deeds that wrote such a thing, for a list, by a look at the first rows of each.

    One query, and at most two for each table there is.
    """
    if not change_set_ids:
        return set()
    rows = db.session.execute(_wrote(change_set_ids, _LOOKED_AT)).all()
    hidden = _hidden(rows, reader)
    return {row.change_set_id for row in rows if row.row_id in hidden.get(row.table_name, ())}
