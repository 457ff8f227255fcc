"""What the reader changed lately, in words, and the way back that outlives a message."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from crm.directory.models import Contact
from crm.extensions import db
from crm.policy import Role
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person
from tests.overview.test_contact_parts import words
from tests.queries import queries_of


def test_own_changes_are_told_and_taken_back(client: FlaskClient) -> None:
    ada = make_person("Ada Álvaro", country="ES").id
    officer = sign_in(client, make_user(name="Una User"))
    assert "You have changed nothing yet" in officer.get("/changes").text
    officer.post(f"/contacts/{ada}/cells/country", data={"value": "PT"})
    officer.post("/contacts/bulk/tag", data={"contact": [ada], "the_tag": "ally"})
    page = officer.get("/changes").text
    for said in ("Changed by hand", "Country: from Spain to Portugal", "Ada Álvaro", "Contacts tagged"):
        assert said in words(page)
    # Shown again, without the messages.
    undos = re.findall(r'action="(/audit/\d+/undo)"', officer.get("/changes").text)
    assert len(undos) == 2
    back = officer.post(undos[1], headers={"Referer": "http://localhost/changes"})
    assert back.location == "/changes"
    db.session.expire_all()
    assert db.session.get_one(Contact, ada).country == "ES"
    page = words(officer.get("/changes").text)
    assert "Undone: Contact changed" in page
    # Each deed names whom it was about.
    assert page.count("Ada Álvaro") == 3
    # Somebody else's deeds are nobody's business here.
    other = sign_in(client, make_user(Role.OFFICER, name="Otto Other"))
    assert "You have changed nothing yet" in other.get("/changes").text


@pytest.mark.sqlite_only
def test_the_page_costs_the_same_however_much_was_done(client: FlaskClient) -> None:
    people = [make_person() for _ in range(4)]
    officer = sign_in(client, make_user())

    def tag(word: str) -> None:
        officer.post("/contacts/bulk/tag", data={"contact": [each.id for each in people], "the_tag": word})

    tag("one")
    few = queries_of(lambda: officer.get("/changes"))
    for word in ("two", "three", "four"):
        tag(word)
    assert queries_of(lambda: officer.get("/changes")) == few
