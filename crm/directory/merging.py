"""Merging two contacts into one through the registry, each step noted so that `unmerging` can take it back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from crm import clock
from crm.audit.bulk import RowUpdate, delete_rows, insert_rows, update_rows
from crm.audit.recording import encode
from crm.database import Base
from crm.directory import registry
from crm.directory.models import Contact, ContactMerge, Membership, MergeStep, OtherName, StepKind
from crm.directory.projection import forget, project, project_members
from crm.directory.registry import ContactRows, Values, fill_gaps
from crm.extensions import db
from crm.unit_of_work import current_unit_of_work

_CHUNK = 500
CONTACT = Contact.__tablename__


class MergeRefused(Exception):
    """The two cannot become one; `reason` is a code: same, missing, kinds."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """The ids in pieces a database takes at once."""
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]


def locked(*contact_ids: int) -> dict[int, dict[str, Any]]:
    """The contacts as rows of their table, locked until the unit of work ends."""
    table = Base.metadata.tables[CONTACT]
    found = db.session.execute(
        sa.select(table).where(table.c.id.in_(contact_ids)).order_by(table.c.id).with_for_update()
    )
    return {row["id"]: dict(row) for row in found.mappings()}


def doubles(rows: ContactRows | None, table: sa.Table, column: str, start: int, to: int) -> list[tuple[Values, Values]]:
    """Pairs of rows that would say the same if `column` named `to` instead of `start`: the row that stays first."""
    keys = [(key, False) for key in (rows or ContactRows(_model_of(table), ())).keys(column)]
    if rows is not None and rows.same and column in rows.columns:
        keys.append((rows.same, True))
    kept, dropped = table.alias("kept"), table.alias("dropped")
    pairs: list[tuple[Values, Values]] = []
    seen: set[int] = set()
    for key, asks in keys:
        others = [name for name in key if name != column]
        same = [_same_value(kept.c[name], dropped.c[name]) for name in others]
        found = db.session.execute(
            sa.select(kept.c.id, dropped.c.id)
            .select_from(kept.join(dropped, sa.and_(sa.true(), *same)))
            .where(kept.c[column] == to, dropped.c[column] == start)
            .order_by(dropped.c.id, kept.c.id)
        ).all()
        whole = _rows(table, {number for pair in found for number in pair})
        for one_id, other_id in found:
            one, other = whole[one_id], whole[other_id]
            if other_id in seen or (asks and rows is not None and not rows.alike(one, {**other, column: to})):
                continue
            seen.add(other_id)
            pairs.append((one, other))
    return pairs


def _same_value(one: sa.ColumnElement[Any], other: Any) -> sa.ColumnElement[bool]:
    # Two rows with nothing in a column say the same there, though no unique constraint would think so.
    return one.is_not_distinct_from(other) if getattr(one, "nullable", True) else one == other


def _rows(table: sa.Table, row_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for chunk in chunks(sorted(row_ids)):
        rows = db.session.execute(sa.select(table).where(table.c.id.in_(chunk))).mappings()
        found |= {row["id"]: dict(row) for row in rows}
    return found


def _model_of(table: sa.Table) -> type[Base]:
    return next(mapper.class_ for mapper in Base.registry.mappers if mapper.local_table is table)


class Merge:
    """One merge as it runs."""

    def __init__(self, record: ContactMerge) -> None:
        self.record = record
        self.counts: dict[str, int] = {}

    def note(
        self,
        kind: StepKind,
        table: sa.Table,
        row_ids: Sequence[int],
        before: Mapping[str, Any],
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep what a step did."""
        if kind in (StepKind.MOVED, StepKind.REMOVED):
            self.counts[table.name] = self.counts.get(table.name, 0) + len(row_ids)
        db.session.execute(
            sa.insert(MergeStep).values(
                merge_id=self.record.id,
                kind=kind,
                table_name=table.name,
                row_ids=list(row_ids),
                before={name: encode(value) for name, value in before.items()},
                after={name: encode(value) for name, value in (after or {}).items()},
            )
        )

    def follow(self, start: int, to: int) -> None:
        """Point everything that names the contact `start` to the contact `to`."""
        for rows in registry.contact_rows():
            for column in rows.columns:
                self.move(rows.table, column, start, to)

    def move(self, table: sa.Table, column: str, start: int, to: int) -> None:
        """Point the rows of a table that name `start` in a column to `to`; those that would say the same become one."""
        rows = registry.rows_of(table.name)
        if rows is not None and column in rows.apart:
            for row in self._of_both(table, rows.apart, start, to):
                self._remove(table, row)
        for kept, dropped in doubles(rows, table, column, start, to):
            if rows is not None and rows.set_aside:
                self._change(table, dropped, {rows.set_aside: start})
            else:
                self._fold(rows, table, kept, dropped)
        self._repoint(table, table.c[column], start, to)

    def _repoint(self, table: sa.Table, column: sa.Column[Any], start: Any, to: Any) -> None:
        ids = list(db.session.scalars(sa.select(table.c.id).where(column == start).order_by(table.c.id)))
        if not ids:
            return
        # By the column, not by ids: one statement however many there are. What names itself would go in circles.
        db.session.execute(sa.update(table).where(column == start).values({column.name: to}))
        self.note(StepKind.MOVED, table, ids, {column.name: start}, {column.name: to})

    def _of_both(self, table: sa.Table, columns: tuple[str, ...], start: int, to: int) -> list[dict[str, Any]]:
        one, other = (table.c[name] for name in columns)
        both = sa.or_(sa.and_(one == start, other == to), sa.and_(one == to, other == start))
        return [dict(row) for row in db.session.execute(sa.select(table).where(both)).mappings()]

    def _fold(self, rows: ContactRows | None, table: sa.Table, kept: Values, dropped: Values) -> None:
        """Make one row of two: what referred to the second refers to the first."""
        taken = (rows.combine if rows else fill_gaps)(kept, dropped)
        for child in Base.metadata.sorted_tables:
            for key in child.foreign_keys:
                if key.column.table is table:
                    self.move(child, key.parent.name, dropped["id"], kept["id"])
        for texts in registry.contact_rows():
            if texts.references:
                column = texts.table.c[texts.references]
                self._repoint(texts.table, column, f"{table.name}:{dropped['id']}", f"{table.name}:{kept['id']}")
        self._remove(table, dropped)
        if taken:
            self._change(table, kept, taken)

    def _remove(self, table: sa.Table, row: Values) -> None:
        db.session.execute(sa.delete(table).where(table.c.id == row["id"]))
        self.note(StepKind.REMOVED, table, [row["id"]], row)

    def _change(self, table: sa.Table, row: Values, values: Mapping[str, Any]) -> None:
        db.session.execute(sa.update(table).where(table.c.id == row["id"]).values(dict(values)))
        self.note(StepKind.CHANGED, table, [row["id"]], {name: row[name] for name in values}, values)

    def let_go(self, start: int, to: int) -> set[int]:
        """Let derived columns name `to`, and say whose they are; they are computed anew in the end."""
        touched: set[int] = set()
        for entry in registry.derived():
            table = Base.metadata.tables[entry.model.__tablename__]
            for name in entry.columns:
                column = table.c[name]
                touched |= set(db.session.scalars(sa.select(table.c.id).where(column == start)))
                db.session.execute(sa.update(table).where(column == start).values({name: to}))
        return touched

    def absorb(self, absorbed: Values, survivor: Values, values: Mapping[str, Any], other_names: Sequence[str]) -> None:
        """Let the one contact end in the other."""
        table = Base.metadata.tables[CONTACT]
        self.note(StepKind.REMOVED, table, [absorbed["id"]], absorbed)
        forget([absorbed["id"]])
        delete_rows(Contact, [absorbed])
        changed = {name: value for name, value in values.items() if survivor[name] != value}
        if survivor["parent_id"] == absorbed["id"]:
            # It was part of what it now is; the step that moved the column is taken back after this one.
            changed["parent_id"] = None
            survivor = {**survivor, "parent_id": survivor["id"]}
        if changed:
            before = {name: survivor[name] for name in changed}
            update_rows(Contact, [RowUpdate(survivor["id"], before, changed)])
            self.note(StepKind.CHANGED, table, [survivor["id"]], before, changed)
        known = set(db.session.scalars(sa.select(OtherName.name).where(OtherName.contact_id == survivor["id"])))
        added = [name for name in dict.fromkeys(other_names) if name not in known]
        ids = insert_rows(OtherName, [{"contact_id": survivor["id"], "name": name} for name in added])
        names = Base.metadata.tables[OtherName.__tablename__]
        for row_id, name in zip(ids, added, strict=True):
            self.note(StepKind.ADDED, names, [row_id], {}, {"contact_id": survivor["id"], "name": name})


