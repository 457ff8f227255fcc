"""A contact's whole page, and the changes made on it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm.audit.actions import undo
from crm.directory.actions import add_point, create_person
from crm.directory.models import Category, Contact, ContactPoint, Person, PointKind, PointStatus
from crm.extensions import db
from crm.outbox.actions import suppress
from crm.outbox.models import SuppressionReason
from crm.pipeline.actions import move_target
from crm.pipeline.models import CloseReason, Stage
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person, organization_named
from tests.factories.pipeline import make_campaign, make_target
from tests.queries import queries_of


@pytest.fixture
def officer(client: FlaskClient) -> FlaskClient:
    officer = sign_in(client, make_user())
    officer.get("/contacts")
    return officer


def posted(client: FlaskClient, form_page: str, action: str, **data: str) -> tuple[int, str]:
    """Send the form of a page with its token; the status and the page that follows."""
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(form_page).text)
    assert token is not None
    answer = client.post(action, data={"csrf_token": token[1], **data})
    if answer.status_code == 302:
        return 302, client.get(answer.location).text
    return answer.status_code, answer.text


def test_everything_known_stands_on_one_page(officer: FlaskClient) -> None:
    person = make_person(
        "Ada Álvaro", country="ES", group="Green Group", party="Verdes", identifiers={"europarl": "7", "desk": "a/b"}
    )
    page = officer.get(f"/contacts/{person.id}").text
    for shown in ("<bdi>Ada Álvaro</bdi>", "Spain", "Green Group", "Verdes", "European Parliament", "term 10"):
        assert shown in page
    assert 'href="https://www.europarl.europa.eu/meps/en/7"' in page
    assert "a/b" in page
    assert "Nothing has happened yet" in page


def test_ended_mandates_are_marked_and_said(officer: FlaskClient) -> None:
    person = make_person(ended=date(2024, 9, 1))
    page = officer.get(f"/contacts/{person.id}").text
    assert "Ended</span>" in page
    assert "No mandate since" in page
    assert "Ended</span>" not in officer.get(f"/contacts/{make_person().id}").text


def test_an_organization_shows_its_people(officer: FlaskClient) -> None:
    make_person("Ada Álvaro", group="Green Group", party="Verdes")
    group = organization_named("Green Group", Category.POLITICAL_GROUP)
    for organization in (
        group,
        organization_named("Verdes", Category.PARTY),
        organization_named("European Parliament", Category.PARLIAMENT),
    ):
        assert "Ada Álvaro" in officer.get(f"/contacts/{organization.id}").text
    assert f'href="/contacts?group={group.id}"' in officer.get(f"/contacts/{group.id}").text


def test_an_unknown_contact_is_not_found(officer: FlaskClient) -> None:
    answer = officer.get("/contacts/999999")
    assert answer.status_code == 404
    assert "no such contact" in answer.text


def test_the_timeline_tells_the_teams_events_newest_first(client: FlaskClient) -> None:
    user = make_user(team="Ours")
    stranger = make_user(team="Theirs")
    person = make_person()
    with unit_of_work("events", actor=f"user:{user.id}"):
        add_events(
            [
                Event(
                    person.id, datetime(2026, 1, day, tzinfo=UTC), EntryKind.LETTER_SENT, f"letter:{day}", f"News {day}"
                )
                for day in range(1, 26)
            ]
        )
        add_events(
            [
                Event(person.id, datetime(2026, 2, 1, tzinfo=UTC), EntryKind.TARGETED, "target:1", "Secret", {}, team)
                for team in (stranger.team_id,)
            ]
        )
    officer = sign_in(client, user)
    page = officer.get(f"/contacts/{person.id}").text
    assert re.findall(r"News \d+", page) == [f"News {day}" for day in range(25, 5, -1)]
    assert "Secret" not in page
    assert user.name in page
    onwards = re.search(r'rel="next" href="([^"]*)"', page)
    assert onwards is not None
    assert re.findall(r"News \d+", officer.get(onwards[1]).text) == [f"News {day}" for day in range(5, 0, -1)]


def test_the_page_costs_the_same_however_much_is_known(app: Flask, officer: FlaskClient) -> None:
    person = make_person(party="Verdes")
    address = f"/contacts/{person.id}"
    few = queries_of(lambda: officer.get(address))
    with unit_of_work("events", actor="user:1"):
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        add_events([Event(person.id, moment, EntryKind.LETTER_SENT, f"letter:{number}") for number in range(30)])
    assert queries_of(lambda: officer.get(address)) == few
    assert few <= 12


def test_basic_fields_are_edited_in_place_and_undone(officer: FlaskClient) -> None:
    person = make_person("Ada Alvaro")
    page, action = f"/contacts/{person.id}?edit=details", f"/contacts/{person.id}/details"
    assert 'value="Alvaro"' in officer.get(page).text
    fields = {"given_name": "Ada", "family_name": "Zúñiga", "category_override": "mep", "country": "PT"}
    status, after = posted(officer, page, action, **fields)
    assert (status, "Ada Alvaro is now Ada Zúñiga." in after, "<bdi>Ada Zúñiga</bdi>" in after) == (302, True, True)
    changed = db.session.get_one(Contact, person.id)
    assert (changed.sort_name, changed.country, changed.country_sort) == ("zuniga ada", "PT", "portugal")
    number = re.search(r"/undo/(\d+)|change_set_id=(\d+)", after)
    if number is not None:
        with unit_of_work("undo", actor="test"):
            undo(int(number[1] or number[2]))
        assert db.session.get_one(Contact, person.id).name == "Ada Alvaro"
    status, after = posted(officer, page, action, **{**fields, "family_name": " "})
    assert status == 422
    assert "Enter the family name." in after
    assert 'value="PT" ' in after or '<option selected value="PT">' in after


def test_who_is_known_by_a_whole_name_alone_is_corrected_by_it(officer: FlaskClient) -> None:
    with unit_of_work("invent somebody", actor="test"):
        person = create_person(name="Ada Zuniga", country="ES")
    page, action = f"/contacts/{person.id}?edit=details", f"/contacts/{person.id}/details"
    for fields in ({"name": "Ada Zúñiga"}, {"name": "Ada Zúñiga", "birth_date": "1970-01-02"}):
        assert posted(officer, page, action, given_name="", family_name="", **fields)[0] == 302
    kept = db.session.get_one(Person, person.id)
    assert (kept.name, kept.family_name, kept.sort_name) == ("Ada Zúñiga", None, "zuniga ada")
    assert "<bdi>Zúñiga, Ada</bdi>" in officer.get(f"/contacts/{person.id}").text
    assert posted(officer, page, action, given_name="", family_name="", name="")[0] == 422
    # Told one part of the name, the product knows the other.
    assert posted(officer, page, action, given_name="", family_name="Zúñiga", name="Ada Zúñiga")[0] == 302
    kept = db.session.get_one(Person, person.id)
    assert (kept.name, kept.given_name, kept.family_name) == ("Ada Zúñiga", "Ada", "Zúñiga")


def test_a_proposed_part_of_a_name_is_corrected_and_none_is_lost_unasked(officer: FlaskClient) -> None:
    with unit_of_work("invent somebody", actor="test"):
        person = create_person(name="Inés Brugadell", country="ES")
    page, action = f"/contacts/{person.id}?edit=details", f"/contacts/{person.id}/details"
    form = officer.get(page).text
    for shown in ('value="Inés"', 'value="Brugadell"', "a proposal", 'data-follows="given_name family_name"'):
        assert shown in form
    typed = {"given_name": "", "family_name": "Brugadelles Lameiriña", "name": "Inés Brugadell", "country": "ES"}
    status, asked = posted(officer, page, action, **typed)
    assert (status, "“Inés” would be gone" in asked) == (422, True)
    assert db.session.get_one(Person, person.id).name == "Inés Brugadell"
    typed |= {"given_name": "Inés", "family_name": "Brugadelles"}
    _status, after = posted(officer, page, action, **typed)
    assert "Inés Brugadell is now Inés Brugadelles." in after
    kept = db.session.get_one(Person, person.id)
    assert (kept.given_name, kept.family_name) == ("Inés", "Brugadelles")
    # Whoever is asked and means it, has it so.
    fewer = {**typed, "given_name": "", "name": "Inés Brugadelles", "agreed": "Brugadelles"}
    assert posted(officer, page, action, **fewer)[0] == 302
    assert db.session.get_one(Person, person.id).name == "Brugadelles"


def test_a_contact_point_is_added_taken_out_of_use_and_used_again(officer: FlaskClient) -> None:
    person = make_person(email="old@parliament.example")
    page = f"/contacts/{person.id}?edit=points"
    status, after = posted(officer, page, f"/contacts/{person.id}/points", kind="email", value="no address")
    assert status == 422
    assert "not an e-mail address" in after
    assert 'value="no address"' in after
    status, after = posted(
        officer, page, f"/contacts/{person.id}/points", kind="email", value=" New@Parliament.Example"
    )
    assert (status, "new@parliament.example" in after) == (302, True)
    make_person("Bo Shared", email="office@parliament.example")
    shared = {"kind": "email", "value": "Office@parliament.example"}
    _status, after = posted(officer, page, f"/contacts/{person.id}/points", **shared)
    assert "This is the address of Bo Shared, too." in after
    old = db.session.scalars(sa.select(ContactPoint).where(ContactPoint.value == "old@parliament.example")).one()
    status, after = posted(officer, page, f"/contacts/{person.id}/points/{old.id}/retired")
    assert "Out of use</span>" in after
    assert db.session.get_one(ContactPoint, old.id).status is PointStatus.RETIRED
    assert db.session.get_one(Contact, person.id).email == "new@parliament.example"
    posted(officer, page, f"/contacts/{person.id}/points/{old.id}/current")
    assert db.session.get_one(ContactPoint, old.id).status is PointStatus.CURRENT
    other = make_person()
    status, _after = posted(officer, page, f"/contacts/{other.id}/points/{old.id}/retired")
    assert status == 404
    status, _after = posted(officer, page, f"/contacts/{person.id}/points/{old.id}/lost")
    assert status == 404


@pytest.mark.sqlite_only
def test_nobody_is_led_to_write_to_a_stopped_address(officer: FlaskClient) -> None:
    person = make_person(email="stopped@parliament.example")
    page = f"/contacts/{person.id}"
    with unit_of_work("stop", actor="test"):
        suppress("stopped@parliament.example", SuppressionReason.BY_HAND, source="test")
    shown = officer.get(page).text
    assert "stopped@parliament.example" in shown.replace("<wbr>", "")
    assert "mailto:" not in shown
    with unit_of_work("another", actor="test"):
        add_point(person, PointKind.EMAIL, "free@home.example", source="test")
    assert set(re.findall(r'(?:primary" )?href="mailto:[^"]*"', officer.get(page).text)) == {
        'primary" href="mailto:free@home.example"',
        'href="mailto:free@home.example"',
    }


@pytest.mark.parametrize(
    ("kind", "value", "complaint"),
    [("url", "a page of hers", "beginning with https://"), ("phone", " ", "Enter the address or number.")],
)
def test_a_wrong_contact_point_is_refused(officer: FlaskClient, kind: str, value: str, complaint: str) -> None:
    person = make_person()
    page = f"/contacts/{person.id}?edit=points"
    status, after = posted(officer, page, f"/contacts/{person.id}/points", kind=kind, value=value)
    assert (status, complaint in after) == (422, True)


def test_the_page_shows_campaigns_and_moves_in_words(officer: FlaskClient) -> None:
    person = make_person("Ada Alvaro")
    campaign = make_campaign("First things first")
    page = officer.get(f"/contacts/{person.id}").text
    assert f'<option value="{campaign.id}">First things first</option>' in page
    target = make_target(campaign, person)
    with unit_of_work("move", actor="test"):
        move_target(target.id, Stage.CONTACTED)
        move_target(target.id, Stage.CLOSED, reason=CloseReason.DECLINED, note="Too busy")
    page = officer.get(f"/contacts/{person.id}").text
    assert f'href="/targets/{target.id}"' in page
    assert "from Contacted to Closed (Declined): Too busy" in page
    assert f'<option value="{campaign.id}">' not in page
