"""Every piece of a contact is mended in its own page: kept when refused, told on the timeline, undone."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm.database import Base
from crm.directory.actions import add_membership, add_point, add_post, add_relationship
from crm.directory.models import (
    Category,
    Contact,
    ContactLanguage,
    ContactPoint,
    ContactSource,
    Identifier,
    Membership,
    OtherName,
    Person,
    PointKind,
    PointStatus,
    RelationshipKind,
)
from crm.extensions import db
from crm.policy import Role
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_organization, make_person
from tests.queries import queries_of


@pytest.fixture
def officer(client: FlaskClient) -> FlaskClient:
    return sign_in(client, make_user(name="Ada Officer"))


def words(page: str) -> str:
    """The text of a page as it is read."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", page)).split())


def sent(client: FlaskClient, path: str, **data: Any) -> tuple[int, str]:
    """Send a form; the status, and the page that follows."""
    answer = client.post(path, data=data)
    if answer.status_code == 302:
        return 302, client.get(answer.location).text
    return answer.status_code, answer.text


def press_undo(client: FlaskClient, page: str) -> str:
    """The page after the button of its message was pressed."""
    button = re.search(r'action="(/audit/\d+/undo)"', page)
    assert button is not None
    referrer = re.search(r'href="(/contacts/\d+)\?edit', page)
    assert referrer is not None
    answer = client.post(button[1], headers={"Referer": f"http://localhost{referrer[1]}"})
    return client.get(answer.location).text


def only(model: type[Base]) -> Any:
    return db.session.scalars(sa.select(model)).one()


def details(**changed: str) -> dict[str, str]:
    return {"given_name": "Ada", "family_name": "Alvaro", "category_override": "mep", "country": "ES", **changed}


def test_a_change_is_told_in_words_and_leaves_the_timeline_when_it_is_undone(officer: FlaskClient) -> None:
    person = make_person("Ada Alvaro", country="ES")
    status, page = sent(officer, f"/contacts/{person.id}/details", **details(country="PT"))
    told = "Changed by hand Country: from Spain to Portugal"
    assert status == 302
    assert told in words(page)
    assert "Ada Officer" in page
    page = press_undo(officer, page)
    assert told not in words(page)
    assert db.session.get_one(Contact, person.id).country == "ES"
    page = press_undo(officer, page)
    assert told in words(page)
    assert db.session.get_one(Contact, person.id).country == "PT"


def test_saving_what_is_there_already_tells_nothing(officer: FlaskClient) -> None:
    person = make_person("Ada Alvaro", country="ES")
    _status, page = sent(officer, f"/contacts/{person.id}/details", **details())
    assert "Nothing was changed." in page
    assert "Changed by hand" not in page


def test_all_of_a_persons_own_fields_are_mended(officer: FlaskClient) -> None:
    person = make_person("Ada Alvaro")
    written = details(
        honorific_prefix="Dr",
        honorific_suffix="MEP",
        name="ALVARO Ada",
        category_override="",
        region="ES-CT",
        gender="female",
        birth_date="1970-05-31",
    )
    sent(officer, f"/contacts/{person.id}/details", **written)
    found = db.session.get_one(Person, person.id)
    assert (found.honorific_prefix, found.honorific_suffix, found.name) == ("Dr", "MEP", "ALVARO Ada")
    assert (found.region, found.gender, found.birth_date) == ("ES-CT", "female", date(1970, 5, 31))
    assert found.category_override is None
    sent(officer, f"/contacts/{person.id}/details", **{**written, "country": "PT"})
    assert db.session.get_one(Person, person.id).region is None


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("birth_date", "31 May", "Write the day as year-month-day"),
        ("death_date", "1960-01-01", "The last day is before the first one."),
        ("family_name", " ", "Enter the family name."),
    ],
)
def test_a_refused_form_keeps_what_was_typed(officer: FlaskClient, field: str, value: str, complaint: str) -> None:
    person = make_person("Ada Alvaro")
    typed = details(birth_date="1970-05-31", honorific_prefix="Her Excellency")
    status, page = sent(officer, f"/contacts/{person.id}/details", **{**typed, field: value})
    assert status == 422
    assert complaint in page
    assert 'value="Her Excellency"' in page
    assert db.session.get_one(Person, person.id).honorific_prefix is None
    # The address of the refused form, loaded again, shows the form and no error page.
    assert officer.get(f"/contacts/{person.id}/details").location.endswith(
        f"/contacts/{person.id}?edit=details#details"
    )


