"""The one undo: a change set applied backwards, where what it left behind still stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from crm.audit.models import Change, ChangeKind, ChangeSet
from crm.audit.queries import MOST_AT_ONCE, kept_tables
from crm.audit.recording import REDACTED, change_set_of, decode, encode
from crm.database import Base
from crm.extensions import db
from crm.unit_of_work import current_unit_of_work

CHUNK = 500
UndoListener = Callable[[Sequence[Change]], None]
Progress = Callable[[int, int], None]
_before: list[UndoListener] = []
_after: list[UndoListener] = []
_clears: set[str] = set()


def on_undo(listener: UndoListener, *, clears: str = "") -> None:
    """Call `listener` with the changes of every change set about to be undone, in the same transaction.

    With `clears` it removes what rows of that table say of rows that go, so that they hold nothing back.
    """
    if listener not in _before:
        _before.append(listener)
    if clears:
        _clears.add(clears)


def cleared_tables() -> frozenset[str]:
    """The tables whose rows go with what they are about; see `on_undo`."""
    return frozenset(_clears)


def after_undo(listener: UndoListener) -> None:
    """Call `listener` with the changes of every change set that was undone, in the same transaction.

    This is where columns marked `info={"derived": True}` are computed anew: undo itself leaves them as they are.
    """
    if listener not in _after:
        _after.append(listener)


class Refusal(StrEnum):
    """Why a change set cannot be undone."""

    MISSING = "missing"  # no such change set, or it changed nothing
    UNDONE = "undone"  # it was undone already
    CHANGED = "changed"  # a row it left behind has changed since
    NEEDED = "needed"  # other rows have come to need what it made
    GONE = "gone"  # what it would bring back belonged to a row that is gone, or something stands in its place
    SECRET = "secret"  # noqa: S105  # the trail does not keep what was there before
    BULK = "bulk"  # part of it was written in bulk and only summed up
    LARGE = "large"  # so many rows would keep everybody else waiting; see `parts`
    KEPT = "kept"  # its table has rules of its own for going back


class UndoRefused(Exception):
    """The change set cannot be undone, or not any more; `reason` says why, `changes` which do not stand, if known."""

    def __init__(self, reason: Refusal, changes: Sequence[Change] = ()) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.changes = changes


def _columns(table: sa.Table, values: dict[str, Any]) -> dict[str, Any]:
    return {name: decode(table.c[name], value) for name, value in values.items()}


def _current(table: sa.Table, row_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    found = db.session.execute(sa.select(table).where(table.c.id.in_(row_ids)).with_for_update()).mappings()
    return {row["id"]: {name: encode(value) for name, value in row.items()} for row in found}


def _is_derived(table: sa.Table, name: str) -> bool:
    return name in table.c and bool(table.c[name].info.get("derived"))


def _without_derived(table: sa.Table, values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if not _is_derived(table, name)}


def still_stands(table: sa.Table, change: Change, current: dict[str, Any] | None) -> bool:
    """Whether the row is what the change left behind.

    Derived columns and time stamps follow what others do, so they are no part of that.
    """
    if change.kind is ChangeKind.DELETE or current is None:
        return change.kind is ChangeKind.DELETE and current is None
    return all(
        current.get(name) == value
        for name, value in _without_derived(table, change.after).items()
        if value != REDACTED and (name not in table.c or table.c[name].onupdate is None)
    )


def _put_back(table: sa.Table, change: Change) -> dict[str, Any]:
    """The values to write; a row that comes back has its derived ones too, but for rows it pointed to, perhaps gone."""
    return {
        name: value
        for name, value in change.before.items()
        if not _is_derived(table, name) or (change.kind is ChangeKind.DELETE and not table.c[name].foreign_keys)
    }


def _revert(table: sa.Table, kind: ChangeKind, changes: Sequence[Change]) -> None:
    """Take back changes of one kind to different rows of one table."""
    if any(REDACTED in change.before.values() for change in changes):
        raise UndoRefused(Refusal.SECRET)
    if not all(change.before.keys() <= set(table.c.keys()) for change in changes):
        raise UndoRefused(Refusal.CHANGED)
    row_ids = [change.row_id for change in changes]
    current = _current(table, row_ids)
    if not all(still_stands(table, change, current.get(change.row_id)) for change in changes):
        raise UndoRefused(Refusal.CHANGED)
    if kind is ChangeKind.INSERT:
        db.session.execute(sa.delete(table).where(table.c.id.in_(row_ids)))
        return
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for change in changes:
        before = _put_back(table, change)
        alike[tuple(before)].append({**_columns(table, before), "the_row": change.row_id})
    # By the connection: these are rows of a table, not objects of the session.
    connection = db.session.connection()
    for names, rows in alike.items():
        values = {name: sa.bindparam(name, type_=table.c[name].type) for name in names}
        if kind is ChangeKind.DELETE:
            connection.execute(
                sa.insert(table), [{name: value for name, value in row.items() if name != "the_row"} for row in rows]
            )
        else:
            connection.execute(sa.update(table).where(table.c.id == sa.bindparam("the_row")).values(values), rows)


def runs(changes: Sequence[Change]) -> Iterator[tuple[sa.Table, ChangeKind, list[Change]]]:
    """The changes in their order, cut into runs of one table and kind in which no row comes twice."""
    run: list[Change] = []
    rows: set[int] = set()
    for change in changes:
        same = run and (run[0].table_name, run[0].kind) == (change.table_name, change.kind)
        if run and (not same or change.row_id in rows or len(run) == CHUNK):
            yield Base.metadata.tables[run[0].table_name], run[0].kind, run
            run, rows = [], set()
        run.append(change)
        rows.add(change.row_id)
    if run:
        yield Base.metadata.tables[run[0].table_name], run[0].kind, run


_OPPOSITE = {
    ChangeKind.INSERT: ChangeKind.DELETE,
    ChangeKind.DELETE: ChangeKind.INSERT,
    ChangeKind.UPDATE: ChangeKind.UPDATE,
}


def is_all_derived(change: Change) -> bool:
    """Whether nothing but derived columns changed."""
    table = Base.metadata.tables[change.table_name]
    return change.kind is ChangeKind.UPDATE and not _without_derived(table, change.after)


def _opposite(change: Change, change_set_id: int) -> dict[str, Any]:
    """The entry in the trail for the change taken back; a row made or removed is kept whole."""
    before, after = change.after, change.before
    if change.kind is ChangeKind.UPDATE:
        table = Base.metadata.tables[change.table_name]
        before, after = _without_derived(table, before), _without_derived(table, after)
    return {
        "change_set_id": change_set_id,
        "table_name": change.table_name,
        "row_id": change.row_id,
        "kind": _OPPOSITE[change.kind],
        "before": before,
        "after": after,
    }


def untold(_done: int, _total: int) -> None:
    """Progress that nobody watches."""


def go_back(changes: Sequence[Change], undone_by: int, progress: Progress = untold) -> None:
    """Take the changes back, the latest first, and note in the trail of the change set `undone_by` that they were."""
    for change in changes:
        # The session forgets below what it has read; thousands of changes must not be read again one by one.
        if change in db.session:
            db.session.expunge(change)
    own = [change for change in changes if not is_all_derived(change)]
    try:
        # First what stands on the rows (entries of a timeline), then the rows.
        for listener in _before:
            listener(changes)
        done = 0
        for table, kind, run in runs(own):
            try:
                _revert(table, kind, run)
            except IntegrityError:
                raise UndoRefused(Refusal.NEEDED if kind is ChangeKind.INSERT else Refusal.GONE) from None
            done += len(run)
            progress(done, len(own))
    except IntegrityError:
        raise UndoRefused(Refusal.NEEDED) from None
    if own:
        db.session.execute(sa.insert(Change), [_opposite(change, undone_by) for change in own])
    db.session.expire_all()
    for listener in _after:
        listener(changes)


def check_permitted(change_set_id: int) -> ChangeSet:
    """The change set, if it is of those that can be undone at all, or else UndoRefused."""
    undone = db.session.get(ChangeSet, change_set_id)
    of_set = Change.change_set_id == change_set_id
    names = set(db.session.scalars(sa.select(Change.table_name).where(of_set).distinct()))
    if undone is None or not names:
        raise UndoRefused(Refusal.MISSING)
    if undone.notes:
        raise UndoRefused(Refusal.BULK)
    if names & kept_tables() or not names <= Base.metadata.tables.keys():
        raise UndoRefused(Refusal.KEPT)
    return undone


def begin_undo(change_set_id: int) -> int:
    """Claim the undo of a change set for the running unit of work; the id of the change set that takes it back."""
    session = db.session()
    if session.scalar(sa.select(ChangeSet.id).where(ChangeSet.undoes_id == change_set_id)) is not None:
        raise UndoRefused(Refusal.UNDONE)
    undone = check_permitted(change_set_id)
    undone_by = change_set_of(session, current_unit_of_work())
    # Going back, and forth again, needs what the deed itself needed.
    claim = sa.update(ChangeSet).where(ChangeSet.id == undone_by)
    try:
        session.execute(claim.values(undoes_id=change_set_id, permission=undone.permission))
    except IntegrityError:
        raise UndoRefused(Refusal.UNDONE) from None
    return undone_by


def undo(change_set_id: int, progress: Progress = untold) -> int:
    """Apply a change set backwards inside the running unit of work and return the id of the new change set.

    `progress` is told how many changes of how many are taken back.
    Nothing is undone in part: UndoRefused is raised, and the unit rolls back, where a row has changed since.
    """
    of_set = sa.select(sa.func.count()).where(Change.change_set_id == change_set_id)
    if (db.session.scalar(of_set) or 0) > MOST_AT_ONCE:
        raise UndoRefused(Refusal.LARGE)
    undone_by = begin_undo(change_set_id)
    changes = db.session.scalars(
        sa.select(Change).where(Change.change_set_id == change_set_id).order_by(Change.id.desc())
    ).all()
    go_back(changes, undone_by, progress)
    return undone_by
