"""Which rows go with the demo: its own, and whatever cannot be without them, as conditions of SQL."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from crm.database import Base
from crm.demo.rows import Ranges

# What refers to these stays when they go: it is handed over, or goes by another column.
_HANDED_OVER = frozenset({"user", "team", "treaty", "attachment", "change_set"})
# Rows that say nothing any more without what they point to, though the column may be empty.
_WITH = frozenset({("task", "contact_id"), ("task", "target_id")})
# What is somebody's own goes with them; everything else of a user is handed over to who clears the demo.
_OWN = frozenset(
    {
        "account_token",
        "bulk_change",
        "chosen_columns",
        "column_mapping",
        "export",
        "interaction_user",
        "reminder",
        "saved_view",
        "target_change",
        "user_session",
        "wording_draft",
    }
)
# Files taken out of the directory hold invented people too, and are written again in no time; how far duplicates were
# looked for is told by ids, and on SQLite those begin anew.
_ALL = frozenset({"export", "duplicate_search"})


def is_own(table: sa.Table) -> bool:
    """Whether the rows of a table belong to one user and go with them."""
    return table.name in _OWN


class Doomed:
    """The condition under which a row of each table goes."""

    def __init__(self, ranges: Ranges, users: Collection[int], batches: Collection[int], files: Collection[int]):
        self._ranges = ranges
        # By table the ids that go for a reason no column tells.
        self._named = {"user": users, "outbox_batch": batches, "attachment": files}
        self._known: dict[str, list[sa.ColumnElement[bool]]] = {}

    def ids(self, table: sa.Table) -> sa.Select[tuple[int]] | None:
        """The ids of a table that go; None where none can."""
        if not self._parts(table):
            return None
        return sa.select(table.c.id).where(self.of(table)).correlate(None)

    def of(self, table: sa.Table) -> sa.ColumnElement[bool]:
        """The condition for one table."""
        return sa.or_(sa.false(), *self._parts(table))

    def _parts(self, table: sa.Table) -> list[sa.ColumnElement[bool]]:
        if table.name not in self._known:
            parts = [*self._by_range(table), *self._by_parents(table), *self._by_itself(table)]
            self._known[table.name] = parts
        return self._known[table.name]

    def _by_range(self, table: sa.Table) -> list[sa.ColumnElement[bool]]:
        if table.name in _ALL:
            return [sa.true()]
        if table.name in self._named:
            return [table.c.id.in_(self._named[table.name])]
        if table.name in ("team", "change_set", "change"):
            return []
        return [table.c.id.between(first, last) for first, last in self._ranges.get(table.name, ())]

    def _by_parents(self, table: sa.Table) -> list[sa.ColumnElement[bool]]:
        parts: list[sa.ColumnElement[bool]] = []
        for column in table.c:
            for key in column.foreign_keys:
                parent = key.column.table
                bound = not column.nullable or (table.name, column.name) in _WITH
                if parent is table or not bound or (parent.name in _HANDED_OVER and not self._owned(table, parent)):
                    continue
                if (ids := self.ids(parent)) is not None:
                    parts.append(column.in_(ids))
        return parts

    def _owned(self, table: sa.Table, parent: sa.Table) -> bool:
        return parent.name == "user" and is_own(table)

    def _by_itself(self, table: sa.Table) -> list[sa.ColumnElement[bool]]:
        tables = Base.metadata.tables
        gone = self.ids(tables["contact"]) if table.name in ("interaction", "contact_merge") else None
        if gone is None:
            return []
        if table.name == "contact_merge":
            return [table.c.survivor_id.in_(gone)]
        # A talk goes with the last of those it was with.
        present = tables["interaction_contact"].alias()
        others = sa.select(present.c.interaction_id).where(present.c.contact_id.not_in(gone)).correlate(None)
        return [table.c.id.not_in(others)]