def test_an_organizations_own_fields_are_mended(officer: FlaskClient) -> None:
    ministry = make_organization("Ministry of Work", category=Category.GOVERNMENT)
    whole = make_organization("Government of Portugal", category=Category.GOVERNMENT)
    written = {"name": "Ministry of Labour", "abbreviation": "MoL", "category_override": "government", "country": "PT"}
    _status, page = sent(
        officer,
        f"/contacts/{ministry.id}/details",
        **written,
        parent="government of portugal",
        founding_date="1916-03-16",
    )
    assert "Part of: now Government of Portugal" in words(page)
    assert db.session.get_one(Contact, ministry.id).parent_id == whole.id  # type: ignore[attr-defined]
    assert "Ministry of Labour" in officer.get(f"/contacts/{whole.id}").text
    status, page = sent(officer, f"/contacts/{ministry.id}/details", **written, parent="MoL")
    assert (status, "cannot be part of itself" in page) == (422, True)


def test_owner_languages_and_forms_of_address(officer: FlaskClient) -> None:
    person, user = make_person(), make_user(name="Bo Lead")
    _status, page = sent(officer, f"/contacts/{person.id}/owner", owner_id=str(user.id))
    assert "Looked after by: now Bo Lead" in words(page)
    _status, page = sent(officer, f"/contacts/{person.id}/languages", language_0="fr", language_1="en")
    assert "Languages: now French, English" in words(page)
    _status, page = sent(officer, f"/contacts/{person.id}/languages", language_0="en", language_1="fr", language_2="")
    assert [row.language for row in db.session.scalars(sa.select(ContactLanguage).order_by(ContactLanguage.rank))] == [
        "en",
        "fr",
    ]
    openings = {"opening_en": "Dear Minister", "further": "de", "opening": "Sehr geehrte Frau Ministerin"}
    _status, page = sent(officer, f"/contacts/{person.id}/addressing", **openings)
    assert "Sehr geehrte Frau Ministerin" in page
    assert db.session.get_one(Contact, person.id).forms_of_address == {
        "en": "Dear Minister",
        "de": "Sehr geehrte Frau Ministerin",
    }


@pytest.mark.sqlite_only
def test_the_form_of_address_shows_what_letters_would_write_and_why(officer: FlaskClient) -> None:
    person = make_person("Ada INVENTADA")
    sent(officer, f"/contacts/{person.id}/languages", language_0="ro")
    sent(officer, f"/contacts/{person.id}/addressing", opening_en="Dear Ada")
    page = words(officer.get(f"/contacts/{person.id}?edit=addressing").text)
    assert "Dear Ada, written for this contact, English" in page
    assert "Señoría: member of the European Parliament, gender not known, Spanish: standard form" in page
    assert "Guten Tag Ada Inventada," in page
    assert "Stimată doamnă, stimate domnule, member of the European Parliament, gender not known, Romanian: the" in page
    ministry = make_organization("Ministry of Labour")
    page = words(officer.get(f"/contacts/{ministry.id}?edit=addressing").text)
    assert "Mesdames, Messieurs, organization, French: standard form" in page


