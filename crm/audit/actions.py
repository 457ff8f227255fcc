"""The one undo: a change set applied backwards, where what it left behind still stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


class UndoRefused(Exception):
    """The change set cannot be undone any more; `reason` is a code: missing, undone, secret, changed, needed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _columns(table: sa.Table, values: dict[str, Any]) -> dict[str, Any]:
    return {name: decode(table.c[name], value) for name, value in values.items()}


def _current(table: sa.Table, row_id: int) -> dict[str, Any] | None:
    row = db.session.execute(sa.select(table).where(table.c.id == row_id)).mappings().one_or_none()
    return None if row is None else {name: encode(value) for name, value in row.items()}


def _revert(table: sa.Table, change: Change) -> None:
    current = _current(table, change.row_id)
    if REDACTED in change.before.values() or (change.kind is ChangeKind.DELETE and REDACTED in change.after.values()):
        raise UndoRefused("secret")
    if change.kind is ChangeKind.DELETE:
        if current is not None:
            raise UndoRefused("changed")
        db.session.execute(sa.insert(table).values(_columns(table, change.before)))
        return
    expected = {name: value for name, value in change.after.items() if value != REDACTED}
    if current is None or any(current[name] != value for name, value in expected.items()):
        raise UndoRefused("changed")
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
    if session.get(ChangeSet, change_set_id) is None:
        raise UndoRefused("missing")
    if session.scalar(sa.select(ChangeSet.id).where(ChangeSet.undoes_id == change_set_id)) is not None:
        raise UndoRefused("undone")
    changes = session.scalars(
        sa.select(Change).where(Change.change_set_id == change_set_id).order_by(Change.id.desc())
    ).all()
    if not changes:
        raise UndoRefused("missing")
    try:
        for change in changes:
            _revert(Base.metadata.tables[change.table_name], change)
    except IntegrityError:
        raise UndoRefused("needed") from None
    undone_by = change_set_of(session, current_unit_of_work())
    session.execute(sa.update(ChangeSet).where(ChangeSet.id == undone_by).values(undoes_id=change_set_id))
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
    for listener in _listeners:
        listener(changes)
    session.expire_all()
    return undone_by
