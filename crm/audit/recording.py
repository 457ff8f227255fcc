"""Writes the trail: session events that turn every flushed row into a Change of the running unit of work."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, inspect
from sqlalchemy.orm import Mapper, Session, object_session

from crm import clock
from crm.audit.models import Change, ChangeKind, ChangeSet
from crm.database import Base
from crm.extensions import db
from crm.policy import permission_of_request
from crm.unit_of_work import UnitOfWork, current_unit_of_work

REDACTED = "***"
_ROWS = "audited rows"


def encode(value: Any) -> Any:
    """A column's value as JSON: times in UTC and days in ISO 8601, enums by value, decimals as text, bytes left out."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return REDACTED if isinstance(value, bytes) else value


def decode(column: sa.Column[Any], value: Any) -> Any:
    """The Python value of what `encode` wrote for this column."""
    if not isinstance(value, str):
        return value
    kind = column.type.python_type
    if issubclass(kind, Enum | Decimal):
        return kind(value)
    return kind.fromisoformat(value) if issubclass(kind, date | time) else value


def change_set_of(session: Session, work: UnitOfWork) -> int:
    """The id of the unit's change set, made on first use."""
    if work.change_set_id is None:
        statement = sa.insert(ChangeSet).values(
            at=clock.now(),
            action=work.action,
            actor=work.actor,
            permission=permission_of_request(),
            notes=work.notes,
            undoes_id=None,
        )
        work.change_set_id = session.connection().execute(statement.returning(ChangeSet.id)).scalar_one()
    return work.change_set_id


def _redacted(column: sa.Column[Any], value: Any) -> Any:
    return REDACTED if column.info.get("secret") and value is not None else value


def _columns(row: Base) -> list[tuple[str, sa.Column[Any]]]:
    """Attribute and column of everything stored; what the database computes itself can be neither kept nor undone."""
    columns = [(attribute.key, attribute.columns[0]) for attribute in inspect(row).mapper.column_attrs]
    return [(key, column) for key, column in columns if column.computed is None]  # type: ignore[misc]


def _whole(row: Base) -> dict[str, Any]:
    return {column.name: _redacted(column, encode(getattr(row, key))) for key, column in _columns(row)}


def _changed(row: Base) -> tuple[dict[str, Any], dict[str, Any]]:
    before, after = {}, {}
    for key, column in _columns(row):
        history = inspect(row).attrs[key].history
        if not history.has_changes():
            continue
        old = encode(history.deleted[0]) if history.deleted else None
        new = encode(getattr(row, key))
        if old != new:
            before[column.name] = _redacted(column, old)
            after[column.name] = _redacted(column, new)
    return before, after


def _keep(row: Base, kind: ChangeKind, before: dict[str, Any], after: dict[str, Any]) -> None:
    session = object_session(row)
    if session is not None and (before or after):
        change = {"table_name": row.__tablename__, "row_id": row.id, "kind": kind, "before": before, "after": after}
        session.info.setdefault(_ROWS, []).append(change)


# The mapper tells of rows in the order of their foreign keys: undone backwards, none loses the row it stands on.
def _inserted(_mapper: Mapper[Any], _connection: sa.Connection, row: Base) -> None:
    if row.__audited__:
        _keep(row, ChangeKind.INSERT, {}, _whole(row))


def _updated(_mapper: Mapper[Any], _connection: sa.Connection, row: Base) -> None:
    if row.__audited__:
        _keep(row, ChangeKind.UPDATE, *_changed(row))


def _to_be_deleted(_mapper: Mapper[Any], _connection: sa.Connection, row: Base) -> None:
    if row.__audited__:
        _keep(row, ChangeKind.DELETE, _whole(row), {})


def _begin_flush(session: Session, _context: Any, _instances: Any) -> None:
    session.info[_ROWS] = []
    if session.new or session.deleted or any(session.is_modified(row) for row in session.dirty):
        current_unit_of_work()


def _record_flush(session: Session, _context: Any) -> None:
    rows = session.info.pop(_ROWS, [])
    if rows:
        change_set_id = change_set_of(session, current_unit_of_work())
        session.connection().execute(sa.insert(Change), [{"change_set_id": change_set_id, **row} for row in rows])


def _write_notes(session: Session) -> None:
    work = session.info.get("unit_of_work")
    if isinstance(work, UnitOfWork) and work.notes:
        change_set_id = change_set_of(session, work)
        session.connection().execute(sa.update(ChangeSet).where(ChangeSet.id == change_set_id).values(notes=work.notes))


def listen() -> None:
    """Attach the recorder to the app's session and to every table, once per process."""
    if event.contains(db.session, "after_flush", _record_flush):
        return
    event.listen(db.session, "before_flush", _begin_flush)
    event.listen(db.session, "after_flush", _record_flush)
    event.listen(db.session, "before_commit", _write_notes)
    event.listen(Base, "after_insert", _inserted, propagate=True)
    event.listen(Base, "after_update", _updated, propagate=True)
    event.listen(Base, "before_delete", _to_be_deleted, propagate=True)
