"""What the reader changed lately, in words, and the way back that outlives a message."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from crm.directory.models import Contact, ContactMerge
from crm.duplicates.actions import take_apart
from crm.extensions import db
from crm.policy import Role
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person
from tests.factories.pipeline import make_campaign, make_target
from tests.factories.roster_import import apply_staged, stage_file, table
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


def test_a_deed_tells_whom_it_was_about_and_what_it_did(client: FlaskClient) -> None:
    campaign = make_campaign("Ratify")
    targets = [make_target(campaign, make_person(name)) for name in ("Ada Álvaro", "Bea Bell", "Cyd Cole", "Dan Dole")]
    ids, person = [each.id for each in targets], targets[0].contact_id
    officer = sign_in(client, make_user(name="Una User"))
    data = {"contact": person, "what": "Met her", "at": "2026-05-04T09:30", "about": f"target:{ids[0]}"}
    officer.post("/log", data=data | {"stage": "contacted", "next_step": "Send the figures"})
    officer.post(f"/campaigns/{campaign.id}/targets/move", data={"target": ids, "the_stage": "in_dialogue"})
    officer.get("/changes")
    moved, logged = re.findall(r"<tr>.*?</tr>", officer.get("/changes").text.partition("<tbody>")[2], re.DOTALL)
    for said in ("Targets moved", "Ada Álvaro", "and 1 more", "From “Contacted” to “In dialogue”", "Undo"):
        assert said in words(moved)
    for said in ("Logged", "Ada Álvaro", "Met her", "From “Identified” to “Contacted”", "Next step: Send the figures"):
        assert said in words(logged)
    # What was changed since has no button, and says why.
    assert "/undo" not in logged
    assert "changed since" in words(logged)


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


def test_what_is_gone_keeps_its_name_and_only_what_can_be_done_again_is_offered(client: FlaskClient) -> None:
    officer = sign_in(client, make_user())

    def undo(number: int) -> None:
        officer.post(re.findall(r'action="(/audit/\d+/undo)"', officer.get("/changes").text)[number])

    eva = make_person("Eva Zuniga", country="ES").id
    officer.post("/contacts/new?kind=person", data={"given_name": "Ada", "family_name": "Álvaro"})
    officer.get("/contacts")
    undo(0)
    officer.get("/contacts")
    page = words(officer.get("/changes").text)
    assert "Undone: Contact added Ada Álvaro" in page
    assert page.count("Ada Álvaro") == 2
    officer.post(f"/contacts/{eva}/cells/country", data={"value": "PT"})
    officer.get("/contacts")
    undo(0)
    officer.get("/contacts")
    redo = "Undone: Contact changed"
    assert re.search(rf"{redo} .*? Redo", words(officer.get("/changes").text))
    # Somebody changes the same: there is nothing to do again any more.
    officer.post(f"/contacts/{eva}/cells/country", data={"value": "FR"})
    officer.get("/contacts")
    shown = words(officer.get("/changes").text)
    assert re.findall(r"\b(?:Redo|Undo)\b", shown[shown.index("Eva Zuniga") :]) == ["Undo", "Redo"]  # of Ada


def test_an_import_and_a_merge_are_told_with_the_way_to_them(client: FlaskClient, tmp_path: Path) -> None:
    user = make_user()
    officer = sign_in(client, user)
    ada = {"Given name": "Ada", "Family name": "Álvaro", "E-mail": "ada@one.example"}
    staged = stage_file(table(tmp_path / "people.csv", [ada]))
    apply_staged(staged.id, f"user:{user.id}")
    page = officer.get("/changes").text
    assert "Imported: people.csv Ada Álvaro" in words(page)
    assert f'href="/imports/{staged.id}"' in page
    assert "/undo" not in page
    one, other = make_person("Eva Zuniga").id, make_person("E. Zuniga").id
    officer.post(f"/duplicates/{one}/{other}", data={"confirmed": "yes"})
    officer.get("/contacts")
    page = officer.get("/changes").text
    assert "Contacts merged Eva Zuniga, E. Zuniga" in words(page)
    assert f'<a class="button small" href="/contacts/{one}">Take apart…</a>' in page
    with unit_of_work("unmerge", actor="test"):
        take_apart(db.session.scalars(sa.select(ContactMerge.id)).one())
    assert "taken apart" in words(officer.get("/changes").text)
