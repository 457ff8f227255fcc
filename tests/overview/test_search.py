"""Search by name over everything that can be opened, and what was opened lately."""

from __future__ import annotations

import re
from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm import clock
from crm.directory.actions import add_membership, create_organization, create_person
from crm.directory.models import Category, Contact
from crm.extensions import db
from crm.letters.models import LetterTemplate, Mailing
from crm.overview.finding import SHOWN
from crm.pipeline.models import Campaign
from crm.policy import Role
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind
from crm.treaties.actions import load_facts
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_organization, make_person
from tests.factories.letters import make_mailing
from tests.factories.pipeline import make_campaign
from tests.queries import queries_of

PARTIAL = {"X-Partial": "1"}


@pytest.fixture
def officer(client: FlaskClient) -> FlaskClient:
    return sign_in(client, make_user(Role.OFFICER))


def make_named_mailing(name: str, campaign: Campaign | None = None) -> int:
    mailing = make_mailing(campaign)
    with unit_of_work("name mailing", actor="test"):
        db.session.get_one(Mailing, mailing.id).name = name
    return mailing.id


def found(client: FlaskClient, text: str) -> list[str]:
    """Addresses of the palette's results, the last one aside, which leads to the list."""
    page = client.get("/search", query_string={"q": text}, headers=PARTIAL).text
    return re.findall(r'href="([^"?]*)"', page)


def test_the_palette_gets_the_links_alone(officer: FlaskClient) -> None:
    person = make_person("Łukasz Kohut", country="PL")
    organization = make_organization("Platform for Migrants", abbreviation="PfM")
    hits = officer.get("/search?q=kasz", headers=PARTIAL).text
    assert f'href="/contacts/{person.id}"' in hits
    assert "MEP, Poland" in hits
    assert 'href="/contacts?text=kasz"' in hits
    assert "<html" not in hits
    page = officer.get("/search?q=pfm").text
    assert f'href="/contacts/{organization.id}"' in page
    assert "<html" in page
    assert officer.get("/search?q=xyz", headers=PARTIAL).text.strip() == ""
    assert "Nothing is called that" in officer.get("/search?q=xyz").text


def test_campaigns_mailings_letters_and_treaties_are_found(officer: FlaskClient) -> None:
    with unit_of_work("load facts", actor="test"):
        load_facts()
    campaign = make_campaign(name="Été des migrants")
    mailing = make_named_mailing("Migrants: the first letter", campaign)
    template = db.session.scalars(sa.select(LetterTemplate)).first()
    assert template is not None
    assert f"/campaigns/{campaign.id}" in found(officer, "ete migr")
    assert f"/mailings/{mailing}" in found(officer, "first LETTER")
    assert f"/letters/templates/{template.id}" in found(officer, template.name)
    assert "/treaties/ICRMW" in found(officer, "icrmw")
    assert found(officer, "migrant workers") == ["/treaties/ICRMW"]
    # The name that begins so comes before the one that has it further on.
    assert found(officer, "migrants")[:2] == [f"/mailings/{mailing}", f"/campaigns/{campaign.id}"]


def test_only_what_the_reader_may_open_is_found(client: FlaskClient) -> None:
    mailing = make_named_mailing("Migrants: the first letter")
    template = db.session.scalars(sa.select(LetterTemplate)).first()
    assert template is not None
    viewer = sign_in(client, make_user(Role.VIEWER))
    assert found(viewer, template.name) == [f"/letters/templates/{template.id}"]
    assert f"/mailings/{mailing}" in found(viewer, "migrants first")
    page = viewer.get("/contacts").text
    assert "/letters/templates/new" not in page
    assert "/contacts/new" not in page


def test_commands_are_those_the_reader_may_give(officer: FlaskClient) -> None:
    page = officer.get("/search").text
    commands = set(re.findall(r'<a href="([^"]*)" data-command', page))
    assert {"/today", "/contacts", "/contacts/new", "/letters/templates/new", "/mailings/new"} <= commands
    assert "/campaigns/new" not in commands


