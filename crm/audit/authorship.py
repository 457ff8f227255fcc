"""Whose the values of a row are: who gave them, the columns users have set by hand, the rows they have deleted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crm.audit.models import Change, ChangeKind, ChangeSet
from crm.database import Base
from crm.extensions import db

_CHUNK = 500


def _undone(change_set_ids: Collection[int]) -> set[int]:
    """Those of the change sets that do not stand any more: their undo does."""
    followed: dict[int, int] = {}
    asked = list(change_set_ids)
    while asked:
        found = {
            row.undoes_id: row.id
            for row in db.session.execute(
                sa.select(ChangeSet.id, ChangeSet.undoes_id).where(ChangeSet.undoes_id.in_(asked))
            )
        }
        followed |= found
        asked = list(found.values())

    def stands(change_set_id: int) -> bool:
        undo = followed.get(change_set_id)
        return undo is None or not stands(undo)

    return {change_set_id for change_set_id in change_set_ids if not stands(change_set_id)}


def _in_chunks(values: Iterable[int]) -> Iterator[list[int]]:
    listed = list(values)
    for start in range(0, len(listed), _CHUNK):
        yield listed[start : start + _CHUNK]


def columns_set_by_hand(model: type[Base], row_ids: Iterable[int], *, but_not_by: str) -> dict[int, frozenset[str]]:
    """Of each row, the columns whose present value a user gave it, in any action but `but_not_by`.

    What was undone, and its undoing, leave things as they were before and do not count.
    """
    by_hand = sa.and_(ChangeSet.actor.like("user:%"), ChangeSet.action != but_not_by).label("by_hand")
    changes = sa.select(
        Change.change_set_id, Change.row_id, Change.kind, Change.after, by_hand, ChangeSet.undoes_id
    ).join(ChangeSet, ChangeSet.id == Change.change_set_id)
    columns: dict[int, set[str]] = defaultdict(set)
    for chunk in _in_chunks(row_ids):
        rows = sa.and_(Change.table_name == model.__tablename__, Change.row_id.in_(chunk))
        touched = db.session.scalars(
            sa.select(Change.row_id).join(ChangeSet, ChangeSet.id == Change.change_set_id).where(rows, by_hand)
        ).all()
        if not touched:
            continue
        found = db.session.execute(changes.where(rows, Change.row_id.in_(set(touched))).order_by(Change.id)).all()
        undone = _undone({change.change_set_id for change in found})
        for change in found:
            if change.undoes_id is not None or change.change_set_id in undone:
                continue
            # A row is made with every column; only those somebody filled in are set.
            made = change.kind is ChangeKind.INSERT
            named = {name for name, value in change.after.items() if not made or value is not None}
            columns[change.row_id] = (
                columns[change.row_id] | named if change.by_hand else columns[change.row_id] - named
            )
    return {row_id: frozenset(names) for row_id, names in columns.items() if names}


def rows_deleted_by_hand(model: type[Base], *, but_not_by: str) -> list[dict[str, Any]]:
    """The rows users have deleted from the table, as they were; what was undone does not count."""
    found = db.session.execute(
        sa.select(Change.change_set_id, Change.before)
        .join(ChangeSet, ChangeSet.id == Change.change_set_id)
        .where(
            Change.table_name == model.__tablename__,
            Change.kind == ChangeKind.DELETE,
            ChangeSet.actor.like("user:%"),
            ChangeSet.action != but_not_by,
            ChangeSet.undoes_id.is_(None),
        )
    ).all()
    undone = _undone({row.change_set_id for row in found})
    return [row.before for row in found if row.change_set_id not in undone]


@dataclass(frozen=True)
class Written:
    """One value a column of a row was given, as JSON, and the deed that gave it."""

    value: Any
    change_set_id: int
    at: datetime
    action: str
    actor: str


def values_written(
    rows: Mapping[type[Base], Collection[int]], *, but_not_by: Collection[str] = ()
) -> dict[tuple[str, int], dict[str, list[Written]]]:
    """Every value the columns of these rows were given, the latest first, by table and id, in one query.

    What only took something back is left out, and what the deeds `but_not_by` did.
    """
    meant = [
        sa.and_(Change.table_name == model.__tablename__, Change.row_id.in_(row_ids))
        for model, row_ids in rows.items()
        if row_ids
    ]
    found: dict[tuple[str, int], dict[str, list[Written]]] = defaultdict(lambda: defaultdict(list))
    statement = (
        sa.select(
            Change.table_name,
            Change.row_id,
            Change.kind,
            Change.after,
            ChangeSet.id,
            ChangeSet.at,
            ChangeSet.action,
            ChangeSet.actor,
        )
        .join(ChangeSet, ChangeSet.id == Change.change_set_id)
        .where(sa.or_(sa.false(), *meant), ChangeSet.undoes_id.is_(None), ChangeSet.action.not_in(but_not_by))
        .order_by(Change.id.desc())
    )
    for row in db.session.execute(statement):
        for name, value in row.after.items():
            # A row is made with every column; only those somebody filled in are said.
            if row.kind is not ChangeKind.INSERT or value not in (None, "", [], {}):
                written = Written(value, row.id, row.at, row.action, row.actor)
                found[row.table_name, row.row_id][name].append(written)
    return found
