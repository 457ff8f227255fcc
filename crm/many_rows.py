"""Inserting many rows: the statement is compiled once for all of them, and values are converted column by column."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

# The values of one column, one for each row.
Column: TypeAlias = Collection[Any]
_Conversion: TypeAlias = Callable[[Any], Any] | None


@lru_cache(maxsize=256)
def _prepared(
    table: sa.Table, names: tuple[str, ...], dialect: sa.Dialect, *, passing_over: bool
) -> tuple[str, tuple[str, ...], tuple[_Conversion, ...]]:
    """The statement, its columns in the order of its parameters, and what converts the values of each."""
    # Without `inline`, PostgreSQL would be asked for the ids it gives.
    statement: sa.Insert = sa.insert(table).inline()
    if passing_over:
        insert = postgresql.insert(table) if dialect.name == "postgresql" else sqlite.insert(table)
        statement = insert.on_conflict_do_nothing().inline()
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    ordered = tuple(compiled.positiontup or names)
    if set(compiled.params) != set(names):
        raise ValueError(f"{table.name} needs more than {', '.join(names)}")
    return str(compiled), ordered, tuple(_conversion(table.c[name].type, dialect) for name in ordered)


def _conversion(kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> _Conversion:
    # What the driver of PostgreSQL is given otherwise, it puts into JSON only as it leaves, row by row.
    return json.dumps if isinstance(kind, sa.JSON) else kind.dialect_impl(dialect).bind_processor(dialect)


def _converted(values: Column, convert: _Conversion) -> Column:
    if convert is None:
        return values
    first = next(iter(values))
    # Much of what is written at once is one and the same object in every row.
    if all(value is first for value in values):
        return [convert(first)] * len(values)
    return [convert(value) for value in values]


def insert_columns(
    connection: sa.Connection, table: sa.Table, columns: Mapping[str, Column], *, passing_over: bool = False
) -> None:
    """Insert as many rows as each column has values; defaults of the model do not count, each column is to be given.

    With `passing_over`, rows that are there already are left out.
    """
    if not columns or not all(columns.values()):
        return
    sql, ordered, conversions = _prepared(table, tuple(columns), connection.dialect, passing_over=passing_over)
    converted = [_converted(columns[name], convert) for name, convert in zip(ordered, conversions, strict=True)]
    rows = zip(*converted, strict=True)
    if connection.dialect.positional:
        connection.exec_driver_sql(sql, list(rows))
    elif passing_over:
        connection.exec_driver_sql(sql, [dict(zip(ordered, row, strict=True)) for row in rows])
    else:
        _copy(connection, table, ordered, rows)


def _copy(connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """PostgreSQL's own way of taking many rows, at half the cost of a statement for each."""
    quote = connection.dialect.identifier_preparer.quote
    sql = f"COPY {quote(table.name)} ({', '.join(map(quote, names))}) FROM STDIN"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(sql) as copy:
            for row in rows:
                copy.write_row(row)
    except connection.dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance(sql, None, error, connection.dialect.loaded_dbapi.Error) from error


def new_ids(connection: sa.Connection, table: sa.Table, count: int) -> list[int]:
    """Ids for so many rows about to be inserted, inside a write transaction."""
    if connection.dialect.name == "postgresql":
        # Looked up by a query of its own, once; as a plain expression it would be for each number.
        sequence = sa.select(sa.cast(sa.func.pg_get_serial_sequence(table.name, "id"), postgresql.REGCLASS))
        numbers = sa.func.generate_series(1, count).table_valued("number")
        given = sa.select(sa.func.nextval(sequence.scalar_subquery())).select_from(numbers)
        return list(connection.execute(given).scalars())
    # What SQLite would give them itself; there is no other writer.
    last = connection.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0
    return list(range(last + 1, last + 1 + count))
