"""Signing in and out through the form, and what a cookie is worth."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from tests.factories.accounts import PASSWORD, make_user, sign_in


def test_a_user_signs_in_with_the_form_in_any_case_of_the_address(app: Flask, client: FlaskClient) -> None:
    make_user(email="Eve@Team.example")
    response = client.post("/sign-in", data={"email": " EVE@team.EXAMPLE", "password": PASSWORD})
    assert response.status_code == 302
    assert response.location == "/"


def test_a_copied_cookie_is_dead_after_sign_out(app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_user())
    copy = app.test_client()
    with client.session_transaction() as session, copy.session_transaction() as copied:
        copied.update(session)
    assert copy.get("/sign-in").location == "/"
    assert client.post("/sign-out").location == "/sign-in"
    assert copy.post("/sign-out").location == "/sign-in"
