"""Which rows the demo is made of: noted in its own change set when it is loaded, as ranges of ids by table."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from crm.audit.models import ChangeSet
from crm.database import Base
from crm.extensions import db
from crm.unit_of_work import current_unit_of_work

LOADED, CROWDED = "load demo", "load a crowd"
_NOTE = "rows"
# By table the first and the last id of each loading.
Ranges = Mapping[str, list[tuple[int, int]]]


def highest_ids() -> dict[str, int]:
    """The highest id of every table, in one query."""
    tables = [table for table in Base.metadata.sorted_tables if "id" in table.c]
    parts = [sa.select(sa.literal(table.name), sa.func.coalesce(sa.func.max(table.c.id), 0)) for table in tables]
    return {row[0]: row[1] for row in db.session.execute(sa.union_all(*parts))}


def note_rows_since(before: Mapping[str, int]) -> None:
    """Note, on record of the running unit of work, the rows it has added."""
    added = {name: [before[name] + 1, last] for name, last in highest_ids().items() if last > before[name]}
    current_unit_of_work().notes[_NOTE] = added


def demo_is_loaded() -> bool:
    """Whether a demo is here that can be cleared; one look at an index."""
    found = sa.select(ChangeSet.id).where(ChangeSet.action == LOADED).limit(1)
    return db.session.scalar(found) is not None


def demo_rows() -> Ranges:
    """The demo's rows, those of crowds included."""
    found: dict[str, list[tuple[int, int]]] = {}
    for notes in db.session.scalars(sa.select(ChangeSet.notes).where(ChangeSet.action.in_((LOADED, CROWDED)))):
        for name, (first, last) in notes.get(_NOTE, {}).items():
            found.setdefault(name, []).append((first, last))
    return found
