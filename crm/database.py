"""The declarative base, column types and engine events every table stands on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import event
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, mapped_column, registry
from sqlalchemy.sql.functions import FunctionElement

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

LARGEST_ID = 2**63 - 1  # what an id's column holds; the drivers fail on larger numbers

BUSY_TIMEOUT = 30_000  # milliseconds a writer of SQLite waits for the one before it


def read_id(text: str) -> int:
    """A row's id out of an address or a form. Raises ValueError for what no row can have (`type=read_id`)."""
    # Python itself refuses to read thousands of digits, with a ValueError too.
    number = int(text)
    if not 0 <= number <= LARGEST_ID:
        raise ValueError(f"no row has the id {number}")
    return number


class among(FunctionElement[bool]):  # noqa: N801  # it reads as a function, like those of sqlalchemy.func
    """Whether a column is one of hundreds of values, which are one parameter.

    Each as a parameter of its own, as `in_` has it, would cost the driver more than the row it leads to. In a statement
    that is made once for all, `values` names the parameter.
    """

    type = sa.Boolean()
    inherit_cache = True

    def __init__(self, column: Any, values: Iterable[Any] | str) -> None:
        kind = sa.ARRAY(column.type).with_variant(sa.JSON(), "sqlite")
        if isinstance(values, str):
            super().__init__(column, sa.bindparam(values, type_=kind))
        else:
            super().__init__(column, sa.bindparam(None, list(values), type_=kind, unique=True))


