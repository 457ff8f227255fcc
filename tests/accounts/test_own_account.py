"""One's own account: profile, password, sessions."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm.accounts import actions, passwords
from crm.accounts.models import User, UserSession
from crm.extensions import db
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import PASSWORD, make_user, sign_in

NEW_PASSWORD = "four unrelated words together"


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def test_the_profile_is_kept_and_the_page_speaks_the_language_chosen(client: FlaskClient) -> None:
    user_id = make_user(name="Eve").id
    sign_in(client, db.session.get_one(User, user_id))
    profile = {"name": " Eve Abate ", "language": "ar", "timezone": "America/Argentina/Buenos_Aires"}
    answer = client.post("/account", data=profile)
    assert answer.location == "/account"
    user = db.session.get_one(User, user_id)
    assert (user.name, user.language, user.timezone) == ("Eve Abate", "ar", "America/Argentina/Buenos_Aires")
    page = client.get("/account").text
    assert 'dir="rtl"' in page
    assert 'value="Eve Abate"' in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "", "language": "en", "timezone": "UTC"},
        {"name": "x" * 121, "language": "en", "timezone": "UTC"},
        {"name": "Eve", "language": "tlh", "timezone": "UTC"},
        {"name": "Eve", "language": "en", "timezone": "Mars/Olympus"},
    ],
)
def test_a_wrong_profile_is_refused_and_kept_in_the_form(client: FlaskClient, wrong: dict[str, str]) -> None:
    user_id = make_user(name="Before").id
    sign_in(client, db.session.get_one(User, user_id))
    answer = client.post("/account", data=wrong)
    assert answer.status_code == 422
    assert f'value="{wrong["name"]}"' in answer.text
    assert db.session.get_one(User, user_id).name == "Before"


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(app: Flask, client: FlaskClient) -> None:
    user = make_user()
    user_id = user.id
    sign_in(client, user)
    elsewhere = sign_in(app.test_client(), db.session.get_one(User, user_id))
    answer = client.post("/account/password", data={"password": PASSWORD, "new_password": NEW_PASSWORD})
    assert answer.location == "/account"
    assert passwords.verify(db.session.get_one(User, user_id).password_hash, NEW_PASSWORD)
    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)


def test_the_present_password_is_needed(client: FlaskClient) -> None:
    user_id = make_user().id
    sign_in(client, db.session.get_one(User, user_id))
    answer = client.post("/account/password", data={"password": "wrong", "new_password": NEW_PASSWORD})
    assert answer.status_code == 401
    assert "This is not your present password." in answer.text
    assert passwords.verify(db.session.get_one(User, user_id).password_hash, PASSWORD)


def test_a_weak_password_is_refused(client: FlaskClient) -> None:
    sign_in(client, make_user())
    answer = client.post("/account/password", data={"password": PASSWORD, "new_password": "short"})
    assert answer.status_code == 422
    assert "Use at least 12 characters." in answer.text


def test_sessions_are_listed_and_ended_one_by_one(app: Flask, client: FlaskClient) -> None:
    user = make_user()
    user_id = user.id
    sign_in(client, user)
    elsewhere = sign_in(app.test_client(), db.session.get_one(User, user_id))
    with elsewhere.session_transaction():
        pass
    ids = list(db.session.scalars(sa.select(UserSession.id).order_by(UserSession.id)))
    assert client.get("/account").text.count("/end") == len(ids) + 1
    assert client.post(f"/account/sessions/{ids[1]}/end").location == "/account"
    assert not is_signed_in(elsewhere)
    assert is_signed_in(client)
    assert client.post(f"/account/sessions/{ids[0]}/end").location == "/sign-in"
    assert not is_signed_in(client)


def test_nobody_ends_a_session_of_somebody_else(app: Flask, client: FlaskClient) -> None:
    sign_in(client, make_user())
    other = sign_in(app.test_client(), make_user())
    other_id = db.session.scalars(sa.select(UserSession.id).order_by(UserSession.id.desc())).first()
    client.post(f"/account/sessions/{other_id}/end")
    assert is_signed_in(other)


def test_signing_out_everywhere_is_everywhere(app: Flask, client: FlaskClient) -> None:
    user = make_user()
    user_id = user.id
    sign_in(client, user)
    elsewhere = sign_in(app.test_client(), db.session.get_one(User, user_id))
    bystander = sign_in(app.test_client(), make_user())
    assert client.post("/account/sessions/end").location == "/sign-in"
    assert not is_signed_in(client)
    assert not is_signed_in(elsewhere)
    assert is_signed_in(bystander)
    assert "signed out everywhere" in client.get("/sign-in").text


def test_who_is_deactivated_is_out_at_once(client: FlaskClient) -> None:
    user = make_user()
    user_id, name, role, team_id = user.id, user.name, user.role, user.team_id
    sign_in(client, user)
    assert is_signed_in(client)
    with unit_of_work("deactivate", actor="test"):
        actions.change_user(user_id, name=name, role=role, team_id=team_id, active=False)
    assert not is_signed_in(client)
    with unit_of_work("activate", actor="test"):
        actions.change_user(user_id, name=name, role=role, team_id=team_id, active=True)
    assert not is_signed_in(client)
