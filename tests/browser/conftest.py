"""A real server and a real browser: every page object fails its test on a console error or a failed request."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Request, Response, expect, sync_playwright
from werkzeug.serving import make_server

from config import load_settings
from crm import create_app
from crm.accounts.models import User
from crm.demo.actions import load_demo
from crm.extensions import db
from crm.policy import Role
from crm.treaties.actions import load_facts
from crm.unit_of_work import unit_of_work
from tests.browser.screens import LIGHT_DESKTOP, Variant
from tests.browser.style_guide import style_guide
from tests.factories.accounts import make_user, sign_in
from tests.factories.inbound import a_mail, received
from tests.servers.databases import SqliteTemplate
from tests.servers.processes import UNPACED

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome") or ""
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]

PATIENCE = 20_000  # milliseconds: a busy machine is no defect
expect.set_options(timeout=PATIENCE)

OpenPage = Callable[..., Page]


@pytest.fixture(scope="package")
def live_app(
    sqlite_template: SqliteTemplate, queue_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """The whole app on a database of its own, with the style guide beside its screens."""
    folder = tmp_path_factory.mktemp("browser")
    app = create_app(
        load_settings(
            RATIFY_ENV="test",
            RATIFY_DATA=str(folder),
            DATABASE_URL=sqlite_template.copy(folder),
            REDIS_URL=queue_server,
            MAIL_CATCHER=True,
            SECRET_KEY="a key for tests only, long enough to sign",
            **UNPACED,
        )
    )
    app.register_blueprint(style_guide)
    with app.app_context():
        with unit_of_work("load facts", actor="test"):
            load_facts()
        load_demo()
        received(b"\x00 no mail")
        received(a_mail("Thank you, I shall think about it.\n"))
        db.session.remove()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="package")
def live_server(live_app: Flask) -> Iterator[str]:
    """Address of the app, served over loopback."""
    server = make_server("127.0.0.1", 0, live_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all browser tests of this process."""
    if not CHROMIUM or not Path(CHROMIUM).exists():
        pytest.skip("no browser: install Debian's chromium, or name one in CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def users(live_app: Flask) -> dict[Role, int]:
    """Number of one user of each role."""
    with live_app.app_context():
        return {role: make_user(role).id for role in Role}


class Problems:
    """What a page did that no page should do."""

    def __init__(self, page: Page) -> None:
        self.found: list[str] = []
        self.expected: set[int] = set()
        page.on("console", lambda message: self._console(message.type, message.text))
        page.on("pageerror", lambda error: self.found.append(f"script: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _console(self, kind: str, text: str) -> None:
        # Chromium repeats every answer above 399 on the console; those are judged below.
        if kind in ("error", "warning") and "Failed to load resource" not in text:
            self.found.append(f"console {kind}: {text}")

    def _failed(self, request: Request) -> None:
        # A newer question of the palette or a preview aborts the older one.
        if request.failure != "net::ERR_ABORTED":
            self.found.append(f"{request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.found.append(f"{response.request.method} {response.url}: {response.status}")


@pytest.fixture
def open_page(browser: Browser, live_app: Flask, live_server: str, users: dict[Role, int]) -> Iterator[OpenPage]:
    """Opens a page for a role (None: signed out) in a variant; checks at the end what the page did.

    `allows` names further answers above 399 that are no fault, such as that of a form with something to mend.
    """
    opened: list[tuple[Page, Problems]] = []

    def open_one(
        path: str = "/style-guide",
        *,
        role: Role | None = Role.ADMIN,
        variant: Variant = LIGHT_DESKTOP,
        expect: int = 200,
        allows: Collection[int] = (),
    ) -> Page:
        context = browser.new_context(
            base_url=live_server,
            viewport={"width": variant.width, "height": 860},
            color_scheme=variant.scheme,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE)
        with live_app.app_context():
            client = live_app.test_client()
            if role is not None:
                sign_in(client, db.session.get_one(User, users[role]))
            with client.session_transaction() as session:
                session["language"] = variant.language
            cookie = client.get_cookie("ratify")
            assert cookie is not None
        context.add_cookies(
            [{"name": "ratify", "value": cookie.value, "domain": urlsplit(live_server).hostname or "", "path": "/"}]
        )
        page = context.new_page()
        problems = Problems(page)
        problems.expected |= {expect, *allows}
        opened.append((page, problems))
        response = page.goto(path)
        assert response is not None
        assert response.status == expect, f"{path}: {response.status}"
        return page

    yield open_one
    for page, _ in opened:
        page.context.close()
    found = [problem for _, problems in opened for problem in problems.found]
    assert not found, found


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """The style guide, as an administrator sees it on a light desktop."""
    return open_page()