@pytest.mark.parametrize(
    ("part", "model", "typed", "mended", "shown"),
    [
        (
            "points",
            ContactPoint,
            {"kind": "phone", "value": "+32 2 1", "label": "Brussels"},
            {"kind": "phone", "value": "+32 2 2", "label": "Strasbourg"},
            "Strasbourg",
        ),
        ("identifiers", Identifier, {"scheme": "wikidata", "value": "Q1"}, {"scheme": "wikidata", "value": "Q2"}, "Q2"),
        ("names", OtherName, {"name": "Ada B"}, {"name": "Ada C", "language": "pt", "note": "at birth"}, "at birth"),
        (
            "sources",
            ContactSource,
            {"label": "Ministry page"},
            {"label": "Ministry page", "url": "https://ministry.example", "as_of": "2026-02-01"},
            "as of 1 Feb 2026",
        ),
    ],
)
def test_rows_are_added_mended_and_taken_out(
    officer: FlaskClient, part: str, model: type[Base], typed: dict[str, str], mended: dict[str, str], shown: str
) -> None:
    person = make_person(email=None)
    page_of = f"/contacts/{person.id}/{part}"
    status, page = sent(officer, page_of, **typed)
    assert (status, "Added by hand" in page) == (302, True)
    row_id = only(model).id
    assert next(iter(typed.values())) in officer.get(f"/contacts/{person.id}?edit={part}&row={row_id}").text
    status, page = sent(officer, f"{page_of}/{row_id}", **mended)
    assert (status, shown in page, "Changed by hand" in page) == (302, True, True)
    status, page = sent(officer, f"{page_of}/{row_id}/remove")
    assert (status, "Removed by hand" in page) == (302, True)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(model)) == 0
    page = press_undo(officer, page)
    assert shown in page
    other = make_person(email=None)
    assert sent(officer, f"/contacts/{other.id}/{part}/{row_id}", **mended)[0] == 404
    assert sent(officer, f"/contacts/{other.id}/{part}/{row_id}/remove")[0] == 404


def test_an_identifier_belongs_to_one_contact(officer: FlaskClient) -> None:
    known, person = make_person(identifiers={"wikidata": "Q1"}), make_person()
    status, page = sent(officer, f"/contacts/{person.id}/identifiers", scheme="wikidata", value="Q1")
    assert (status, f"/contacts/{known.id}" in page, 'value="Q1"' in page) == (422, True, True)
    status, page = sent(officer, f"/contacts/{known.id}/identifiers", scheme="wikidata", value="Q1")
    assert (status, "This is there already." in page) == (422, True)


def test_offices_are_added_mended_and_ended(officer: FlaskClient) -> None:
    person = make_person(
        "Ada Alvaro", parliament=None, group=None, email="ada@ministry.example", category=Category.OTHER
    )
    make_organization("Ministry of Foreign Affairs", abbreviation="MFA", category=Category.GOVERNMENT)
    office = {"organization": "mfa", "role": "minister", "start_date": "2024-04-02"}
    status, page = sent(officer, f"/contacts/{person.id}/memberships", **office)
    assert (status, "Office: Ministry of Foreign Affairs" in words(page)) == (302, True)
    membership = only(Membership)
    with unit_of_work("own address", actor="test"):
        point = add_point(
            db.session.get_one(Contact, person.id), PointKind.EMAIL, "mfa@ministry.example", membership_id=membership.id
        )
    mended = {
        **office,
        "organization": "Ministry of Foreign Affairs",
        "role": "state secretary",
        "end_date": "2025-01-31",
    }
    status, page = sent(officer, f"/contacts/{person.id}/memberships/{membership.id}", **mended)
    assert "Role: from minister to state secretary" in words(page)
    assert "2 Apr 2024 to 31 Jan 2025" in words(page)
    assert db.session.get_one(ContactPoint, point.id).status is PointStatus.RETIRED
    status, page = sent(officer, f"/contacts/{person.id}/memberships/{membership.id}/remove")
    assert (status, db.session.scalar(sa.select(sa.func.count()).select_from(Membership))) == (302, 0)
    assert "Ministry of Foreign Affairs" in press_undo(officer, page)
    refused = {**office, "end_date": "2024-01-01"}
    assert sent(officer, f"/contacts/{person.id}/memberships", **refused)[0] == 422


