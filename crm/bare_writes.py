"""Writes that come a thousand a second: statements compiled once and run by the driver, without session or trail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from types import TracebackType
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

Values: TypeAlias = Mapping[str, Any]
_Conversion: TypeAlias = Callable[[Any], Any]


class _Prepared:
    """A statement as the driver takes it. Parameters that have a value in the statement itself keep that value."""

    def __init__(self, statement: sa.Executable, dialect: sa.Dialect) -> None:
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
        # The driver of SQLite takes them in their order, psycopg by name.
        self.in_order = itemgetter(*compiled.positiontup) if compiled.positiontup else None

    def parameters(self, values: Values) -> Mapping[str, Any] | Sequence[Any]:
        """The parameters in the driver's own form."""
        named = self.fixed.copy()
        for name, convert in self.given:
            value = values[name]
            # No conversion of ours makes anything else of nothing.
            named[name] = value if convert is None or value is None else convert(value)
        return self.in_order(named) if self.in_order else named


class BareWrites:
    """A connection of its own for such writes, opened when it is needed, and again after the database was away.

    They do not wait for the disk: a killed process does not undo them, a power cut may. For rows that are a record
    themselves; everything else is a unit of work.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._prepared: dict[sa.Executable, _Prepared] = {}
        self._driver: Any = None
        self._cursor: Any = None

    @property
    def one_statement_writes(self) -> bool:
        """Whether a statement may change rows in its parts (WITH … AS (UPDATE …)), which saves the way there."""
        return self.engine.dialect.name == "postgresql"

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
        if self.engine.dialect.name == "sqlite":
            self._driver.execute("PRAGMA synchronous=NORMAL")
        else:
            self._driver.autocommit = True
            self._driver.execute("SET synchronous_commit TO off")
            # Few statements, a thousand times each: planned once, whatever the server makes of the first values.
            self._driver.prepare_threshold = 0
            self._driver.execute("SET plan_cache_mode TO force_generic_plan")
        self._cursor = self._driver.cursor()

    def _close(self) -> None:
        if self._driver is not None:
            self._driver.close()
        self._driver = self._cursor = None

    def execute(self, statement: sa.Executable, values: Values) -> Any:
        """Run one statement and return the driver's cursor; outside `transaction` it is a transaction of its own.

        Raises sqlalchemy.exc.OperationalError where the database is away; the next call opens a new connection.
        """
        prepared = self._prepared.get(statement)
        if prepared is None:
            prepared = self._prepared[statement] = _Prepared(statement, self.engine.dialect)
        return self._run(prepared.sql, prepared.parameters(values))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make one transaction of the statements inside; any error undoes it."""
        # The write lock of SQLite comes first: what waits for it half-way would fail.
        self._run("BEGIN IMMEDIATE" if self.engine.dialect.name == "sqlite" else "BEGIN")
        try:
            yield
        except BaseException:
            if self._driver is not None:
                self._driver.rollback()
            raise
        try:
            self._driver.commit()
        except self._dbapi.Error as error:
            raise self._told("COMMIT", error) from error

    @property
    def _dbapi(self) -> Any:
        return self.engine.dialect.loaded_dbapi

    def _run(self, sql: str, parameters: Mapping[str, Any] | Sequence[Any] = ()) -> Any:
        try:
            if self._cursor is None:
                self._open()
            return self._cursor.execute(sql, parameters)
        except self._dbapi.Error as error:
            raise self._told(sql, error) from error

    def _told(self, sql: str, error: Exception) -> DBAPIError:
        """The driver's error as SQLAlchemy's; after one nothing of the connection is trusted any more."""
        self._close()
        away = isinstance(error, (self._dbapi.OperationalError, self._dbapi.InterfaceError))
        return (OperationalError if away else DBAPIError)(sql, None, error)
