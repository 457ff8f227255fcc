"""Writes that come a thousand a second: statements compiled once and run by the driver, without session or trail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeAlias

import psycopg
import sqlalchemy as sa
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from sqlalchemy.dialects.postgresql import psycopg as postgresql
from sqlalchemy.exc import DBAPIError, OperationalError

Values: TypeAlias = Mapping[str, Any]
_Conversion: TypeAlias = Callable[[Any], Any]


# As the server itself knows a statement's parameters: $1, $2.
_NUMBERED = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


class _Prepared:
    """A statement as the database takes it. Parameters that have a value in the statement itself keep that value."""

    def __init__(self, statement: sa.Executable, dialect: sa.Dialect, number: int) -> None:
        self.name = f"bare_{number}".encode()
        dialect = _NUMBERED if dialect.name == "postgresql" else dialect
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]  # all we give it can be
        self.sql = str(compiled)
        self.fixed: dict[str, Any] = {}
        self.given: list[tuple[str, _Conversion | None]] = []
        for name, value in compiled.params.items():
            parameter = compiled.binds[name]
            convert = parameter.type.dialect_impl(dialect).bind_processor(dialect)
            if parameter.required:
                self.given.append((name, convert))
            else:
                self.fixed[name] = convert(value) if convert else value
        self.order: Sequence[str] = compiled.positiontup or ()

    def parameters(self, values: Values) -> list[Any]:
        """The parameters in their order, as the database has them."""
        named = self.fixed.copy()
        for name, convert in self.given:
            value = values[name]
            # No conversion of ours makes anything else of nothing.
            named[name] = value if convert is None or value is None else convert(value)
        return [named[name] for name in self.order]


class BareWrites:
    """A connection of its own for such writes, opened when it is needed, and again after the database was away.

    They do not wait for the disk: a killed process does not undo them, a power cut may. For rows that are a record
    themselves; everything else is a unit of work.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._prepared: dict[sa.Executable, _Prepared] = {}
        self._driver: Any = None
        self._known: set[bytes] = set()
        self._on_sqlite = engine.dialect.name == "sqlite"
        self._loading: Any = None

    @property
    def one_statement_writes(self) -> bool:
        """Whether a statement may change rows in its parts (WITH … AS (UPDATE …)), which saves the way there."""
        return not self._on_sqlite

    def __enter__(self) -> BareWrites:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _open(self) -> None:
        pooled = self.engine.raw_connection()
        self._driver = pooled.driver_connection
        # With its settings it is not to be anybody else's afterwards.
        pooled.detach()
        if self._on_sqlite:
            self._driver.execute("PRAGMA synchronous=NORMAL")
            # Its few pages need no view on the whole file, which would count as this process's memory.
            self._driver.execute("PRAGMA mmap_size=0")
        else:
            self._driver.autocommit = True
            self._driver.execute("SET synchronous_commit TO off")
            # Few statements, a thousand times each: planned once, whatever the server makes of the first values.
            self._driver.execute("SET plan_cache_mode TO force_generic_plan")
            self._loading = Transformer(self._driver)

    def _close(self) -> None:
        if self._driver is not None:
            self._driver.close()
        self._driver, self._known = None, set()

    def execute(self, statement: sa.Executable, values: Values) -> Sequence[Sequence[Any]]:
        """Run one statement, a transaction of its own, and return its rows.

        Raises sqlalchemy.exc.OperationalError where the database is away; the next call opens a new connection.
        """
        return self._told(self._prepare(statement), lambda prepared: self._run(prepared, values))

    def execute_both(self, first: sa.Executable, second: sa.Executable, values: Values) -> Sequence[Sequence[Any]]:
        """Run two statements in one transaction, undone by any error; the rows of the second. Raises as `execute`."""
        before = self._prepare(first)

        def both(prepared: _Prepared) -> Sequence[Sequence[Any]]:
            # The write lock of SQLite comes first: what waits for it half-way would fail.
            self._driver.execute("BEGIN IMMEDIATE" if self._on_sqlite else "BEGIN")
            try:
                self._run(before, values)
                rows = self._run(prepared, values)
                self._driver.commit()
            except BaseException:
                self._driver.rollback()
                raise
            return rows

        return self._told(self._prepare(second), both)

    def _prepare(self, statement: sa.Executable) -> _Prepared:
        prepared = self._prepared.get(statement)
        if prepared is None:
            prepared = _Prepared(statement, self.engine.dialect, len(self._prepared))
            self._prepared[statement] = prepared
        return prepared

    def _run(self, prepared: _Prepared, values: Values) -> Sequence[Sequence[Any]]:
        parameters = prepared.parameters(values)
        if self._on_sqlite:
            found: list[Any] = self._driver.execute(prepared.sql, parameters).fetchall()
            return found
        return self._execute_prepared(prepared, parameters)

    def _execute_prepared(self, prepared: _Prepared, parameters: list[Any]) -> Sequence[Sequence[Any]]:
        """By the protocol itself: a cursor takes four times as long for what is the same a thousand times over."""
        server = self._driver.pgconn
        if prepared.name not in self._known:
            self._checked(server.prepare(prepared.name, prepared.sql.encode()))
            self._known.add(prepared.name)
        given = [None if value is None else str(value).encode() for value in parameters]
        answer = self._checked(server.exec_prepared(prepared.name, given))
        self._loading.set_pgresult(answer)
        rows: list[Any] = self._loading.load_rows(0, answer.ntuples, tuple)
        return rows

    def _checked(self, answer: Any) -> Any:
        if answer.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            return answer
        if self._driver.pgconn.status == pq.ConnStatus.BAD:
            raise psycopg.OperationalError(answer.error_message)
        raise error_from_result(answer)

    def _told(
        self, prepared: _Prepared, run: Callable[[_Prepared], Sequence[Sequence[Any]]]
    ) -> Sequence[Sequence[Any]]:
        """Tell the driver's error as SQLAlchemy's; after one nothing of the connection is trusted any more."""
        dbapi: Any = self.engine.dialect.loaded_dbapi
        try:
            if self._driver is None:
                self._open()
            return run(prepared)
        except dbapi.Error as error:
            self._close()
            away = isinstance(error, (dbapi.OperationalError, dbapi.InterfaceError))
            raise (OperationalError if away else DBAPIError)(prepared.sql, None, error) from error
