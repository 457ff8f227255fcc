"""The trail on screen: found by person, action and record, readable, and taken back by who may."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm.accounts import actions
from crm.accounts.models import User
from crm.audit.models import ChangeSet
from crm.directory.models import Category, Organization
from crm.extensions import db
from crm.policy import Permission, Role
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.history import make_interaction
from tests.queries import queries_of


def signed_in(app: Flask, role: Role, name: str | None = None) -> tuple[FlaskClient, str]:
    """A client and its user as an actor."""
    user = make_user(role, name=name)
    actor = f"user:{user.id}"
    return sign_in(app.test_client(), user), actor


def add_organization(actor: str, permission: Permission | None = Permission.LOBBY, name: str = "Engines") -> int:
    """The change set of a new organization, as a request with that permission leaves it."""
    with unit_of_work("add organization", actor=actor) as work:
        db.session.add(Organization(category=Category.PARTNER, name=name, sort_name=name.lower()))
        db.session.flush()
        db.session.execute(sa.update(ChangeSet).where(ChangeSet.id == work.change_set_id).values(permission=permission))
    assert work.change_set_id is not None
    return work.change_set_id


def organizations() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Organization.name)))


def latest() -> int:
    return db.session.scalars(sa.select(sa.func.max(ChangeSet.id))).one()


def test_the_trail_names_people_and_what_they_wrote(app: Flask) -> None:
    client, actor = signed_in(app, Role.LEAD, "Leila <Lead>")
    add_organization(actor)
    add_organization("worker:desk", name="Wheels")
    page = client.get("/audit").text
    assert "Leila &lt;Lead&gt;" in page
    assert "worker:desk" in page
    assert re.search(r"contact</span>\s*1 added", page)


def test_a_deed_shows_before_and_after_and_no_secret(app: Flask) -> None:
    client, actor = signed_in(app, Role.LEAD)
    user_id = make_user(name="Eve <b>").id
    with unit_of_work("change user", actor=actor) as work:
        user = db.session.get_one(User, user_id)
        user.name = "Eva"
        user.password_hash = "$argon2id$a-hash"
    page = client.get(f"/audit/{work.change_set_id}").text
    assert "Eve &lt;b&gt;" in page
    assert "Eva" in page
    assert "secret" in page
    assert "a-hash" not in page
    assert client.get("/audit/4711").status_code == 404


def test_the_trail_is_filtered(app: Flask) -> None:
    client, actor = signed_in(app, Role.LEAD)
    mine = add_organization(actor)
    others = add_organization("user:999", name="Wheels")
    with unit_of_work("rename", actor="user:999"):
        db.session.scalars(sa.select(Organization).where(Organization.name == "Wheels")).one().name = "Tyres"
    renamed = latest()
    wheels = db.session.scalars(sa.select(Organization.id).where(Organization.name == "Tyres")).one()

    def found(query: str) -> list[int]:
        return [int(number) for number in re.findall(r'href="/audit/(\d+)"', client.get(f"/audit?{query}").text)]

    assert found(f"actor={actor}&table=contact") == [mine]
    assert found("action=rename") == [renamed]
    assert found("table=contact") == [renamed, others, mine]
    assert found(f"table=contact&row={wheels}") == [renamed, others]
    assert found("table=contact&row=999999") == []
    assert found("table=contact&row=nonsense") == [renamed, others, mine]
    assert found(f"table=contact&row={10**30}") == [renamed, others, mine]
    assert set(found("table=no_such_table")) >= {mine, others, renamed}
    assert "No deed fits" in client.get("/audit?action=nothing").text


def test_the_trail_pages_with_a_constant_number_of_queries(app: Flask) -> None:
    client, actor = signed_in(app, Role.LEAD)
    add_organization(actor)
    client.get("/audit")  # the state of the workers is asked once in a while, not by every page
    few = queries_of(lambda: client.get("/audit?table=contact"))
    people = [f"user:{make_user().id}" for _ in range(5)]
    for number in range(59):
        add_organization(people[number % 5], name=f"Number {number}")
    assert queries_of(lambda: client.get("/audit?table=contact")) == few
    page = client.get("/audit?table=contact").text
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following
    assert "table=contact" in following[1]
    second = client.get(following[1].replace("&amp;", "&")).text
    seen = re.findall(r'href="/audit/(\d+)"', page) + re.findall(r'href="/audit/(\d+)"', second)
    assert len(seen) == len(set(seen)) == 60


def test_undo_is_offered_again_as_redo(app: Flask) -> None:
    client, actor = signed_in(app, Role.OFFICER)
    made = add_organization(actor)
    answer = client.post(f"/audit/{made}/undo", headers={"Referer": "http://localhost/account?x=1"})
    assert answer.location == "/account?x=1"
    assert organizations() == []
    page = client.get("/account").text
    assert "Undone." in page
    assert f'action="/audit/{latest()}/undo"' in page
    client.post(f"/audit/{latest()}/undo")
    assert organizations() == ["Engines"]
    assert "Done again." in client.get("/account").text
    client.post(f"/audit/{latest()}/undo")
    assert organizations() == []
    assert "Undone." in client.get("/account").text


@pytest.mark.parametrize("referer", ["https://evil.example//evil.example/x", "http://localhost/no/such/page", ""])
def test_after_an_undo_one_stays_in_the_product(app: Flask, referer: str) -> None:
    client, actor = signed_in(app, Role.OFFICER)
    made = add_organization(actor)
    assert client.post(f"/audit/{made}/undo", headers={"Referer": referer}).location == "/"


def test_after_an_undo_one_lands_on_the_list_where_the_record_is_gone(app: Flask) -> None:
    client, actor = signed_in(app, Role.OFFICER)
    kept, made = add_organization(actor), add_organization(actor, name="Wheels")
    wheels = db.session.scalars(sa.select(Organization.id).where(Organization.name == "Wheels")).one()
    engines = db.session.scalars(sa.select(Organization.id).where(Organization.name == "Engines")).one()
    of_engines = {"Referer": f"http://localhost/contacts/{engines}?edit=details"}
    of_wheels = {"Referer": f"http://localhost/contacts/{wheels}?edit=details"}
    assert client.post(f"/audit/{made}/undo", headers=of_wheels).location == "/contacts"
    assert client.post(f"/audit/{latest()}/undo", headers=of_engines).location == of_engines["Referer"][16:]
    answer = client.post(f"/audit/{kept}/undo", headers=of_engines, follow_redirects=True)
    assert (answer.status_code, answer.request.path) == (200, "/contacts")
    assert "Undone." in answer.text


def test_a_refusal_says_why(app: Flask) -> None:
    client, actor = signed_in(app, Role.OFFICER)
    made = add_organization(actor)
    with unit_of_work("rename", actor="user:999"):
        db.session.scalars(sa.select(Organization)).one().name = "Motors"
    client.post(f"/audit/{made}/undo")
    assert "somebody has changed the same thing since" in client.get("/account").text
    assert organizations() == ["Motors"]


@pytest.mark.parametrize(
    ("role", "own", "permission", "status"),
    [
        (Role.OFFICER, True, Permission.LOBBY, 302),
        (Role.OFFICER, True, None, 302),
        (Role.OFFICER, False, Permission.LOBBY, 403),
        (Role.VIEWER, True, Permission.LOBBY, 403),  # an officer once
        (Role.OFFICER, True, Permission.LEAD, 403),  # a lead once
        (Role.LEAD, False, Permission.LOBBY, 302),
        (Role.LEAD, False, None, 302),
        (Role.LEAD, False, Permission.ADMINISTER, 403),
        (Role.ADMIN, False, Permission.ADMINISTER, 302),
    ],
)
def test_undoing_needs_what_doing_needed(
    app: Flask, role: Role, own: bool, permission: Permission | None, status: int
) -> None:
    client, actor = signed_in(app, role)
    made = add_organization(actor if own else "user:999", permission)
    assert client.post(f"/audit/{made}/undo").status_code == status
    assert organizations() == ([] if status == 302 else ["Engines"])


def test_undo_is_offered_only_where_it_would_be_allowed(app: Flask) -> None:
    lead, stranger = make_user(Role.LEAD), make_user(team="Brussels")
    client, actor = sign_in(app.test_client(), lead), f"user:{lead.id}"
    made = [add_organization(actor), add_organization(actor, name="Wheels")]
    with unit_of_work("rename", actor=actor) as renamed:
        db.session.scalars(sa.select(Organization).where(Organization.name == "Wheels")).one().name = "Tyres"
    wheels = db.session.scalars(sa.select(Organization.id).where(Organization.name == "Tyres")).one()
    for team_id in (stranger.team_id, lead.team_id):
        make_interaction([wheels], team_id=team_id, actor=f"user:{stranger.id}")
        made.append(latest())
    stands, overtaken, of_others, own_teams = made
    allowed = {stands, renamed.change_set_id, own_teams}

    def offered(address: str) -> set[int]:
        return {int(number) for number in re.findall(r'action="/audit/(\d+)/undo"', client.get(address).text)}

    assert offered("/audit") & {*allowed, overtaken, of_others} == allowed
    for number in (*made, renamed.change_set_id):
        assert offered(f"/audit/{number}") == {number} & allowed, number
    # What is offered is carried out, and the rest refused.
    client.post(f"/audit/{of_others}/undo")
    assert "others keep to themselves" in client.get("/account").text
    client.post(f"/audit/{own_teams}/undo")
    assert "Undone." in client.get("/account").text


def test_a_request_leaves_the_permission_it_needed(app: Flask) -> None:
    client, _actor = signed_in(app, Role.ADMIN)
    client.post("/teams", data={"name": "Geneva"})
    assert db.session.get_one(ChangeSet, latest()).permission is Permission.ADMINISTER
    made = latest()
    client.post(f"/audit/{made}/undo")
    assert "change it back on its own page" in client.get("/account").text


def test_the_undo_of_a_deed_needs_the_same_permission(app: Flask) -> None:
    client, actor = signed_in(app, Role.LEAD)
    made = add_organization(actor, Permission.LEAD)
    client.post(f"/audit/{made}/undo")
    assert db.session.get_one(ChangeSet, latest()).permission is Permission.LEAD


def test_a_name_changed_later_is_the_name_shown(app: Flask) -> None:
    client, actor = signed_in(app, Role.LEAD, "Before")
    add_organization(actor)
    with unit_of_work("rename", actor="test"):
        actions.change_profile(int(actor.partition(":")[2]), name="After", language="en", timezone="UTC")
    page = client.get("/audit").text
    assert "After" in page
    assert "Before" not in page
