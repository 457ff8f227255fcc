"""Somebody is added to the directory by hand."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from crm.directory.actions import create_organization
from crm.directory.models import Category, Contact, Person
from crm.extensions import db
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person
from tests.overview.test_contact import posted


@pytest.fixture
def officer(client: FlaskClient) -> FlaskClient:
    officer = sign_in(client, make_user())
    officer.get("/contacts")
    return officer


def test_a_person_is_added_by_hand(officer: FlaskClient) -> None:
    fields = {"given_name": "Ada", "family_name": "Álvaro", "category_override": "national_official", "country": "ES"}
    status, after = posted(
        officer, "/contacts/new", "/contacts/new?kind=person", **fields, email="Ada@Ministry.Example"
    )
    assert status == 302
    assert "is in the directory" in after
    person = db.session.scalars(sa.select(Person)).one()
    assert (person.name, person.email, person.country_sort) == ("Ada Álvaro", "ada@ministry.example", "spain")


def test_a_person_is_added_with_an_office_and_the_warning_names_the_one_held(officer: FlaskClient) -> None:
    with unit_of_work("found a ministry", actor="test"):
        create_organization("Ministry of Labour", category=Category.GOVERNMENT)
    new = "/contacts/new?kind=person"
    fields = {"given_name": "Ada", "family_name": "Álvaro", "role": "Minister", "phone": "+34 915 550 100"}
    status, after = posted(officer, new, new, **fields)
    assert (status, "enter the institution" in after) == (422, True)
    _status, after = posted(officer, new, new, **fields, organization="ministry of labour")
    for shown in ("Minister", "Ministry of Labour", "+34 915 550 100"):
        assert shown in after
    status, warned = posted(officer, new, new, given_name="Ada", family_name="Alvaro")
    assert (status, "Minister" in warned.split("Nothing was saved yet.")[1]) == (409, True)
    assert '<button class="button primary">Look again</button>' in warned


def test_an_institution_is_said_and_tells_the_country_but_no_office(officer: FlaskClient) -> None:
    with unit_of_work("found institutions", actor="test"):
        government = create_organization("Govern de Prova", category=Category.REGIONAL_GOVERNMENT, country="ES").id
        create_organization("Brussels Forum", category=Category.PARTNER, country="BE")
        create_organization("Village Parliament", category=Category.PARLIAMENT, country="FR")
    new = "/contacts/new?kind=person"
    cases = (
        ("Abel", "Govern de", "", "Govern de Prova", "ES", False),
        ("Berg", "Village Parl", "", "Village Parliament", "FR", True),
        ("Cohen", "Govern de", "PT", "Govern de Prova", "PT", False),
        ("Dahl", "Forum", "", "Brussels Forum", None, False),
    )
    for family, typed, country, institution, of, is_member in cases:
        fields = {"given_name": "Ada", "family_name": family, "country": country, "organization": typed}
        _status, after = posted(officer, new, new, **fields)
        assert f"Ada {family} is in the directory, at {institution}." in after
        person = db.session.scalars(sa.select(Person).where(Person.family_name == family)).one()
        assert person.country == of
        assert ("<bdi>Member</bdi>" in officer.get(f"/contacts/{person.id}").text) is is_member
        assert ("TITLE" in officer.get(f"/contacts/{person.id}.vcf").text) is is_member
    shown = officer.get(f"/contacts/{government}").text
    assert ("Ada Abel" in shown, "<bdi>Member</bdi>" in shown) == (True, False)


def test_an_organization_is_added_by_hand(officer: FlaskClient) -> None:
    fields = {"name": "Platform for Migrants", "abbreviation": "PfM", "category_override": "partner", "country": ""}
    status, after = posted(officer, "/contacts/new?kind=organization", "/contacts/new?kind=organization", **fields)
    assert (status, "Partner organization" in after) == (302, True)


@pytest.mark.parametrize(
    "same", [{"email": "ADA@parliament.example"}, {"given_name": "Ada", "family_name": "Alvaro", "email": ""}]
)
def test_a_likely_duplicate_is_shown_before_it_is_added(officer: FlaskClient, same: dict[str, str]) -> None:
    known = make_person("Ada Álvaro", email="ada@parliament.example")
    fields = {"given_name": "Eda", "family_name": "Elvero", "category_override": "mep", "country": "ES", **same}
    before = db.session.scalar(sa.select(sa.func.count()).select_from(Contact))
    status, after = posted(officer, "/contacts/new", "/contacts/new?kind=person", **fields)
    assert status == 409
    assert f'href="/contacts/{known.id}"' in after
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Contact)) == before
    status, after = posted(officer, "/contacts/new", "/contacts/new?kind=person", **fields, anyway="1")
    assert status == 302
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Contact)) == (before or 0) + 1


def test_a_form_with_gaps_keeps_what_was_typed(officer: FlaskClient) -> None:
    status, after = posted(
        officer, "/contacts/new", "/contacts/new?kind=person", given_name="Ada", country="ES", email="x"
    )
    assert status == 422
    for shown in ('value="Ada"', "Enter the family name.", "not an e-mail address"):
        assert shown in after
    new = "/contacts/new?kind=organization"
    status, after = posted(officer, new, new, name="Migrant Forum", category_override="", country="")
    assert (status, "Choose a category." in after, 'value="Migrant Forum"' in after) == (422, True, True)
    assert officer.get("/contacts/new?kind=robot").status_code == 404
