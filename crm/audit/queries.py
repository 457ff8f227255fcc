"""What is read of the trail: change sets by actor, action or record, and the rows in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from crm.audit.models import Change, ChangeKind, ChangeSet
from crm.database import Base, read_id
from crm.extensions import db
from crm.paging import Page, SortKey, page
from crm.policy import Permission

# Changes that are taken back in one transaction: some seconds' worth.
MOST_AT_ONCE = 20_000


@dataclass(frozen=True)
class TrailFilter:
    """Which change sets to list; an empty text is no filter. `row` needs its `table`."""

    actor: str = ""
    action: str = ""
    table: str = ""
    row: int | None = None

    @classmethod
    def from_args(cls, args: MultiDict[str, str]) -> TrailFilter:
        """The filter in a query string; what makes no sense there is left out."""
        table = args.get("table", "")
        row = args.get("row", type=read_id) if table else None
        return cls(
            args.get("actor", "").strip(),
            args.get("action", "").strip(),
            table if table in audited_tables() else "",
            row,
        )

    def apply(self, statement: sa.Select[*tuple[Any, ...]]) -> sa.Select[*tuple[Any, ...]]:
        """The statement narrowed to what is asked for."""
        if self.actor:
            statement = statement.where(ChangeSet.actor == self.actor)
        if self.action:
            statement = statement.where(ChangeSet.action == self.action)
        if self.table:
            touched = sa.select(Change.change_set_id).where(Change.table_name == self.table)
            if self.row is not None:
                touched = touched.where(Change.row_id == self.row)
            statement = statement.where(ChangeSet.id.in_(touched))
        return statement


def audited_tables() -> list[str]:
    """Every table whose rows are recorded, by name."""
    return sorted({mapper.class_.__tablename__ for mapper in Base.registry.mappers if mapper.class_.__audited__})


def kept_tables() -> set[str]:
    """The tables that undo leaves alone, by name."""
    return {mapper.class_.__tablename__ for mapper in Base.registry.mappers if not mapper.class_.__undoable__}


def _change_sets() -> sa.Select[*tuple[Any, ...]]:
    undone_by = sa.orm.aliased(ChangeSet)
    return sa.select(
        ChangeSet.id,
        ChangeSet.at,
        ChangeSet.action,
        ChangeSet.actor,
        ChangeSet.permission,
        ChangeSet.notes,
        ChangeSet.undoes_id,
        undone_by.id.label("undone_by_id"),
    ).outerjoin(undone_by, undone_by.undoes_id == ChangeSet.id)


def deeds_of(
    actor: str,
    cursor: str | None,
    *,
    without: Collection[Permission],
    and_actions: Collection[str],
    but_actions: Collection[str] = (),
) -> Page:
    """What one actor did, the latest first, with the columns of `trail`.

    Left out is what needed one of the permissions `without`, and what needed none (a worker's deeds in the actor's
    name are such), unless it is one of `and_actions`; `but_actions` are left out in any case.
    """
    wanted = sa.or_(ChangeSet.permission.not_in(without), ChangeSet.action.in_(and_actions))
    statement = _change_sets().where(ChangeSet.actor == actor, ChangeSet.action.not_in(but_actions), wanted)
    return page(statement, [SortKey(ChangeSet.__table__.c.id, descending=True)], cursor)


def trail(wanted: TrailFilter, cursor: str | None) -> Page:
    """Change sets, the latest first: id, at, action, actor, permission, notes, undoes_id, undone_by_id."""
    return page(wanted.apply(_change_sets()), [SortKey(ChangeSet.__table__.c.id, descending=True)], cursor)


def change_set(change_set_id: int) -> sa.Row[*tuple[Any, ...]] | None:
    """One change set, with the columns of the trail."""
    return db.session.execute(_change_sets().where(ChangeSet.id == change_set_id)).one_or_none()


def counts(change_set_ids: Sequence[int]) -> dict[int, list[tuple[str, ChangeKind, int]]]:
    """How many rows each change set wrote, by table and kind, in one query."""
    found: dict[int, list[tuple[str, ChangeKind, int]]] = defaultdict(list)
    statement = (
        sa.select(Change.change_set_id, Change.table_name, Change.kind, sa.func.count())
        .where(Change.change_set_id.in_(change_set_ids))
        .group_by(Change.change_set_id, Change.table_name, Change.kind)
        .order_by(Change.table_name, Change.kind)
    )
    for change_set_id, table, kind, number in db.session.execute(statement):
        found[change_set_id].append((table, kind, number))
    return found


def can_go_back(row: sa.Row[*tuple[Any, ...]], written: Collection[tuple[str, ChangeKind, int]]) -> bool:
    """Whether a change set of the trail can be undone, by what is known without a look at its rows.

    `written` are its `counts`. What was summed up in notes, undone already or kept by a table's own rules cannot, nor
    what is too large for one transaction.
    """
    tables = {table for table, _kind, _number in written}
    small = sum(number for _table, _kind, number in written) <= MOST_AT_ONCE
    return bool(tables) and small and not tables & kept_tables() and not row.notes and row.undone_by_id is None


def last_deeds(table: str, row_id: int, actions: Collection[str]) -> dict[str, sa.Row[*tuple[Any, ...]]]:
    """When each of these actions last wrote a row, and who did it, by the action: action, at, actor."""
    touched = sa.select(Change.change_set_id).where(Change.table_name == table, Change.row_id == row_id)
    statement = (
        sa.select(ChangeSet.action, ChangeSet.at, ChangeSet.actor)
        .where(ChangeSet.id.in_(touched), ChangeSet.action.in_(actions))
        .order_by(ChangeSet.id)
    )
    return {row.action: row for row in db.session.execute(statement)}


def inserted(change_set_id: int, record: str, row_id: int) -> bool:
    """Whether the change set made this row of the table `record`, or of one that ends so (`letter_template`)."""
    made = sa.exists().where(
        Change.change_set_id == change_set_id,
        Change.kind == ChangeKind.INSERT,
        sa.or_(Change.table_name == record, Change.table_name.endswith(f"_{record}", autoescape=True)),
        Change.row_id == row_id,
    )
    return bool(db.session.scalar(sa.select(made)))


def changes(change_set_id: int, cursor: str | None) -> Page:
    """The rows of a change set in the order they were written: table_name, row_id, kind, before, after."""
    statement = sa.select(Change.table_name, Change.row_id, Change.kind, Change.before, Change.after).where(
        Change.change_set_id == change_set_id
    )
    return page(statement, [SortKey(Change.__table__.c.id)], cursor)
