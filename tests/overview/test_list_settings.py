"""Columns a reader chooses, and saved views: whose they are, who sees them, what they keep."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm.extensions import db
from crm.overview.models import SavedView
from crm.policy import Role
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person


@pytest.fixture
def officer(client: FlaskClient) -> FlaskClient:
    make_person("Ada Álvaro", country="ES")
    make_person("Bo Berg", country="SE")
    return sign_in(client, make_user())


def colleague(app: Flask, role: Role = Role.OFFICER, team: str = "Campaigns") -> FlaskClient:
    return sign_in(app.test_client(), make_user(role, team=team))


def headings(page: str) -> list[str]:
    head = page[page.index("<thead>") : page.index("</thead>")]
    return [re.sub(r"<[^>]*>|[↑↓]", "", cell).strip() for cell in re.findall(r'<th scope="col"[^>]*>(.*?)</th>', head)][
        1:
    ]


def view_id() -> int:
    return db.session.scalars(sa.select(SavedView.id)).one()


def test_columns_are_chosen_and_kept_for_this_reader(app: Flask, officer: FlaskClient) -> None:
    usual = headings(officer.get("/contacts").text)
    assert usual == ["Name", "Category", "Country", "Political group", "Party", "E-mail address", "Tags", "Owner"]
    answer = officer.post("/contacts/columns", data={"column": ["added", "institution", "nonsense"], "country": "ES"})
    assert answer.location == "/contacts?country=ES"
    assert headings(officer.get("/contacts").text) == ["Name", "Institution", "Added"]
    assert headings(colleague(app).get("/contacts").text) == usual
    officer.post("/contacts/columns", data={"column": "added", "usual": "yes"})
    assert headings(officer.get("/contacts").text) == usual


def test_columns_of_an_address_stay_in_the_address(officer: FlaskClient) -> None:
    page = officer.get("/contacts?columns=phone,role").text
    assert headings(page) == ["Name", "Role", "Phone"]
    answer = officer.post("/contacts/columns", data={"columns": "phone,role", "column": "tags"})
    assert answer.location == "/contacts?columns=tags"
    assert len(headings(officer.get("/contacts").text)) == 8


def test_every_column_is_shown(officer: FlaskClient) -> None:
    page = officer.get("/contacts")
    names = re.findall(r'name="column" value="(\w+)"', page.text)
    assert len(names) == 17
    assert len(headings(officer.get(f"/contacts?columns={','.join(names)}").text)) == 18


def test_a_view_keeps_filter_order_and_columns(officer: FlaskClient) -> None:
    form = {"name": "Spaniards", "country": "ES", "sort": "-name", "shown": ["country", "tags"]}
    answer = officer.post("/contacts/views", data=form)
    assert answer.location == f"/contacts?country=ES&sort=-name&columns=country,tags&view={view_id()}"
    page = officer.get(answer.location).text
    assert headings(page) == ["Name", "Country", "Tags"]
    assert "The view “Spaniards” is saved." in page
    assert re.search(r'aria-current="page"><bdi>Spaniards</bdi>', page)
    assert "Keep in this view" not in page
    changed = officer.get(answer.location.replace("ES", "SE")).text
    assert "Keep in this view" in changed
    keep = {"name": "Spaniards", "keep": "yes", "country": "SE", "view": view_id()}
    officer.post(f"/contacts/views/{view_id()}", data=keep)
    db.session.expire_all()
    assert db.session.scalars(sa.select(SavedView.args)).one() == {"country": "SE"}


def test_a_view_is_renamed_shared_deleted_and_each_is_undone(app: Flask, officer: FlaskClient) -> None:
    officer.post("/contacts/views", data={"name": "Spaniards", "country": "ES"})
    friend, stranger = colleague(app), colleague(app, team="Elsewhere")
    assert "Spaniards" not in friend.get("/contacts").text
    officer.post(f"/contacts/views/{view_id()}", data={"name": "Iberians", "shared": "yes"})
    assert "<bdi>Iberians</bdi>" in friend.get("/contacts").text
    assert "Iberians" not in stranger.get("/contacts").text
    page = officer.get("/contacts").text
    undo = re.search(r'action="(/audit/\d+/undo)"', page[page.index("Saved.") :])
    assert undo is not None
    officer.post(undo[1])
    assert "Iberians" not in friend.get("/contacts").text
    officer.get("/contacts")
    officer.post(f"/contacts/views/{view_id()}/delete")
    page = officer.get("/contacts").text
    assert "The view “Spaniards” is gone." in page
    undo = re.search(r'action="(/audit/\d+/undo)"', page)
    assert undo is not None
    officer.post(undo[1])
    assert "<bdi>Spaniards</bdi>" in officer.get("/contacts").text


def test_a_view_is_changed_by_its_owner_and_by_who_leads_the_team_it_is_shared_with(
    app: Flask, officer: FlaskClient
) -> None:
    officer.post("/contacts/views", data={"name": "Spaniards", "shared": "yes"})
    lead, foreign = colleague(app, Role.LEAD), colleague(app, Role.LEAD, team="Elsewhere")
    where, form = f"/contacts/views/{view_id()}", {"name": "Iberians", "shared": "yes"}
    for other in (colleague(app), foreign):
        assert other.post(where, data=form).status_code == 404
        assert other.post(f"{where}/delete").status_code == 404
    assert lead.post(where, data=form).status_code == 302
    assert db.session.scalars(sa.select(SavedView.name)).one() == "Iberians"
    officer.post(where, data={"name": "Mine alone"})
    assert lead.post(where, data=form).status_code == 404


def test_a_name_is_needed_and_taken_once(officer: FlaskClient) -> None:
    officer.post("/contacts/views", data={"name": "  ", "country": "ES"})
    assert "give the view a name" in officer.get("/contacts").text
    officer.post("/contacts/views", data={"name": "Spaniards"})
    officer.get("/contacts")
    officer.post("/contacts/views", data={"name": "Spaniards"})
    assert "You have a view called “Spaniards” already" in officer.get("/contacts").text
    assert view_id()