def merge(
    survivor_id: int, absorbed_id: int, values: Mapping[str, Any] | None = None, *, other_names: Sequence[str] = ()
) -> ContactMerge:
    """Let the second contact become part of the first; `values` are columns of the survivor that change.

    Every row about the absorbed contact follows; `other_names` are kept with the survivor, and the absorbed contact's
    own name with them. Raises MergeRefused. Few statements for any number of rows, in the running unit of work.
    """
    contacts = locked(survivor_id, absorbed_id)
    if survivor_id == absorbed_id:
        raise MergeRefused("same")
    if len(contacts) < 2:
        raise MergeRefused("missing")
    survivor, absorbed = contacts[survivor_id], contacts[absorbed_id]
    if survivor["kind"] is not absorbed["kind"]:
        raise MergeRefused("kinds")
    work = current_unit_of_work()
    record = ContactMerge(
        survivor_id=survivor_id,
        absorbed_id=absorbed_id,
        absorbed_name=absorbed["name"],
        at=clock.now(),
        actor=work.actor,
    )
    db.session.add(record)
    db.session.flush()
    running = Merge(record)
    running.follow(absorbed_id, survivor_id)
    # Nothing it could be derived of is left with the one that goes.
    registry.project_rows([absorbed_id])
    touched = running.let_go(absorbed_id, survivor_id)
    name = (values or {}).get("name", survivor["name"])
    names = [known for known in (survivor["name"], absorbed["name"], *other_names) if known and known != name]
    running.absorb(absorbed, survivor, values or {}, names)
    record.counts = running.counts
    db.session.flush()
    work.notes["merged"] = {
        "merge": record.id,
        "absorbed": absorbed_id,
        "name": absorbed["name"],
        "into": survivor_id,
        "rows": running.counts,
    }
    db.session.expire_all()
    reproject({survivor_id, *touched})
    registry.rows_moved([survivor_id])
    return record


def reproject(contact_ids: Iterable[int]) -> None:
    """Compute the derived columns and rows of these contacts anew, and of whoever belongs to one of them."""
    wanted = set(contact_ids)
    project(wanted)
    registry.project_rows(wanted)
    for organization_id in _organizations_among(wanted):
        project_members(organization_id)


def _organizations_among(contact_ids: Iterable[int]) -> set[int]:
    found: set[int] = set()
    for chunk in chunks(sorted(contact_ids)):
        for column in (Membership.organization_id, Membership.on_behalf_of_id):
            named = sa.select(column).where(column.in_(chunk)).distinct()
            found.update(number for number in db.session.scalars(named) if number)
    return found
