"""Writes of many rows in few statements, each row with its own entry in the trail, so that undo can take them back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

import sqlalchemy as sa

from crm.audit.models import Change, ChangeKind
from crm.audit.recording import change_set_of, encode
from crm.database import Base
from crm.extensions import db
from crm.many_rows import insert_columns, new_ids
from crm.unit_of_work import current_unit_of_work

Row = Mapping[str, Any]


@dataclass(frozen=True)
class RowUpdate:
    """New values of a row's columns beside those they replace, which undo puts back."""

    row_id: int
    before: Row
    after: Row


def _table(model: type[Base]) -> sa.Table:
    table = Base.metadata.tables[model.__tablename__]
    if not model.__audited__ or any(column.info.get("secret") for column in table.columns):
        raise ValueError(f"{table.name} is not audited or holds secrets: write its rows one by one")
    return table


# Most values are JSON already; asking `encode` about each is what a large import would spend its time with.
_PLAIN = frozenset({str, int, type(None), bool, float, list, dict})


def _encoded(row: Row) -> dict[str, Any]:
    return {name: value if type(value) in _PLAIN else encode(value) for name, value in row.items()}


def _encoded_column(values: Sequence[Any]) -> Sequence[Any]:
    kinds = set(map(type, values)) - _PLAIN
    if not kinds:
        return values
    if all(issubclass(kind, Enum | date) for kind in kinds):
        # Few different ones, and what is equal is written alike.
        known = {value: encode(value) for value in set(values)}
        return [known[value] for value in values]
    return [value if type(value) in _PLAIN else encode(value) for value in values]


def _record(
    table: sa.Table,
    kind: ChangeKind,
    row_ids: Sequence[int],
    before: Sequence[dict[str, Any]],
    after: Sequence[dict[str, Any]],
) -> None:
    session = db.session()
    change_set_id = change_set_of(session, current_unit_of_work())
    count = len(row_ids)
    insert_columns(
        session.connection(),
        Change.__table__,  # type: ignore[arg-type]  # it is a table
        {
            "change_set_id": [change_set_id] * count,
            "table_name": [table.name] * count,
            "row_id": row_ids,
            "kind": [kind] * count,
            "before": before,
            "after": after,
        },
    )


def _whole_columns(table: sa.Table, rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Every stored column but the id, with the model's defaults, so that the trail has the rows whole."""
    columns: dict[str, list[Any]] = {}
    known = set(table.c.keys())
    for row in rows:
        if not row.keys() <= known:
            raise ValueError(f"{table.name} has no {', '.join(row.keys() - known)}")
    for column in table.columns:
        if column.primary_key or column.computed is not None:
            continue
        name, default = column.name, _default(column)
        columns[name] = [row.get(name, default) for row in rows]
    return columns


def _default(column: sa.Column[Any]) -> Any:
    default: Any = column.default
    if default is None:
        return None
    return default.arg(None) if default.is_callable else default.arg


def insert_rows(model: type[Base], rows: Sequence[Row]) -> list[int]:
    """Insert rows (columns by name; defaults as in the model) and return their ids in the same order."""
    if not rows:
        return []
    table = _table(model)
    connection = db.session.connection()
    row_ids = new_ids(connection, table, len(rows))
    columns = {"id": row_ids, **_whole_columns(table, rows)}
    insert_columns(connection, table, columns)
    encoded = zip(*map(_encoded_column, columns.values()), strict=True)
    after = [dict(zip(columns, values, strict=True)) for values in encoded]
    _record(table, ChangeKind.INSERT, row_ids, [{}] * len(rows), after)
    return row_ids


def update_rows(model: type[Base], updates: Sequence[RowUpdate]) -> None:
    """Write new values into rows; objects the session holds are read again when they are next used."""
    if not updates:
        return
    table = _table(model)
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for update in updates:
        alike[tuple(update.after)].append({**update.after, "the_row": update.row_id})
    connection = db.session.connection()
    for names, rows in alike.items():
        values = {name: sa.bindparam(name, type_=table.c[name].type) for name in names}
        connection.execute(sa.update(table).where(table.c.id == sa.bindparam("the_row")).values(values), rows)
    _record(
        table,
        ChangeKind.UPDATE,
        [update.row_id for update in updates],
        [_encoded(update.before) for update in updates],
        [_encoded(update.after) for update in updates],
    )
    db.session.expire_all()


def delete_rows(model: type[Base], rows: Sequence[Row]) -> None:
    """Delete rows that were read whole (columns by name, `id` among them)."""
    if not rows:
        return
    table = _table(model)
    db.session.connection().execute(sa.delete(table).where(table.c.id.in_([row["id"] for row in rows])))
    _record(table, ChangeKind.DELETE, [row["id"] for row in rows], [_encoded(row) for row in rows], [{}] * len(rows))
    db.session.expire_all()


def restore_rows(model: type[Base], rows: Sequence[Row]) -> None:
    """Insert rows that were there before, with every column and the id they had."""
    if not rows:
        return
    table = _table(model)
    stored = [name for name in table.c.keys() if table.c[name].computed is None]  # noqa: SIM118 - not a dict
    db.session.connection().execute(
        sa.insert(table), [{name: row[name] for name in stored if name in row} for row in rows]
    )
    _record(table, ChangeKind.INSERT, [row["id"] for row in rows], [{}] * len(rows), [_encoded(row) for row in rows])
