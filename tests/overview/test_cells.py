"""Mending a fact of a contact in its place in the list."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from crm.directory.models import Category, Contact
from crm.extensions import db
from crm.policy import Role
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_organization, make_person

PARTIAL = {"X-Partial": "1"}


@pytest.fixture
def officer(client: FlaskClient) -> FlaskClient:
    officer = sign_in(client, make_user(name="Una User"))
    officer.get("/contacts")
    return officer


def undo_of(text: str) -> str:
    found = re.search(r'action="(/audit/\d+/undo)"', text)
    assert found is not None
    return found[1]


def fresh(contact_id: int) -> Contact:
    db.session.expire_all()
    return db.session.get_one(Contact, contact_id)


def test_a_country_is_mended_and_comes_back(officer: FlaskClient) -> None:
    ada = make_person("Ada Álvaro", country="ES").id
    assert f'href="/contacts/{ada}/cells/country"' in officer.get("/contacts").text
    form = officer.get(f"/contacts/{ada}/cells/country", headers=PARTIAL).text
    assert '<option value="ES" selected>Spain</option>' in form
    assert "<html" not in form
    answer = officer.post(f"/contacts/{ada}/cells/country", data={"value": "PT"}, headers=PARTIAL)
    assert answer.json is not None
    assert "Portugal" in answer.json["cell"]
    assert fresh(ada).country == "PT"
    # The message came with the cell, and does not come again.
    assert "Saved." not in officer.get("/contacts").text
    officer.post(undo_of(answer.json["toasts"]))
    assert fresh(ada).country == "ES"


def test_tags_are_written_with_commas(officer: FlaskClient) -> None:
    ada = make_person("Ada Álvaro").id
    answer = officer.post(f"/contacts/{ada}/cells/tags", data={"value": "Ally, first wave"}, headers=PARTIAL)
    assert answer.json is not None
    assert re.findall(r"<bdi>([^<]*)", answer.json["cell"]) == ["Ally", "first wave"]
    form = officer.get(f"/contacts/{ada}/cells/tags", headers=PARTIAL).text
    assert 'value="Ally, first wave"' in form
    officer.post(f"/contacts/{ada}/cells/tags", data={"value": "ally"}, headers=PARTIAL)
    page = officer.get("/contacts").text
    assert "<bdi>Ally</bdi>" in page
    assert "first wave</bdi>" not in page
    refused = officer.post(f"/contacts/{ada}/cells/tags", data={"value": "★"}, headers=PARTIAL)
    assert refused.status_code == 422
    assert "A tag needs a letter or a digit." in refused.text
    assert 'value="★"' in refused.text
    officer.post(f"/contacts/{ada}/cells/tags", data={"value": " "}, headers=PARTIAL)
    assert "<bdi>Ally</bdi>" not in officer.get("/contacts").text


def test_owner_and_category_are_chosen_from_lists(officer: FlaskClient) -> None:
    ada = make_person("Ada Álvaro").id
    forum = make_organization("Forum").id
    form = officer.get(f"/contacts/{ada}/cells/owner", headers=PARTIAL).text
    owner = re.search(r'value="(\d+)">Una User', form)
    assert owner is not None
    officer.post(f"/contacts/{ada}/cells/owner", data={"value": owner[1]})
    assert fresh(ada).owner_id == int(owner[1])
    officer.post(f"/contacts/{ada}/cells/category", data={"value": "commissioner"})
    assert fresh(ada).category is Category.COMMISSIONER
    for contact_id, value in ((ada, "party"), (forum, ""), (forum, "mep"), (ada, "nonsense")):
        assert officer.post(f"/contacts/{contact_id}/cells/category", data={"value": value}).status_code == 422
    assert officer.post(f"/contacts/{ada}/cells/owner", data={"value": "4711"}).status_code == 422
    assert officer.get(f"/contacts/{ada}/cells/email").status_code == 404


def test_without_script_it_is_a_page_that_leads_back(officer: FlaskClient) -> None:
    ada = make_person("Ada Álvaro").id
    page = officer.get(f"/contacts/{ada}/cells/country?next=/contacts?sort=-name").text
    assert "<html" in page
    answer = officer.post(f"/contacts/{ada}/cells/country", data={"value": "PT", "next": "/contacts?sort=-name"})
    assert answer.location == "/contacts?sort=-name"
    assert "Saved." in officer.get("/contacts").text


def test_a_viewer_mends_nothing(client: FlaskClient) -> None:
    ada = make_person("Ada Álvaro").id
    viewer = sign_in(client, make_user(Role.VIEWER))
    assert "/cells/" not in viewer.get("/contacts").text
    assert viewer.post(f"/contacts/{ada}/cells/country", data={"value": "PT"}).status_code == 403
