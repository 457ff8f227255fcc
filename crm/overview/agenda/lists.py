"""A list of what waits: its first rows with how many there are, or a page of it, from the same statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa

from crm.paging import SortKey

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

    def first(self, size: int, most: int) -> AnySelect:
        """The first rows, each with `total`: how many there are, where `most` + 1 and above stand for more."""
        parts = [part.order_by(*self._sorted(part.selected_columns)).limit(most + 1) for part in self.parts]
        found = self._all(parts)
        return sa.select(found, sa.func.count().over().label("total")).order_by(*self._sorted(found.c)).limit(size)

    def whole(self) -> tuple[AnySelect, list[SortKey]]:
        """All of it, and the order of its pages."""
        found = self._all(self.parts)
        return sa.select(found), [SortKey(found.c[name], descending=self.descending) for name in self.order]
