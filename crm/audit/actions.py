"""The one undo: a change set applied backwards, where what it left behind still stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from crm.audit.models import Change, ChangeKind, ChangeSet
from crm.audit.recording import REDACTED, change_set_of, decode, encode
from crm.database import Base
from crm.extensions import db
from crm.unit_of_work import current_unit_of_work

UndoListener = Callable[[Sequence[Change]], None]
_listeners: list[UndoListener] = []


def on_undo(listener: UndoListener) -> None:
    """Call `listener` with the changes of every change set that is undone, in the same transaction."""
    if listener not in _listeners:
        _listeners.append(listener)


class Refusal(StrEnum):
    """Why a change set cannot be undone."""

    MISSING = "missing"  # no such change set, or it changed nothing
    UNDONE = "undone"  # it was undone already
    CHANGED = "changed"  # a row it left behind has changed since
    NEEDED = "needed"  # other rows have come to need what it made
    SECRET = "secret"  # noqa: S105  # the trail does not keep what was there before
    BULK = "bulk"  # part of it was written in bulk and only summed up
    KEPT = "kept"  # its table has rules of its own for going back


class UndoRefused(Exception):
    """The change set cannot be undone, or not any more; `reason` says why."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


def _columns(table: sa.Table, values: dict[str, Any]) -> dict[str, Any]:
    return {name: decode(table.c[name], value) for name, value in values.items()}


def _current(table: sa.Table, row_id: int) -> dict[str, Any] | None:
    row = db.session.execute(sa.select(table).where(table.c.id == row_id)).mappings().one_or_none()
    return None if row is None else {name: encode(value) for name, value in row.items()}


def _revert(table: sa.Table, change: Change) -> None:
    current = _current(table, change.row_id)
    if REDACTED in change.before.values():
        raise UndoRefused(Refusal.SECRET)
    if not change.before.keys() <= set(table.c.keys()):
        raise UndoRefused(Refusal.CHANGED)
    if change.kind is ChangeKind.DELETE:
        if current is not None:
            raise UndoRefused(Refusal.CHANGED)
        db.session.execute(sa.insert(table).values(_columns(table, change.before)))
        return
    expected = {name: value for name, value in change.after.items() if value != REDACTED}
    if current is None or any(current.get(name) != value for name, value in expected.items()):
        raise UndoRefused(Refusal.CHANGED)
    row = table.c.id == change.row_id
    if change.kind is ChangeKind.INSERT:
        db.session.execute(sa.delete(table).where(row))
    else:
        db.session.execute(sa.update(table).where(row).values(_columns(table, change.before)))


_OPPOSITE = {
    ChangeKind.INSERT: ChangeKind.DELETE,
    ChangeKind.DELETE: ChangeKind.INSERT,
    ChangeKind.UPDATE: ChangeKind.UPDATE,
}


def undo(change_set_id: int) -> int:
    """Apply a change set backwards inside the running unit of work and return the id of the new change set.

    Nothing is undone in part: UndoRefused is raised, and the unit rolls back, where a row has changed since.
    """
    session = db.session()
    undone = session.get(ChangeSet, change_set_id)
    changes = session.scalars(
        sa.select(Change).where(Change.change_set_id == change_set_id).order_by(Change.id.desc())
    ).all()
    if undone is None or not changes:
        raise UndoRefused(Refusal.MISSING)
    if session.scalar(sa.select(ChangeSet.id).where(ChangeSet.undoes_id == change_set_id)) is not None:
        raise UndoRefused(Refusal.UNDONE)
    if undone.notes:
        raise UndoRefused(Refusal.BULK)
    undoable = {mapper.class_.__tablename__ for mapper in Base.registry.mappers if mapper.class_.__undoable__}
    if any(change.table_name not in undoable for change in changes):
        raise UndoRefused(Refusal.KEPT)
    try:
        # First what stands on the rows (entries of a timeline), then the rows.
        for listener in _listeners:
            listener(changes)
        for change in changes:
            _revert(Base.metadata.tables[change.table_name], change)
    except IntegrityError:
        raise UndoRefused(Refusal.NEEDED) from None
    undone_by = change_set_of(session, current_unit_of_work())
    session.execute(
        sa.update(ChangeSet)
        .where(ChangeSet.id == undone_by)
        # Going back, and forth again, needs what the deed itself needed.
        .values(undoes_id=change_set_id, permission=undone.permission)
    )
    session.execute(
        sa.insert(Change),
        [
            {
                "change_set_id": undone_by,
                "table_name": change.table_name,
                "row_id": change.row_id,
                "kind": _OPPOSITE[change.kind],
                "before": change.after,
                "after": change.before,
            }
            for change in changes
        ],
    )
    session.expire_all()
    return undone_by
