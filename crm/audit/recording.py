"""Writes the trail: session events that turn every flushed row into a Change of the running unit of work."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, inspect
from sqlalchemy.orm import Session

from crm import clock
from crm.audit.models import Change, ChangeKind, ChangeSet
from crm.database import Base
from crm.extensions import db
from crm.unit_of_work import UnitOfWork, current_unit_of_work

REDACTED = "***"


def encode(value: Any) -> Any:
    """A column's value as JSON: dates in ISO 8601, enums by value, bytes by length."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return value


def decode(column: sa.Column[Any], value: Any) -> Any:
    """The Python value of what `encode` wrote for this column."""
    if not isinstance(value, str):
        return value
    kind = column.type.python_type
    if issubclass(kind, Enum):
        return kind(value)
    return kind.fromisoformat(value) if issubclass(kind, date) else value


def change_set_of(session: Session, work: UnitOfWork) -> int:
    """The id of the unit's change set, made on first use."""
    if work.change_set_id is None:
        statement = sa.insert(ChangeSet).values(
            at=clock.now(), action=work.action, actor=work.actor, notes=work.notes, undoes_id=None
        )
        work.change_set_id = session.connection().execute(statement.returning(ChangeSet.id)).scalar_one()
    return work.change_set_id


def _column_value(row: Base, attribute: str, column: sa.Column[Any]) -> Any:
    value = encode(getattr(row, attribute))
    return REDACTED if column.info.get("secret") and value is not None else value


def _columns(row: Base) -> list[tuple[str, sa.Column[Any]]]:
    """Attribute and column of everything stored; what the database computes itself can be neither kept nor undone."""
    columns = [(attribute.key, attribute.columns[0]) for attribute in inspect(row).mapper.column_attrs]
    return [(key, column) for key, column in columns if column.computed is None]  # type: ignore[misc]


def _whole(row: Base) -> dict[str, Any]:
    return {column.name: _column_value(row, key, column) for key, column in _columns(row)}


def _changed(row: Base) -> tuple[dict[str, Any], dict[str, Any]]:
    before, after = {}, {}
    for key, column in _columns(row):
        history = inspect(row).attrs[key].history
        if not history.has_changes():
            continue
        old = encode(history.deleted[0]) if history.deleted else None
        new = encode(getattr(row, key))
        if old != new:
            secret = column.info.get("secret")
            before[column.name] = REDACTED if secret else old
            after[column.name] = REDACTED if secret else new
    return before, after


def _refuse_write_outside_unit(session: Session, _context: Any, _instances: Any) -> None:
    if session.new or session.deleted or any(session.is_modified(row) for row in session.dirty):
        current_unit_of_work()


def _record_flush(session: Session, _context: Any) -> None:
    rows: list[tuple[Base, ChangeKind, dict[str, Any], dict[str, Any]]] = []
    rows += [(row, ChangeKind.INSERT, {}, _whole(row)) for row in session.new if row.__audited__]
    for row in session.dirty:
        if row.__audited__ and session.is_modified(row):
            before, after = _changed(row)
            if after:
                rows.append((row, ChangeKind.UPDATE, before, after))
    rows += [(row, ChangeKind.DELETE, _whole(row), {}) for row in session.deleted if row.__audited__]
    if not rows:
        return
    change_set_id = change_set_of(session, current_unit_of_work())
    session.connection().execute(
        sa.insert(Change),
        [
            {
                "change_set_id": change_set_id,
                "table_name": row.__tablename__,
                "row_id": row.id,
                "kind": kind,
                "before": before,
                "after": after,
            }
            for row, kind, before, after in rows
        ],
    )


def _write_notes(session: Session) -> None:
    work = session.info.get("unit_of_work")
    if isinstance(work, UnitOfWork) and work.notes:
        change_set_id = change_set_of(session, work)
        session.connection().execute(sa.update(ChangeSet).where(ChangeSet.id == change_set_id).values(notes=work.notes))


def listen() -> None:
    """Attach the recorder to the app's session, once per process."""
    if not event.contains(db.session, "after_flush", _record_flush):
        event.listen(db.session, "before_flush", _refuse_write_outside_unit)
        event.listen(db.session, "after_flush", _record_flush)
        event.listen(db.session, "before_commit", _write_notes)
