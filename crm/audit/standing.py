"""Whether what change sets left behind still stands, told by the trail alone: several at once, for a list."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from crm.audit.actions import still_stands
from crm.audit.models import Change, ChangeKind
from crm.database import Base
from crm.extensions import db

# So many rows of each are looked at: of more, the undo itself finds out.
_LOOKED_AT = 12
_Row = tuple[int, str, int]  # the change set, the table, the row in it
_State = dict[str, Any] | None  # of a row, as far as a change set wrote it; None once it is gone


def overtaken(change_set_ids: Collection[int]) -> set[int]:
    """Those of the change sets of which the trail tells a row that has changed since, in two queries."""
    rank = sa.func.row_number().over(partition_by=Change.change_set_id, order_by=Change.id).label("rank")
    columns = (Change.id, Change.change_set_id, Change.table_name, Change.row_id, Change.kind, Change.after)
    written = sa.select(*columns, rank).where(Change.change_set_id.in_(change_set_ids)).subquery()
    first = db.session.execute(sa.select(written).where(written.c.rank <= _LOOKED_AT).order_by(written.c.id)).all()
    later = db.session.execute(
        sa.select(written.c.change_set_id.label("of"), *columns)
        .join(
            Change,
            sa.and_(
                Change.table_name == written.c.table_name,
                Change.row_id == written.c.row_id,
                Change.change_set_id > written.c.change_set_id,
            ),
        )
        .where(written.c.rank <= _LOOKED_AT)
        .order_by(Change.id)
    ).all()
    left: dict[_Row, _State] = {}
    for change in first:
        row = (change.change_set_id, change.table_name, change.row_id)
        left[row] = _after(left.get(row, {}), change)
    now = dict(left)
    for change in later:
        row = (change.of, change.table_name, change.row_id)
        now[row] = _after(now[row], change)
    return {row[0] for row, state in left.items() if not _stands(row[1], state, now[row])}


def _stands(table: str, left: _State, now: _State) -> bool:
    written = Change(kind=ChangeKind.DELETE if left is None else ChangeKind.UPDATE, after=left or {})
    return table in Base.metadata.tables and still_stands(Base.metadata.tables[table], written, now)


def _after(state: _State, change: Any) -> _State:
    if change.kind is ChangeKind.DELETE:
        return None
    return dict(change.after) if change.kind is ChangeKind.INSERT else {**(state or {}), **change.after}
