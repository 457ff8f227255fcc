"""`ratify up` from outside: a real copy in a temporary folder, its processes counted by the folder they belong to."""

from __future__ import annotations

import functools
import re
import signal
import socket
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from crm.demo.users import PASSWORD, USERS
from tests.processes.product import Product, processes_of, ratify, running, wait_for
from tests.servers.smtp import Behaviour, SmtpServer

# The folder of one copy has what paths may have: spaces, what a shell or a configuration file would read, and length.
AWKWARD = "a b; #%d 'quoted' " + "long" * 20


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running(tmp_path_factory.mktemp("up") / AWKWARD) as product:
        yield product


def _browser() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()), urllib.request.ProxyHandler({}))


def _status(url: str) -> int:
    """The answer's status; 0 where nobody listens."""
    try:
        with _browser().open(url, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def _sign_in(address: str) -> str:
    """Fill in the form as a person does; the page one lands on is returned."""
    browser, url = _browser(), f"{address}/sign-in?next=/caught-mail"
    with browser.open(url, timeout=30) as answer:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.read().decode())
    assert token
    form = {"csrf_token": token.group(1), "email": USERS[0].email, "password": PASSWORD}
    with browser.open(url, urllib.parse.urlencode(form).encode(), timeout=30) as answer:
        return str(answer.read().decode())


def test_a_first_start_says_how_to_sign_in_and_a_second_is_refused(product: Product) -> None:
    assert f"password: {PASSWORD}" in product.output
    page = _sign_in(product.wait_until_ready())
    assert USERS[0].name in page
    assert "Caught mail" in page

    refused = ratify(product.folder, "up", PORT="0")
    assert refused.returncode == 1
    assert f"already runs on {product.folder} (process {product.process.pid}, " in refused.stderr


def test_children_that_die_are_started_again(product: Product) -> None:
    names = ("mail_catcher.py", "valkey-server", "gunicorn", "worker.py")
    dead = {name: wait_for(name, functools.partial(product.child, name)) for name in names}
    for process in dead.values():
        process.kill()

    def successors() -> bool:
        alive = [(product.child(name), process) for name, process in dead.items()]
        return all(child is not None and child.pid != process.pid for child, process in alive)

    wait_for("successors of all", successors)
    # Of the two workers either stands for both: what is said counts.
    wait_for("word of all", lambda: product.output.count("starting it again") >= len(names))
    wait_for("an answer", lambda: _status(f"{product.wait_until_ready()}/sign-in") == 200)


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = ratify(tmp_path / "data", "up", PORT=str(port))
    assert refused.returncode == 1
    assert f"Port {port} cannot be used" in refused.stderr
    assert f"PORT={port + 1}" in refused.stderr


def test_a_missing_mail_server_is_refused_in_production(tmp_path: Path) -> None:
    production = {"RATIFY_ENV": "production", "SECRET_KEY": "x" * 40, "TRUSTED_HOSTS": "crm.example.org"}
    refused = ratify(tmp_path / "data", "up", RATIFY_URL="https://crm.example.org", **production)
    assert refused.returncode == 1
    assert "MAIL_SERVER is missing" in refused.stderr


def test_two_copies_side_by_side_and_every_way_to_end(product: Product, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    with running(folder, RATIFY_DEMO="0") as other:
        assert "create-user" in other.output
        assert other.wait_until_ready() != product.wait_until_ready()
        # Ours, the queue server, the catcher, the web server and its worker; the queues' workers as well.
        assert len(processes_of(folder)) >= 5
        assert other.stop(signal.SIGINT) == 0
        assert processes_of(folder) == []
    key = (folder / "secret_key").read_text()

    with running(folder, RATIFY_DEMO="0") as other:
        assert (folder / "secret_key").read_text() == key
        assert other.stop(signal.SIGTERM) == 0
        assert processes_of(folder) == []

    if sys.platform == "linux":  # elsewhere nothing tells children that their parent was killed
        with running(folder, RATIFY_DEMO="0") as other:
            other.process.kill()
            other.process.wait()
            wait_for("no process left", lambda: not processes_of(folder))
    assert _status(f"{product.wait_until_ready()}/sign-in") == 200


def test_a_worker_in_the_middle_of_a_letter_is_stopped_as_well(tmp_path: Path) -> None:
    in_the_air: list[float] = []

    def never() -> float:
        in_the_air.append(600.0)
        return in_the_air[-1]

    folder = tmp_path / "busy"
    # The demo has a mailing that is sent as soon as there is a worker.
    with (
        SmtpServer(Behaviour(delay=never)).running() as server,
        running(folder, MAIL_SERVER=server.host, MAIL_PORT=str(server.port)) as product,
    ):
        assert product.child("mail_catcher.py") is None
        wait_for("a letter in the air", lambda: in_the_air)
        worker = wait_for("worker", lambda: product.child("worker.py"))
        assert worker.children()
        assert product.stop() == 0
        assert processes_of(folder) == []
