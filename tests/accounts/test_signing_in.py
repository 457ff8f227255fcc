"""Signing in and out through the form, and what a cookie is worth."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Literal

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from config import Settings
from crm import clock, create_app
from crm.accounts import actions, passwords, queries
from crm.accounts.models import SESSION_IDLE, SESSION_LONGEST, User, UserSession
from crm.accounts.tokens import token_hash
from crm.audit.models import ChangeSet
from crm.extensions import db
from crm.policy import Role
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import PASSWORD, make_user, sign_in
from tests.queries import queries_of


def post_sign_in(client: FlaskClient, email: str, password: str = PASSWORD, target: str = "") -> TestResponse:
    query = {"next": target} if target else {}
    return client.post("/sign-in", query_string=query, data={"email": email, "password": password})


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def sessions() -> list[UserSession]:
    return list(db.session.scalars(sa.select(UserSession).order_by(UserSession.id)))


def test_a_user_signs_in_with_the_form_in_any_case_of_the_address(client: FlaskClient) -> None:
    make_user(email="Eve@Team.example")
    response = post_sign_in(client, " EVE@team.EXAMPLE")
    assert response.status_code == 302
    assert response.location == "/"
    assert is_signed_in(client)


@pytest.mark.parametrize(("email", "password"), [("eve@team.example", "wrong"), ("nobody@team.example", PASSWORD)])
def test_a_wrong_address_and_a_wrong_password_get_the_same_answer(
    client: FlaskClient, email: str, password: str
) -> None:
    make_user(email="eve@team.example")
    answer = post_sign_in(client, email, password)
    assert answer.status_code == 401
    assert "do not go together" in answer.text
    assert f'value="{email}"' in answer.text
    assert password not in answer.text
    assert not is_signed_in(client)


def test_the_same_work_is_done_for_an_account_that_is_not_there(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
            verified.append(str(hash))
            return super().verify(hash, password)

    app.extensions["password_hasher"] = Watched()
    post_sign_in(client, "nobody@team.example")
    assert verified == [passwords.NOBODY]
    assert not PasswordHasher().check_needs_rehash(passwords.NOBODY)


def test_who_was_only_invited_or_may_not_sign_in_gets_the_same_answer(client: FlaskClient) -> None:
    make_user(email="new@team.example", password=None)
    former = make_user(email="former@team.example")
    with unit_of_work("deactivate", actor="test"):
        actions.change_user(former.id, name=former.name, role=former.role, team_id=former.team_id, active=False)
    for email in ("new@team.example", "former@team.example"):
        answer = post_sign_in(client, email)
        assert answer.status_code == 401
        assert "do not go together" in answer.text


def test_an_empty_form_says_what_is_missing(client: FlaskClient) -> None:
    answer = client.post("/sign-in", data={})
    assert answer.status_code == 422
    assert "Enter your e-mail address." in answer.text
    assert "Enter your password." in answer.text


def test_an_outdated_hash_is_renewed_at_sign_in(app: Flask, client: FlaskClient) -> None:
    user_id = make_user(email="eve@team.example").id
    app.extensions["password_hasher"] = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    before = db.session.get_one(User, user_id).password_hash
    post_sign_in(client, "eve@team.example")
    after = db.session.get_one(User, user_id).password_hash
    assert after != before
    assert after is not None
    assert not passwords.is_outdated(after)
    post_sign_in(app.test_client(), "eve@team.example")
    assert db.session.get_one(User, user_id).password_hash == after


def test_the_database_knows_the_hash_of_the_token_alone(client: FlaskClient) -> None:
    sign_in(client, make_user())
    with client.session_transaction() as cookie:
        token = cookie["_user_id"]
    (session,) = sessions()
    assert session.token_hash == token_hash(token)
    assert token not in session.token_hash


def test_every_sign_in_has_a_token_of_its_own_and_drops_a_planted_cookie(app: Flask, client: FlaskClient) -> None:
    make_user(email="eve@team.example")
    with client.session_transaction() as planted:
        planted["_user_id"] = "a token the attacker knows"
        planted["something"] = "else"
    post_sign_in(client, "eve@team.example")
    with client.session_transaction() as cookie:
        assert cookie["_user_id"] != "a token the attacker knows"
        assert "something" not in cookie
    post_sign_in(app.test_client(), "eve@team.example")
    assert len({session.token_hash for session in sessions()}) == 2


def test_a_copied_cookie_is_dead_after_sign_out(app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_user())
    copy = app.test_client()
    with client.session_transaction() as session, copy.session_transaction() as copied:
        copied.update(session)
    assert is_signed_in(copy)
    assert client.post("/sign-out").location == "/sign-in"
    assert not is_signed_in(copy)
    assert sessions() == []


def test_signing_in_and_out_leaves_its_trace(client: FlaskClient) -> None:
    user_id = make_user(email="eve@team.example").id
    post_sign_in(client, "eve@team.example")
    client.post("/sign-out")
    trail = db.session.execute(sa.select(ChangeSet.action, ChangeSet.actor).order_by(ChangeSet.id)).all()
    assert [tuple(row) for row in trail[1:]] == [("sign in", f"user:{user_id}"), ("sign out", f"user:{user_id}")]


@pytest.mark.parametrize("column", ["seen_at", "created_at"])
def test_a_session_ends_when_idle_and_when_old(client: FlaskClient, column: str) -> None:
    user_id = make_user(email="eve@team.example").id
    sign_in(client, db.session.get_one(User, user_id))
    age = SESSION_IDLE if column == "seen_at" else SESSION_LONGEST
    with unit_of_work("age", actor="test"):
        db.session.execute(sa.update(UserSession).values({column: clock.now() - age - timedelta(seconds=1)}))
    assert not is_signed_in(client)
    post_sign_in(client, "eve@team.example")
    assert len(sessions()) == 1  # the expired one is cleared away


def test_last_seen_is_noted_once_a_minute(client: FlaskClient) -> None:
    sign_in(client, make_user())
    (before,) = [session.seen_at for session in sessions()]
    assert is_signed_in(client)
    assert [session.seen_at for session in sessions()] == [before]
    earlier = clock.now() - timedelta(seconds=61)
    with unit_of_work("age", actor="test"):
        db.session.execute(sa.update(UserSession).values(seen_at=earlier))
    assert is_signed_in(client)
    db.session.rollback()
    assert sessions()[0].seen_at > earlier + timedelta(seconds=30)


@pytest.mark.sqlite_only  # PostgreSQL has no single write lock
def test_a_page_is_read_while_something_long_is_written(app: Flask, settings: Settings, client: FlaskClient) -> None:
    sign_in(client, make_user())
    with unit_of_work("age", actor="test"):
        db.session.execute(sa.update(UserSession).values(seen_at=clock.now() - timedelta(minutes=5)))
    other = create_app(settings)
    with other.app_context(), unit_of_work("long import", actor="worker:desk") as work:
        work.notes["rows"] = 1
        assert is_signed_in(client)


def test_the_user_of_a_request_costs_one_query(app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_user())
    with client.session_transaction() as cookie:
        token = cookie["_user_id"]
    user = queries.user_of_session(token)
    assert user is not None
    assert (user.team_name, user.role) == ("Campaigns", Role.OFFICER)
    assert queries_of(lambda: queries.user_of_session(token)) == 1


def test_a_session_is_known_by_its_browser(app: Flask) -> None:
    make_user(email="eve@team.example")
    client = app.test_client()
    client.post(
        "/sign-in",
        data={"email": "eve@team.example", "password": PASSWORD},
        headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
    )
    assert "Firefox, Linux" in client.get("/account").text


def test_no_password_is_logged(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    make_user(email="eve@team.example")
    with caplog.at_level(logging.DEBUG):
        post_sign_in(client, "eve@team.example")
        post_sign_in(client, "eve@team.example", "a wrong password")
    assert PASSWORD not in caplog.text
    assert "a wrong password" not in caplog.text
