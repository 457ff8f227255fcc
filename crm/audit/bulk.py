"""Writes of many rows in few statements, each row with its own entry in the trail, so that undo can take them back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.audit.models import Change, ChangeKind
from crm.audit.recording import change_set_of, encode
from crm.database import Base
from crm.extensions import db
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


def _record(table: sa.Table, kind: ChangeKind, rows: Sequence[tuple[int, Row, Row]]) -> None:
    session = db.session()
    change_set_id = change_set_of(session, current_unit_of_work())
    session.connection().execute(
        sa.insert(Change),
        [
            {
                "change_set_id": change_set_id,
                "table_name": table.name,
                "row_id": row_id,
                "kind": kind,
                "before": _encoded(before),
                "after": _encoded(after),
            }
            for row_id, before, after in rows
        ],
    )


def _with_defaults(table: sa.Table, row: Row) -> dict[str, Any]:
    """Every stored column of the row but its id, so that the trail has it whole."""
    whole: dict[str, Any] = {}
    for column in table.columns:
        if column.primary_key or column.computed is not None:
            continue
        default: Any = column.default
        if column.name in row:
            whole[column.name] = row[column.name]
        elif default is None:
            whole[column.name] = None
        else:
            whole[column.name] = default.arg(None) if default.is_callable else default.arg
    return whole


def insert_rows(model: type[Base], rows: Sequence[Row]) -> list[int]:
    """Insert rows (columns by name; defaults as in the model) and return their ids in the same order."""
    if not rows:
        return []
    table = _table(model)
    whole = [_with_defaults(table, row) for row in rows]
    statement = sa.insert(table).returning(table.c.id, sort_by_parameter_order=True)
    row_ids = list(db.session.connection().execute(statement, whole).scalars())
    _record(
        table,
        ChangeKind.INSERT,
        [(row_id, {}, {"id": row_id, **row}) for row_id, row in zip(row_ids, whole, strict=True)],
    )
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
    _record(table, ChangeKind.UPDATE, [(update.row_id, update.before, update.after) for update in updates])
    db.session.expire_all()


def delete_rows(model: type[Base], rows: Sequence[Row]) -> None:
    """Delete rows that were read whole (columns by name, `id` among them)."""
    if not rows:
        return
    table = _table(model)
    db.session.connection().execute(sa.delete(table).where(table.c.id.in_([row["id"] for row in rows])))
    _record(table, ChangeKind.DELETE, [(row["id"], row, {}) for row in rows])
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
    _record(table, ChangeKind.INSERT, [(row["id"], {}, row) for row in rows])
