"""What the record and the search of the directory read."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask

from crm import clock
from crm.directory.actions import add_membership, set_point_status
from crm.directory.finding import contacts_named
from crm.directory.models import Category, ContactPoint, Organization, Person, PointStatus
from crm.directory.offices import members_of, offices_of
from crm.directory.queries import (
    points_of,
    possible_duplicates,
    whole_contact,
)
from crm.extensions import db
from crm.unit_of_work import unit_of_work
from tests.factories.directory import make_organization, make_person, organization_named
from tests.queries import queries_of


@pytest.fixture
def people(app: Flask) -> None:
    make_person("Zoë Ábel", country="ES", group="Red Group", party="Rojo", email="zoe@parliament.example")
    make_person("Ada Zorn", country="DE", group="Green Group")
    make_person("Åsa Berg", country="SE", group="Green Group", email=None)


def test_memberships_come_running_first_and_ended_ones_are_marked(app: Flask) -> None:
    person = make_person("Ada Alvaro", group="Green Group", start=date(2024, 7, 16))
    parliament = organization_named("European Parliament", Category.PARLIAMENT)
    with unit_of_work("past", actor="test"):
        add_membership(person, parliament, start_date=date(2014, 7, 1), end_date=date(2019, 7, 1), term="8")
        add_membership(person, parliament, term="9", ended_by=date(2024, 7, 16))
        leaving = make_person("Bea Bruno", ended=clock.today())
    lines = offices_of(person.id)
    assert [(line.term, line.ended, line.end_is_known) for line in lines] == [
        ("10", False, False),
        ("9", True, False),
        ("8", True, True),
    ]
    assert (lines[0].organization, lines[0].on_behalf_of, lines[0].holder) == (
        "European Parliament",
        "Green Group",
        "Ada Alvaro",
    )
    assert [(line.holder_id, line.term) for line in members_of(parliament.id)] == [
        (person.id, "10"),
        (leaving.id, "10"),
    ]


def test_a_whole_contact_comes_in_one_query(people: None) -> None:
    person = make_person("Ada Alvaro")
    organization = make_organization("Forum", abbreviation="F")
    ids = person.id, organization.id
    db.session.expunge_all()

    def read() -> None:
        found = [whole_contact(contact_id) for contact_id in ids]
        assert isinstance(found[0], Person)
        assert isinstance(found[1], Organization)
        assert (found[0].family_name, found[1].abbreviation) == ("Alvaro", "F")

    assert queries_of(read) == 2
    assert whole_contact(0) is None


def test_points_in_use_come_first(app: Flask) -> None:
    person = make_person(email="old@parliament.example")
    point = db.session.scalars(sa.select(ContactPoint).where(ContactPoint.contact_id == person.id)).one()
    with unit_of_work("new address", actor="test"):
        set_point_status(point, PointStatus.RETIRED)
    make_person(email="other@parliament.example")
    assert [(row.value, row.status) for row in points_of(person.id)] == [
        ("old@parliament.example", PointStatus.RETIRED)
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ber", ["Åsa Berg"]),
        ("asa", ["Åsa Berg"]),
        ("ÅSA b", ["Åsa Berg"]),
        ("z", ["Ada Zorn", "Zoë Ábel"]),
        ("bel", ["Zoë Ábel"]),
        ("a", ["Zoë Ábel", "Åsa Berg", "Ada Zorn"]),
        ("migrant", ["Platform for Migrants"]),
        ("pfm", ["Platform for Migrants"]),
        ("", []),
        ("%", []),
        ("nobody", []),
    ],
)
def test_search_finds_any_part_of_a_name_without_accents(people: None, text: str, found: list[str]) -> None:
    make_organization("Platform for Migrants", abbreviation="PfM")
    shown = [row.name for row in contacts_named(text) if row.category in (Category.MEP, Category.PARTNER)]
    if text == "a":
        shown = [name for name in shown if name != "Platform for Migrants"]
    assert shown == found


def test_search_takes_two_queries_and_ten_rows_at_most(people: None) -> None:
    for number in range(12):
        make_person(f"Ada Quill{number:02}")
    assert len(contacts_named("quill")) == 10
    assert queries_of(lambda: contacts_named("quill")) == 2
    assert len(contacts_named("ada")) == 10
    assert queries_of(lambda: contacts_named("ada")) == 2


def test_a_duplicate_is_seen_by_address_and_by_name(people: None) -> None:
    def found(address: str, sort_name: str) -> list[str]:
        return [row.name for row in possible_duplicates([address], sort_name)]

    assert found("zoe@parliament.example", "nobody") == ["Zoë Ábel"]
    assert found("nobody@parliament.example", "berg asa") == ["Åsa Berg"]
    assert found("nobody@parliament.example", "nobody") == []