def test_a_name_that_could_be_several_is_asked_for(officer: FlaskClient) -> None:
    person = make_person(parliament=None, group=None)
    first = make_organization("Ministry of Justice", category=Category.GOVERNMENT, country="PT")
    second = make_organization("Ministry of Justice", category=Category.GOVERNMENT, country="ES")
    path = f"/contacts/{person.id}/memberships"
    status, page = sent(officer, path, organization="Ministry of Justice", role="minister")
    assert (status, "choose which one is meant" in page) == (422, True)
    assert f'<option value="{first.id}">Ministry of Justice, Government or ministry, Portugal</option>' in page
    status, _page = sent(
        officer, path, organization="Ministry of Justice", organization_id=str(second.id), role="minister"
    )
    assert (status, only(Membership).organization_id) == (302, second.id)
    status, page = sent(officer, path, organization="Ministry of Magic", role="minister")
    assert (status, "Nobody in the directory is called" in page, 'value="Ministry of Magic"' in page) == (
        422,
        True,
        True,
    )


def test_who_only_reads_is_offered_no_form(client: FlaskClient) -> None:
    person = make_person()
    viewer = sign_in(client, make_user(Role.VIEWER))
    page = viewer.get(f"/contacts/{person.id}?edit=details").text
    assert "&amp;row=" not in page
    assert "edit=points" not in page
    assert 'name="family_name"' not in page
    assert sent(viewer, f"/contacts/{person.id}/details", **details())[0] == 403


def test_there_is_no_form_of_what_is_not_there(officer: FlaskClient) -> None:
    person = make_person()
    assert officer.get(f"/contacts/{person.id}?edit=points&row=999999").status_code == 404
    assert officer.get(f"/contacts/{person.id}?edit=memberships&row=999999").status_code == 404
    assert officer.get(f"/contacts/{person.id}?edit=nonsense").status_code == 200
    assert sent(officer, f"/contacts/{person.id}/posts", label="Minister", country="")[0] == 404


def test_the_page_of_an_organization_costs_the_same_however_much_is_known(app: Flask, officer: FlaskClient) -> None:
    ministry = make_organization("Ministry of Justice", category=Category.GOVERNMENT)
    person = make_person()
    for address in [f"/contacts/{contact.id}" for contact in (ministry, person)]:
        assert queries_of(lambda address=address: officer.get(address)) <= 12  # type: ignore[misc]
    few = queries_of(lambda: officer.get(f"/contacts/{ministry.id}"))
    with unit_of_work("more", actor="test"):
        for number in range(20):
            post = add_post(ministry, f"Desk {number}")
            holder = make_person(parliament=None)
            add_membership(holder, ministry, post_id=post.id)
            add_relationship(ministry, holder, RelationshipKind.KNOWS)
            add_point(ministry, PointKind.PHONE, f"+32 {number}")
            make_organization(f"Part {number}", category=Category.GOVERNMENT).parent_id = ministry.id
    page = officer.get(f"/contacts/{ministry.id}").text
    assert {"Desk 19", "Part 19"} <= set(re.findall(r"(?:Desk|Part) \d+", page))
    assert queries_of(lambda: officer.get(f"/contacts/{ministry.id}")) == few


@pytest.mark.sqlite_only
def test_what_somebody_else_saved_meanwhile_is_kept_or_asked_about(officer: FlaskClient) -> None:
    person = make_person("Ada Alvaro", country="ES")
    form = officer.get(f"/contacts/{person.id}?edit=details").text
    seen = unescape(re.findall(r'name="seen" value="([^"]*)"', form)[0])
    # Somebody else changes the country; the reader, whose form is older, only the given name.
    sent(officer, f"/contacts/{person.id}/details", **details(country="PT"))
    status, _ = sent(officer, f"/contacts/{person.id}/details", **details(given_name="Adela"), seen=seen)
    fresh = only(Person)
    assert (status, fresh.given_name, fresh.country) == (302, "Adela", "PT")
    # Both have changed the country: nothing is saved until the reader says so once more.
    status, page = sent(officer, f"/contacts/{person.id}/details", **details(country="FR"), seen=seen)
    assert (status, "Somebody else has changed this meanwhile to “Portugal”" in page) == (422, True)
    again = unescape(re.findall(r'name="seen" value="([^"]*)"', page)[0])
    status, _ = sent(officer, f"/contacts/{person.id}/details", **details(country="FR"), seen=again)
    db.session.expire_all()
    assert (status, only(Person).country) == (302, "FR")
