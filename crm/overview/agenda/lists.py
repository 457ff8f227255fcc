"""A list of what waits: its first rows with how many there are, or a page of it, from the same statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa

from crm.extensions import db
from crm.paging import Page, SortKey, page

AnySelect: TypeAlias = sa.Select[*tuple[Any, ...]]
AnyRow: TypeAlias = sa.Row[*tuple[Any, ...]]


def constant(word: str) -> sa.ColumnElement[str]:
    """The word, as a column; it is ours and never a reader's."""
    return sa.literal_column(f"'{word}'", sa.String)


def nothing(kind: type[sa.types.TypeEngine[Any]]) -> sa.ColumnElement[Any]:
    """A column that this part of a list has no value for."""
    return sa.cast(sa.null(), kind)


@dataclass(frozen=True)
class Waiting:
    """Statements with the same columns, and the names of those that make the order; the last tells rows apart."""

    parts: tuple[AnySelect, ...]
    order: tuple[str, ...]
    descending: bool = False

    def _sorted(self, columns: Any) -> list[sa.ColumnElement[Any]]:
        return [columns[name].desc() if self.descending else columns[name].asc() for name in self.order]

    def _all(self, parts: Sequence[AnySelect]) -> sa.Subquery:
        if len(parts) == 1:
            return parts[0].subquery()
        return sa.union_all(*(sa.select(part.subquery()) for part in parts)).subquery()

    def first(self, size: int, most: int) -> tuple[Sequence[AnyRow], int]:
        """The first rows, and how many there are; `most` + 1 stands for more. One query that ends there."""
        parts = [part.order_by(*self._sorted(part.selected_columns)).limit(most + 1) for part in self.parts]
        found = self._all(parts)
        statement = sa.select(found, sa.func.count().over().label("total")).order_by(*self._sorted(found.c)).limit(size)
        rows = db.session.execute(statement).all()
        return rows, min(rows[0].total, most + 1) if rows else 0

    def page(self, cursor: str | None, size: int) -> Page:
        """One page of all of it."""
        found = self._all(self.parts)
        keys = [SortKey(found.c[name], descending=self.descending) for name in self.order]
        return page(sa.select(found), keys, cursor, size)
