"""Every route of the url map, whatever feature it belongs to: who may use it, and what every answer carries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import AnyConverter, IntegerConverter, PathConverter, Rule, UnicodeConverter

from config import Settings
from crm import create_app
from crm.accounts.models import UserSession
from crm.extensions import csrf, db
from crm.policy import POLICY, Permission, Role
from crm.security import HEADERS
from tests.conftest import RequestClient
from tests.factories.accounts import PASSWORD, make_user, sign_in
from tests.factories.pipeline import make_campaign

# What a stranger may open, and why there is no other way.
PUBLIC = {
    "accounts.sign_in",
    "accounts.forgotten_password",
    "accounts.choose_password",  # authorised by the token in the link
    "accounts.choose_language",
    "health.healthz",  # asked by machines, tells of no person
    "health.readyz",
    "pipeline.answer",  # authorised by the token in the link
    "pipeline.answer_now",
    "inbox.unsubscribe",  # authorised by the token in the letter
    "inbox.unsubscribe_now",
    "inbox.allow_again",
    "inbox.object_to_use",
    "inbox.correct",
    "coalition.feed",  # authorised by the token in the address
    "overview.stop_reminder",  # authorised by the token in the mail
    "overview.stop_reminder_now",
}
# Called by mail programs (RFC 8058) and by officials, who have no session: authorised by a token instead.
TOKEN_AUTHORISED = {"inbox.unsubscribe_now", "overview.stop_reminder_now", "pipeline.answer_now"}
FEWEST_ROUTES = 20
FEWEST_ROUTES_OF_A_ROW = 12
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True)
class Route:
    """One method of one rule, with an address that matches it."""

    endpoint: str
    method: str
    path: str
    view: Any

    @property
    def is_public(self) -> bool:
        return getattr(self.view, "public", False)

    @property
    def permission(self) -> Permission | None:
        return getattr(self.view, "permission", None)


def sample_value(rule: Rule, name: str) -> Any:
    converter = rule._converters[name]
    if isinstance(converter, IntegerConverter):
        return 4711
    if isinstance(converter, AnyConverter):
        return min(converter.items)
    assert isinstance(converter, UnicodeConverter | PathConverter), f"{rule}: a sample for {converter} is missing"
    return "x"


def test_an_id_no_row_can_have_is_a_page_that_is_not_there(app: Flask) -> None:
    client = sign_in(app.test_client(), make_user(Role.ADMIN))
    adapter = app.url_map.bind("127.0.0.1")
    walked = 0
    for rule in app.url_map.iter_rules():
        numbers = [name for name in rule.arguments if isinstance(rule._converters[name], IntegerConverter)]
        if rule.endpoint == "static" or "GET" not in (rule.methods or ()) or not numbers:
            continue
        path = adapter.build(rule.endpoint, {name: sample_value(rule, name) for name in rule.arguments})
        for number in (str(2**63 - 1), str(2**63), str(10**20), "9" * 5000):
            assert client.get(path.replace("4711", number)).status_code == 404, f"{rule} with {number:.20}"
        walked += 1
    assert walked >= FEWEST_ROUTES_OF_A_ROW


@pytest.mark.parametrize(
    "address",
    [
        "/contacts?group=",
        "/contacts?party=",
        "/contacts?stance=opposed&treaty=",
        "/reports/pipeline?campaign=",
        "/reports/pipeline.csv?campaign=",
        "/letters?campaign=",
        "/letters/templates/new?campaign=",
        "/mailings/new?campaign=",
        "/mailings/new?like=",
        "/outbox?batch=",
        "/audit?table=contact&row=",
        "/campaigns/1/targets?owner=",
        "/campaigns/1/board?owner=",
        "/campaigns/1/targets/add?group=",
    ],
)
@pytest.mark.parametrize("number", [10**20, -(10**20)])
def test_an_id_no_row_can_have_is_no_value_of_a_filter(app: Flask, address: str, number: int) -> None:
    campaign = make_campaign()
    client = sign_in(app.test_client(), make_user(Role.ADMIN))
    answer = client.get(address.replace("/1/", f"/{campaign.id}/") + str(number), follow_redirects=True)
    assert answer.status_code in (200, 400, 404)


def routes(app: Flask) -> list[Route]:
    adapter = app.url_map.bind("127.0.0.1")
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        path = adapter.build(rule.endpoint, {name: sample_value(rule, name) for name in rule.arguments})
        view = app.view_functions[rule.endpoint]
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        found += [Route(rule.endpoint, method, path, view) for method in sorted(methods)]
    assert len(found) >= FEWEST_ROUTES
    return found


def guarded(app: Flask) -> list[Route]:
    found = [route for route in routes(app) if not route.is_public]
    assert len(found) >= FEWEST_ROUTES - len(PUBLIC)
    return found


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """With every optional feature, so that their routes are there."""
    return settings.model_copy(update={"mail_catcher": True})


@pytest.mark.sqlite_only
def test_every_route_is_public_on_purpose_or_asks_for_a_permission(app: Flask) -> None:
    found = routes(app)
    assert {route.endpoint for route in found if route.is_public} <= PUBLIC
    unmarked = [route for route in found if not route.is_public and not isinstance(route.permission, Permission)]
    assert unmarked == []


@pytest.mark.sqlite_only
def test_a_stranger_is_sent_to_the_sign_in_page_and_gets_no_piece_of_a_page(app: Flask, client: FlaskClient) -> None:
    for route in guarded(app):
        page = client.open(route.path, method=route.method)
        assert page.status_code == 302, route
        assert page.location.partition("?")[0] == "/sign-in", route
        piece = client.open(route.path, method=route.method, headers={"X-Partial": "1"})
        assert piece.status_code == 401, route
        assert "<html" not in piece.text, route


@pytest.mark.sqlite_only
@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_do_what_the_policy_says_and_no_more(app: Flask, role: Role) -> None:
    # An administrator stays, or the role under test could not always be acted on.
    make_user(Role.ADMIN)
    user = make_user(role)
    refused, allowed = 0, 0
    for route in guarded(app):
        answer = sign_in(app.test_client(), user).open(route.path, method=route.method)
        if route.permission in POLICY[role]:
            assert answer.status_code != 403, route
            assert answer.status_code < 500, route
            allowed += 1
        else:
            assert answer.status_code == 403, route
            refused += 1
    assert allowed
    assert refused or role is Role.ADMIN


@pytest.mark.sqlite_only
def test_every_change_is_refused_without_the_token_of_our_own_form(app: Flask) -> None:
    user = make_user(Role.ADMIN)
    tried = 0
    for route in routes(app):
        if route.method not in CHANGING or route.endpoint in TOKEN_AUTHORISED:
            continue
        client = app.test_client()
        assert isinstance(client, RequestClient)
        if not route.is_public:
            sign_in(client, user)
        client.sends_csrf_token = False
        answer = client.open(route.path, method=route.method)
        assert answer.status_code == 400, route
        assert "open too long" in answer.text, route
        tried += 1
    assert tried >= 10


@pytest.mark.sqlite_only
def test_only_what_a_signed_token_authorises_is_spared_the_form_token(app: Flask) -> None:
    views = {f"{view.__module__}.{view.__name__}": name for name, view in app.view_functions.items()}
    assert {views[name] for name in csrf._exempt_views} == TOKEN_AUTHORISED
    assert csrf._exempt_blueprints == set()
    for route in routes(app):
        if route.endpoint in TOKEN_AUTHORISED:
            answer = app.test_client().open(route.path, method=route.method)
            assert answer.status_code == 404, f"{route} takes a token nobody signed"


def answers(app: Flask) -> Iterator[tuple[str, Any]]:
    """Every page that can be read, for a stranger and an administrator, and what goes wrong."""
    user = make_user(Role.ADMIN)
    stranger, signed_in = app.test_client(), sign_in(app.test_client(), user)
    for route in routes(app):
        if route.method == "GET":
            for client in (stranger, signed_in):
                yield route.endpoint, client.get(route.path)
    yield "404", stranger.get("/no/such/page")
    yield "405", stranger.delete("/sign-in")
    yield "400", stranger.post("/sign-in", headers={"X-CSRFToken": "wrong"})
    yield "static", stranger.get("/static/app.js")


@pytest.mark.sqlite_only
def test_every_answer_carries_the_security_headers(app: Flask) -> None:
    seen = 0
    for name, answer in answers(app):
        seen += 1
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, name
        assert "unsafe" not in policy, name
        assert set(HEADERS) <= set(answer.headers.keys()), name
        if name != "static":
            assert "no-store" in answer.headers["Cache-Control"], name
        assert "Server" not in answer.headers or "Werkzeug" not in answer.headers["Server"]
    assert seen >= FEWEST_ROUTES


@pytest.fixture
def https_app(settings: Settings) -> Flask:
    return create_app(settings.model_copy(update={"public_url": "https://crm.example.org"}))


@pytest.mark.sqlite_only
def test_cookies_under_https_belong_to_this_host_alone(app: Flask, https_app: Flask) -> None:
    make_user(email="eve@team.example")
    https_app.test_client_class = RequestClient
    client = https_app.test_client()
    credentials = {"email": "eve@team.example", "password": PASSWORD}
    form = {"base_url": "https://crm.example.org", "headers": {"Referer": "https://crm.example.org/sign-in"}}
    answer = client.post("/sign-in", data=credentials, **form)
    assert answer.status_code == 302
    cookies = answer.headers.getlist("Set-Cookie")
    assert len(cookies) == 2  # the session, and the browser known from now on
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        attributes = {part.strip() for part in cookie.split(";")[1:]}
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= attributes
        assert not any(part.startswith("Domain") for part in attributes)
    assert "max-age" in answer.headers["Strict-Transport-Security"]


@pytest.mark.sqlite_only
def test_the_cookie_without_https_is_closed_to_scripts_and_other_sites(client: FlaskClient) -> None:
    (cookie,) = client.get("/sign-in").headers.getlist("Set-Cookie")
    assert {"HttpOnly", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")[1:]}


@pytest.mark.sqlite_only
@pytest.mark.parametrize(("proxies", "address", "secure"), [(0, "127.0.0.1", False), (1, "192.0.2.9", True)])
def test_only_our_own_proxies_are_believed(
    app: Flask, settings: Settings, proxies: int, address: str, secure: bool
) -> None:
    make_user(email="eve@team.example")
    behind = create_app(settings.model_copy(update={"trusted_proxies": proxies}))
    behind.test_client_class = RequestClient
    # The first address is what a caller may claim, the last what our proxy saw.
    headers = {
        "X-Forwarded-For": "203.0.113.1, 192.0.2.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
    }
    headers["Referer"] = "https://localhost/sign-in"
    answer = behind.test_client().post(
        "/sign-in", data={"email": "eve@team.example", "password": PASSWORD}, headers=headers
    )
    assert answer.location == "/"
    assert db.session.scalars(sa.select(UserSession.address)).all() == [address]
    assert ("Strict-Transport-Security" in answer.headers) is secure


@pytest.mark.sqlite_only
def test_a_host_that_is_not_ours_is_refused(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"trusted_hosts": ["crm.example.org"]}))
    client = app.test_client()
    assert client.get("/sign-in", headers={"Host": "crm.example.org"}).status_code == 200
    foreign = client.get("/sign-in", headers={"Host": "evil.example"})
    assert foreign.status_code == 400
    assert "<html" not in foreign.text
    assert foreign.headers["Content-Security-Policy"]
