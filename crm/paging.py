"""Keyset paging: constant cost at any depth, no COUNT, stable under inserts."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute
from werkzeug.exceptions import BadRequest

from crm.database import LARGEST_ID
from crm.extensions import db

PAGE_SIZE = 50


@dataclass(frozen=True)
class SortKey:
    """One column of the order; the last key of a sort must be unique. Nulls are not supported: coalesce them.

    Of rows that all have one value there, `sa.literal` of it stands for the column.
    """

    column: sa.ColumnElement[Any] | InstrumentedAttribute[Any]
    descending: bool = False


@dataclass(frozen=True)
class Page:
    """Rows of one page, with opaque cursors for the pages beside it (None at an end)."""

    rows: Sequence[sa.Row[*tuple[Any, ...]]]
    previous: str | None
    next: str | None


def _encode(direction: str, values: Sequence[Any]) -> str:
    plain = [value.isoformat() if isinstance(value, date) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps([direction, *plain]).encode()).decode().rstrip("=")


def _decode(cursor: str, keys: Sequence[SortKey]) -> tuple[str, list[Any]]:
    try:
        direction, *plain = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if direction not in ("after", "before") or len(plain) != len(keys):
            raise ValueError(cursor)
        values = []
        for key, value in zip(keys, plain, strict=True):
            kind = key.column.type.python_type
            mark = kind.fromisoformat(value) if issubclass(kind, date) else kind(value)
            if isinstance(mark, int) and abs(mark) > LARGEST_ID:
                raise ValueError(cursor)
            values.append(mark)
        return direction, values
    except (ValueError, TypeError, AttributeError):
        raise BadRequest("The page link is damaged: go back to the first page.") from None


def _beyond(keys: Sequence[SortKey], values: Sequence[Any], backwards: bool) -> sa.ColumnElement[bool]:
    """The rows that come after `values` in the order (before them, if backwards)."""
    falls = [key.descending != backwards for key in keys]
    first, mark = keys[0].column, values[0]
    if isinstance(first, sa.BindParameter) and first.value == mark:
        return _beyond(keys[1:], values[1:], backwards)
    if isinstance(first, sa.BindParameter):
        # All of them are beyond it, or none: the database need not look at any to know it.
        return sa.true() if (first.value < mark) == falls[0] else sa.false()
    if len(set(falls)) == 1:
        # One direction: a row comparison, which the databases answer by a seek in the index of the sort.
        row = sa.tuple_(*(key.column for key in keys))
        mark = sa.tuple_(*(sa.literal(value, key.column.type) for key, value in zip(keys, values, strict=True)))
        return row < mark if falls[0] else row > mark
    clauses = []
    for position, key in enumerate(keys):
        same = [before.column == values[index] for index, before in enumerate(keys[:position])]
        further = key.column < values[position] if falls[position] else key.column > values[position]
        clauses.append(sa.and_(*same, further))
    # Implied by what follows, and said for the index: a page far down must not walk from the top.
    first = keys[0].column <= values[0] if falls[0] else keys[0].column >= values[0]
    return sa.and_(first, sa.or_(*clauses))


def cursor_after(row: Any, names: Sequence[str]) -> str:
    """The cursor of the rows that come after this one, by the names of its sort's columns."""
    return _encode("after", [getattr(row, name) for name in names])


def page(
    statement: sa.Select[*tuple[Any, ...]], keys: Sequence[SortKey], cursor: str | None, size: int = PAGE_SIZE
) -> Page:
    """One page of `statement` in the order of `keys`, in one query. Raises BadRequest for a damaged cursor.

    The key columns are added to the rows under the names `key_0`, `key_1`, …
    """
    direction, values = _decode(cursor, keys) if cursor else ("after", [])
    backwards = direction == "before"
    found = db.session.execute(_narrowed(statement, keys, values, backwards).limit(size + 1)).all()
    return _page(found, keys, bool(values), backwards, size)


def page_of_union(
    parts: Sequence[tuple[sa.Select[*tuple[Any, ...]], Sequence[SortKey]]], cursor: str | None, size: int = PAGE_SIZE
) -> Page:
    """One page of several statements' rows together, in one query; as `page`.

    Each has the same columns and keys of its own, of the same kinds and directions, and gives no more rows than the
    page has: a database that sorts a union sorts all of it, and each by itself goes by its own index.
    """
    _statement, keys = parts[0]
    direction, values = _decode(cursor, keys) if cursor else ("after", [])
    backwards = direction == "before"
    limited = [
        sa.select(_narrowed(statement, own, values, backwards).limit(size + 1).subquery()) for statement, own in parts
    ]
    union = sa.union_all(*limited).subquery()
    order = [_ordered(union.c[f"key_{index}"], key, backwards) for index, key in enumerate(keys)]
    found = db.session.execute(sa.select(union).order_by(*order).limit(size + 1)).all()
    return _page(found, keys, bool(values), backwards, size)


def _ordered(column: Any, key: SortKey, backwards: bool) -> Any:
    return column.desc() if key.descending != backwards else column.asc()


def _narrowed(
    statement: sa.Select[*tuple[Any, ...]], keys: Sequence[SortKey], values: Sequence[Any], backwards: bool
) -> sa.Select[*tuple[Any, ...]]:
    """The statement from the cursor on, in order, with its keys as columns."""
    if values:
        statement = statement.where(_beyond(keys, values, backwards))
    statement = statement.add_columns(*(key.column.label(f"key_{index}") for index, key in enumerate(keys)))
    return statement.order_by(
        *(_ordered(key.column, key, backwards) for key in keys if not isinstance(key.column, sa.BindParameter))
    )


def _page(
    found: Sequence[sa.Row[*tuple[Any, ...]]], keys: Sequence[SortKey], has_cursor: bool, backwards: bool, size: int
) -> Page:
    more = len(found) > size
    rows = list(found[:size])
    if backwards:
        rows.reverse()

    def cursor_at(row: sa.Row[*tuple[Any, ...]], towards: str) -> str:
        return _encode(towards, [getattr(row, f"key_{index}") for index in range(len(keys))])

    has_previous = more if backwards else has_cursor
    has_next = has_cursor if backwards else more
    return Page(
        rows,
        cursor_at(rows[0], "before") if rows and has_previous else None,
        cursor_at(rows[-1], "after") if rows and has_next else None,
    )