def test_what_a_team_keeps_to_itself_is_found_by_nobody(officer: FlaskClient) -> None:
    person = make_person("Ada Alvaro")
    other = make_user(Role.OFFICER, team="Others")
    with unit_of_work("note", actor="test"):
        add_events(
            [
                Event(
                    contact_id=person.id,
                    at=clock.now(),
                    kind=EntryKind.IMPORTED,
                    reference="note:1",
                    summary="Whisperword",
                    team_id=other.team_id,
                )
            ]
        )
    for address in ("/search", "/contacts"):
        page = officer.get(address, query_string={"q": "whisperword", "text": "whisperword"}).text
        assert f'href="/contacts/{person.id}"' not in page


def test_the_contacts_opened_last_come_first_when_nothing_is_typed(officer: FlaskClient) -> None:
    assert found(officer, "") == []
    people = [make_person(f"Ada Person{number}").id for number in range(SHOWN + 2)]
    for person in people:
        officer.get(f"/contacts/{person}")
    officer.get(f"/contacts/{people[3]}")
    assert officer.get("/contacts/999999").status_code == 404
    newest = [people[3], *(person for person in reversed(people) if person != people[3])][:SHOWN]
    assert found(officer, "") == [f"/contacts/{person}" for person in newest]
    assert "Opened lately" in officer.get("/search").text


def test_a_contact_that_is_gone_is_no_longer_recent(officer: FlaskClient) -> None:
    with unit_of_work("make", actor="test"):
        gone = create_organization("Gone", category=Category.PARTNER).id
    officer.get(f"/contacts/{gone}")
    assert found(officer, "") == [f"/contacts/{gone}"]
    with unit_of_work("remove", actor="test"):
        db.session.execute(sa.delete(Contact).where(Contact.id == gone))
    assert found(officer, "") == []


def test_a_search_costs_three_queries_besides_the_session(app: Flask, officer: FlaskClient) -> None:
    make_person("Ada Alvaro")
    alone = queries_of(lambda: officer.get("/search?q=", headers=PARTIAL))
    assert queries_of(lambda: officer.get("/search?q=ada", headers=PARTIAL)) == alone + 3


@pytest.mark.sqlite_only
def test_a_hit_says_the_office_that_is_held_today(officer: FlaskClient) -> None:
    with unit_of_work("invent a minister", actor="test"):
        here = create_organization("Ministry of Rights", category=Category.GOVERNMENT)
        party = create_organization("Rights Party", category=Category.PARTY)
        for name, ended in (("Ada Minister", None), ("Bea Minister", date(2020, 1, 1))):
            person = create_person(name=name, country="ES")
            add_membership(person, here, role="Minister of Rights", end_date=ended)
            add_membership(person, party, start_date=date(2021, 1, 1))
    page = " ".join(re.sub(r"<[^>]+>", " ", officer.get("/search?q=minister").text).split())
    assert "Ada Minister Minister of Rights, Ministry of Rights" in page
    assert "Bea Minister National official, Spain" in page
    listed = officer.get("/contacts").text
    assert listed.count("<bdi>Minister of Rights, Ministry of Rights</bdi>") == 1
    contact = officer.get(f"/contacts/{person.id - 1}").text
    assert "<bdi>Minister of Rights</bdi>, <a" in contact
    offices = contact[contact.index('id="memberships"') :]
    assert offices.index("Ministry of Rights") < offices.index("Rights Party")


def test_a_field_for_a_name_offers_contacts_of_its_kind(officer: FlaskClient) -> None:
    person = make_person("Łukasz Kohut", country="PL")
    organization = make_organization("Kohutova Foundation")
    offered = officer.get("/contacts/suggestions?q=kohut&kind=person", headers=PARTIAL).text
    assert re.findall(r'data-id="(\d+)" data-name="([^"]*)"', offered) == [(str(person.id), "Łukasz Kohut")]
    both = officer.get("/contacts/suggestions?q=kohut", headers=PARTIAL).text
    assert set(re.findall(r'data-id="(\d+)"', both)) == {str(person.id), str(organization.id)}
    assert officer.get("/contacts/suggestions?q=kohut&kind=thing").status_code == 404
