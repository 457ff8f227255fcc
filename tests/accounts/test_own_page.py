"""After signing in one goes where one was heading, within this product and nowhere else."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.web import own_page
from tests.factories.accounts import PASSWORD, make_user

OURS = ["/account", "/users?cursor=abc", "/users/7", "/audit?table=user&row=7", "/account#sessions"]
FOREIGN = [
    "",
    "https://evil.example/",
    "http:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "/\\\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "\x00//evil.example",
    "/%2f/evil.example",
    "/%2F%2Fevil.example",
    "/%5c%5cevil.example",
    "/%5Cevil.example",
    "%2f%2fevil.example",
    "/%09/evil.example",
    "/account%0d%0aSet-Cookie:x=1",
    "/%ff%fe",
    "//[evil",
    "http://[evil",
    "evil.example/account",
    "account",
    "../account",
    "/account//evil.example",
    "/no/such/page",
    "/sign-out",
    "/account/password",
    "/static/app.js",
]


@pytest.mark.sqlite_only
@pytest.mark.parametrize("path", OURS)
def test_our_own_pages_are_taken(app: Flask, path: str) -> None:
    assert own_page(path) == path


@pytest.mark.sqlite_only
@pytest.mark.parametrize("path", FOREIGN)
def test_everything_else_is_refused(app: Flask, path: str) -> None:
    assert own_page(path) is None


@pytest.mark.sqlite_only
@pytest.mark.parametrize(("target", "location"), [*((path, path) for path in OURS), *((path, "/") for path in FOREIGN)])
def test_the_sign_in_form_goes_there_and_nowhere_else(client: FlaskClient, target: str, location: str) -> None:
    make_user(email="eve@team.example")
    credentials = {"email": "eve@team.example", "password": PASSWORD}
    answer = client.post("/sign-in", query_string={"next": target}, data=credentials)
    assert answer.location == location
    # Signed in already, the page itself sends on, to the same place.
    assert client.get("/sign-in", query_string={"next": target}).location == location


@pytest.mark.sqlite_only
def test_the_way_back_survives_a_wrong_password(client: FlaskClient) -> None:
    assert client.get("/account?a=1&b=2").location == "/sign-in?next=/account?a%3D1%26b%3D2"
    page = client.get("/sign-in", query_string={"next": "/account?a=1&b=2"})
    assert 'action="/sign-in?next=/account?a%3D1%26b%3D2"' in page.text
    wrong = client.post(
        "/sign-in", query_string={"next": "/account?a=1"}, data={"email": "a@b.example", "password": "x"}
    )
    assert 'action="/sign-in?next=/account?a%3D1"' in wrong.text


@pytest.mark.sqlite_only
def test_choosing_a_language_goes_back_to_the_page(client: FlaskClient) -> None:
    answer = client.post("/language", data={"language": "ar", "next": "/forgotten-password"})
    assert answer.location == "/forgotten-password"
    assert 'dir="rtl"' in client.get("/forgotten-password").text
    assert client.post("/language", data={"language": "tlh", "next": "//evil.example"}).location == "/"
    assert 'dir="rtl"' in client.get("/forgotten-password").text