@compiles(among)
def _any_of_array(element: among, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = ANY ({values})"


@compiles(among, "sqlite")
def _in_json(element: among, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608  # both are compiled


class unindexed(FunctionElement[Any]):  # noqa: N801  # as above
    """A column that SQLite looks up in no index, so that it walks the key a statement is ordered by and stops in time.

    Without statistics it takes any index of a column that equals something, and then sorts all it found there, also
    for the first few hundred. PostgreSQL knows how many rows each way costs and reads the column as it is.
    Source: https://www.sqlite.org/optoverview.html (unary "+").
    """

    inherit_cache = True

    def __init__(self, column: Any) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(unindexed)
def _as_it_is(element: unindexed, compiler: Any, **options: Any) -> str:
    (column,) = element.clauses
    return str(compiler.process(column, **options))


@compiles(unindexed, "sqlite")
def _without_index(element: unindexed, compiler: Any, **options: Any) -> str:
    (column,) = element.clauses
    return f"+{compiler.process(column, **options)}"


def _sqlite_text(value: datetime | None) -> str | None:
    """A moment as SQLAlchemy keeps it in SQLite, at a fifth of the cost: every write of ours has some."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    return value.astimezone(UTC).isoformat(" ", "microseconds").partition("+")[0]


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware datetime, kept in UTC on every database. A naive value raises ValueError."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """What undo and page cursors read a stored text back into; a decorator would say `object`."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """What converts the values of a parameter."""
        return _sqlite_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def enum_column(kind: type[StrEnum]) -> sa.Enum:
    """A column of a StrEnum that stores the values (not the names) as text.

    SQLAlchemy refuses unknown values; no CHECK in the table, so that a new status needs no table rebuild.
    """
    return sa.Enum(
        kind,
        native_enum=False,
        length=32,
        create_constraint=False,
        validate_strings=True,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    """Base of every table.

    `__audited__ = False` opts a table out of the audit trail, `__undoable__ = False` out of undo, with a comment why.
    `__team_of__` names the column that says whose alone a row may be: `team_id` where a team can keep rows to itself,
    or the one that points to such a row; `__user_of__` the one that says whose alone a row without a team is. The audit
    trail shows those to their team, or user, only.
    """

    registry = registry(
        metadata=sa.MetaData(naming_convention=NAMING),
        type_annotation_map={datetime: UtcDateTime(), dict[str, Any]: sa.JSON(), Mapping[str, Any]: sa.JSON()},
    )
    __audited__: ClassVar[bool] = True
    __undoable__: ClassVar[bool] = True
    __team_of__: ClassVar[str | None] = None
    __user_of__: ClassVar[str | None] = None

    id: Mapped[int] = mapped_column(sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)


@event.listens_for(Base, "mapper_configured", propagate=True)
def _know_old_values(mapper: Mapper[Any], kind: type[Base]) -> None:
    """Load the old value of a column before a new one is set: the audit trail and the undo need both."""
    for attribute in mapper.column_attrs:
        getattr(kind, attribute.key).impl.active_history = True


# 12 MB rather than 4: to move them into the file waits for the disk twice, and a page that is written again and again
# until then moves once.
_CHECKPOINT_PAGES = 3000
# SQLite reads through the system's own cache, which all connections share, instead of 2 MB for each.
_SHARED_CACHE = ("mmap_size=268435456", "cache_size=-2000")
# What is mapped counts as the process's own memory, and random writes need more than 2 MB to stay together.
_LARGE = 64
_own_megabytes: ContextVar[int] = ContextVar("own_megabytes", default=0)


@contextmanager
def own_cache(megabytes: int) -> Iterator[None]:
    """Give SQLite so much of this process for transactions begun inside, rather than a view on the whole file."""
    token = _own_megabytes.set(megabytes)
    try:
        yield
    finally:
        _own_megabytes.reset(token)


@contextmanager
def large_work() -> Iterator[None]:
    """Give SQLite 64 MB of this process for transactions begun inside."""
    with own_cache(_LARGE):
        yield


def on_sqlite_connect(connection: Any, _record: Any) -> None:
    """Hand transactions to SQLAlchemy and set the pragmas of a server under load."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={BUSY_TIMEOUT}",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        f"wal_autocheckpoint={_CHECKPOINT_PAGES}",
        *_SHARED_CACHE,
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def on_sqlite_begin(connection: sa.Connection) -> None:
    """Take the write lock first where a transaction will write, so that it waits instead of failing half-way.

    A transaction that need not be durable does not wait for the disk; that pragma cannot change inside of one.
    """
    options = connection.get_execution_options()
    level = "FULL" if options.get("durable", True) else "NORMAL"
    if connection.info.get("synchronous", "FULL") != level:
        connection.exec_driver_sql(f"PRAGMA synchronous={level}")
        connection.info["synchronous"] = level
    own = _own_megabytes.get()
    if connection.info.get("own_megabytes", 0) != own:
        for pragma in ("mmap_size=0", f"cache_size={-1024 * own}") if own else _SHARED_CACHE:
            connection.exec_driver_sql(f"PRAGMA {pragma}")
        connection.info["own_megabytes"] = own
    if not options.get("write", False):
        connection.exec_driver_sql("BEGIN")
    elif options.get("wait", True):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")


def on_postgresql_connect(connection: Any, _record: Any) -> None:
    """Have plans made for a disk that jumps as fast as it reads on, as those of today do.

    By default a jump counts four times as much, and the server reads tables through to find a few hundred rows.
    """
    # Outside of any transaction: what one sets is forgotten where it is rolled back.
    connection.autocommit = True
    connection.execute("SET random_page_cost = 1.1")
    connection.autocommit = False


def on_postgresql_begin(connection: sa.Connection) -> None:
    """Spare a transaction that need not be durable the wait for the disk."""
    if not connection.get_execution_options().get("durable", True):
        connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")


def prepare_engine(engine: Engine) -> Engine:
    """Attach the events the dialect needs; the engine is returned."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", on_sqlite_connect)
        event.listen(engine, "begin", on_sqlite_begin)
    else:
        event.listen(engine, "connect", on_postgresql_connect)
        event.listen(engine, "begin", on_postgresql_begin)
    return engine


def alembic_config(url: str) -> AlembicConfig:
    """Alembic's settings for the database at `url`; used by commands and tests alike."""
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["url"] = url
    return config


def upgrade_schema(url: str) -> None:
    """Bring the database at `url` to the newest schema; an up-to-date one is left alone."""
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    command.upgrade(alembic_config(url), "head")
