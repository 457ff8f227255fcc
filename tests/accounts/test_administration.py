"""Administrators invite, change and stop users; somebody can always administer."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm.accounts import queries
from crm.accounts.models import Team, User
from crm.extensions import db
from crm.outbox.models import OutgoingMessage
from crm.policy import Role
from tests.factories.accounts import PASSWORD, make_user, sign_in
from tests.queries import queries_of

LINK = re.compile(r"http://127\.0\.0\.1:8000(/choose-password/\S+)")


@pytest.fixture
def admin(client: FlaskClient) -> int:
    """The id of the one administrator, signed in on `client`."""
    user = make_user(Role.ADMIN, name="Ada Admin", team="Brussels")
    user_id = user.id
    sign_in(client, user)
    return user_id


def team_id(name: str = "Brussels") -> int:
    return db.session.scalars(sa.select(Team.id).where(Team.name == name)).one()


def invitation(**changes: object) -> dict[str, object]:
    return {"email": "New@Team.example", "name": "Nia New", "role": "lead", "team_id": team_id(), **changes}


def edit(user: User, **changes: object) -> dict[str, object]:
    fields = {"name": user.name, "role": user.role.value, "team_id": user.team_id, "active": "y", **changes}
    return {name: value for name, value in fields.items() if value is not None}


def user_with(email: str) -> User:
    db.session.rollback()
    return db.session.scalars(sa.select(User).where(User.email == email)).one()


def test_an_invited_colleague_chooses_a_password_and_comes_in(app: Flask, client: FlaskClient, admin: int) -> None:
    assert client.post("/users/invite", data=invitation()).location == "/users"
    user = user_with("new@team.example")
    assert (user.name, user.role, user.team.name, user.password_hash) == ("Nia New", Role.LEAD, "Brussels", None)
    mail = db.session.scalars(sa.select(OutgoingMessage)).one()
    assert mail.to_address == "new@team.example"
    assert "Ada Admin invites you" in mail.text
    found = LINK.search(mail.text)
    assert found
    newcomer = app.test_client()
    assert "Nia New" in newcomer.get(found[1]).text
    assert newcomer.post(found[1], data={"new_password": PASSWORD}).location == "/sign-in"
    answer = newcomer.post("/sign-in", data={"email": "new@team.example", "password": PASSWORD})
    assert answer.location == "/"
    assert newcomer.get(found[1]).status_code == 410


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"email": "not an address"}, "Enter an address such as"),
        ({"email": ""}, "Enter an e-mail address."),
        ({"name": ""}, "Enter a name."),
        ({"role": "boss"}, "Invalid Choice"),
        ({"team_id": 4711}, "Not a valid choice"),
    ],
)
def test_a_wrong_invitation_is_refused_and_kept_in_the_form(
    client: FlaskClient, admin: int, change: dict[str, object], hint: str
) -> None:
    answer = client.post("/users/invite", data=invitation(**change))
    assert answer.status_code == 422
    assert hint in answer.text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 1


def test_an_address_is_invited_once(client: FlaskClient, admin: int) -> None:
    make_user(email="new@team.example")
    answer = client.post("/users/invite", data=invitation())
    assert answer.status_code == 422
    assert "has an account already" in answer.text
    assert 'value="New@Team.example"' in answer.text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(OutgoingMessage)) == 0


def test_an_open_invitation_is_sent_again_and_only_that(client: FlaskClient, admin: int) -> None:
    client.post("/users/invite", data=invitation())
    newcomer = user_with("new@team.example").id
    assert "Invite again" in client.get(f"/users/{newcomer}").text
    assert client.post(f"/users/{newcomer}/invite").location == "/users"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(OutgoingMessage)) == 2
    assert client.post(f"/users/{admin}/invite").status_code == 409
    assert client.post("/users/4711/invite").status_code == 404


def test_a_user_is_changed(client: FlaskClient, admin: int) -> None:
    user = make_user(name="Old Name", email="eve@team.example", team="Brussels")
    make_user(team="Geneva")
    data = edit(user, name="New Name", role="viewer", team_id=team_id("Geneva"))
    assert client.post(f"/users/{user.id}", data=data).location == "/users"
    changed = user_with("eve@team.example")
    assert (changed.name, changed.role, changed.team.name, changed.active) == ("New Name", Role.VIEWER, "Geneva", True)


def test_a_deactivated_user_is_out(app: Flask, client: FlaskClient, admin: int) -> None:
    user = make_user(email="eve@team.example")
    data, user_id = edit(user, active=None), user.id
    theirs = sign_in(app.test_client(), user)
    client.post(f"/users/{user_id}", data=data)
    assert not user_with("eve@team.example").active
    assert theirs.get("/account").status_code == 302


@pytest.mark.parametrize("change", [{"role": "lead"}, {"active": None}], ids=["demoted", "deactivated"])
@pytest.mark.parametrize(
    "others",
    [
        lambda: None,
        lambda: make_user(Role.LEAD),
        lambda: make_user(Role.ADMIN, password=None),  # invited, and may never come
    ],
    ids=["alone", "with a lead", "with an invited one"],
)
def test_the_last_administrator_stays_one(
    client: FlaskClient, admin: int, change: dict[str, object], others: Callable[[], object]
) -> None:
    others()
    data = edit(db.session.get_one(User, admin), **change)
    answer = client.post(f"/users/{admin}", data=data)
    assert answer.status_code == 422
    assert "last administrator" in answer.text
    user = db.session.get_one(User, admin)
    assert (user.role, user.active) == (Role.ADMIN, True)
    assert client.get("/users").status_code == 200


def test_one_of_two_administrators_may_go(client: FlaskClient, admin: int) -> None:
    make_user(Role.ADMIN)
    data = edit(db.session.get_one(User, admin), role="officer")
    assert client.post(f"/users/{admin}", data=data).status_code == 302
    assert client.get("/users").status_code == 403


def test_users_are_listed_page_by_page_with_a_constant_number_of_queries(client: FlaskClient, admin: int) -> None:
    client.get("/users")  # the state of the workers is asked once in a while, not by every page
    few = queries_of(lambda: client.get("/users"))
    for number in range(60):
        make_user(name=f"Person {number:02}", email=f"person{number}@team.example")
    assert queries_of(lambda: client.get("/users")) == few
    first = client.get("/users").text
    cursor = re.search(r'rel="next" href="([^"]+)"', first)
    assert cursor
    second = client.get(cursor[1].replace("&amp;", "&")).text
    seen = set(re.findall(r"person\d+@team\.example", first)) | set(re.findall(r"person\d+@team\.example", second))
    assert len(seen) == 60


def test_teams_are_added_renamed_and_counted(client: FlaskClient, admin: int) -> None:
    assert client.post("/teams", data={"name": " Geneva "}).location == "/teams"
    assert client.post("/teams", data={"name": "Geneva"}).status_code == 422
    assert client.post("/teams", data={"name": ""}).status_code == 422
    geneva = team_id("Geneva")
    taken = client.post(f"/teams/{geneva}", data={"name": "Brussels"})
    assert taken.status_code == 422
    assert "There is a team of this name already." in taken.text
    assert client.post(f"/teams/{geneva}", data={"name": "Genève"}).location == "/teams"
    assert [(team.name, team.members) for team in queries.teams()] == [("Brussels", 1), ("Genève", 0)]
    assert client.get("/teams/4711").status_code == 404
