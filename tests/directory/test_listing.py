"""What the list of contacts and the menus of its filters read."""

from __future__ import annotations

import itertools
from datetime import date

import pytest
from flask import Flask

from crm import clock
from crm.accounts.actions import create_user
from crm.directory.actions import add_membership, add_point, create_organization, create_person, update_contact
from crm.directory.filters import ContactFilter
from crm.directory.listing import Column, Sort, contact_rows, count_contacts, counted_rows, sort_keys
from crm.directory.menus import MENUS, choices, countries_present, organizations_of
from crm.directory.models import (
    Category,
    ContactKind,
    ContactLanguage,
    ContactSource,
    ContactTag,
    Organization,
    Person,
    PointKind,
    Tag,
)
from crm.directory.projection import projected_together
from crm.extensions import db
from crm.paging import Page
from crm.policy import Role
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user
from tests.factories.directory import make_person, organization_named
from tests.queries import queries_of


@pytest.fixture
def people(app: Flask) -> None:
    make_person("Zoë Ábel", country="ES", group="Red Group", party="Rojo", email="zoe@parliament.example")
    make_person("Ada Zorn", country="DE", group="Green Group")
    make_person("Åsa Berg", country="SE", group="Green Group", email=None)


def test_rows_come_in_the_order_asked_for_with_group_party_and_address(people: None) -> None:
    def order(sort: Sort, *, descending: bool = False) -> list[str]:
        wanted = ContactFilter(category=(Category.MEP,))
        return [row.name for row in contact_rows(wanted, sort_keys(sort, descending)).rows]

    assert order(Sort.NAME) == ["Zoë Ábel", "Åsa Berg", "Ada Zorn"]
    assert order(Sort.NAME, descending=True) == ["Ada Zorn", "Åsa Berg", "Zoë Ábel"]
    assert order(Sort.COUNTRY) == ["Ada Zorn", "Zoë Ábel", "Åsa Berg"]
    assert order(Sort.GROUP) == ["Åsa Berg", "Ada Zorn", "Zoë Ábel"]
    assert order(Sort.NEWEST, descending=True) == ["Åsa Berg", "Ada Zorn", "Zoë Ábel"]
    first = contact_rows(ContactFilter(country=("ES",)), columns=[Column.GROUP, Column.PARTY]).rows[0]
    assert (first.group, first.party, first.email) == ("Red Group", "Rojo", "zoe@parliament.example")


def test_who_is_known_by_a_whole_name_stands_where_the_family_name_belongs(app: Flask) -> None:
    with unit_of_work("invent people", actor="test"):
        mountain = create_person(name="Zita Abrego Monte", country="ES")
        for name, country in (("Ana Zorn", None), ("Xi Bao", "CN")):
            create_person(name=name, country=country)
    order = [row.name for row in contact_rows(ContactFilter()).rows]
    assert order == ["Zita Abrego Monte", "Xi Bao", "Ana Zorn"]
    with unit_of_work("correct the name", actor="test"):
        update_contact(mountain, given_name="Zita Abrego", family_name="Monte")
    cursor = contact_rows(ContactFilter(), size=1).next
    assert [row.name for row in contact_rows(ContactFilter(), cursor=cursor).rows] == ["Xi Bao", "Ana Zorn"]
    assert [row.name for row in contact_rows(ContactFilter(), size=1).rows] == ["Zita Abrego Monte"]


def test_a_list_with_every_column_costs_two_queries_however_long(people: None) -> None:
    few = queries_of(lambda: contact_rows(ContactFilter(), size=2, columns=list(Column)))
    for _ in range(5):
        make_person()
    many = queries_of(lambda: contact_rows(ContactFilter(), size=50, columns=list(Column)))
    assert (few, many) == (2, 2)


def test_those_whose_mandates_ended_first_come_first_and_those_without_one_last(app: Flask) -> None:
    make_person("Ada Away", ended=date(2021, 1, 1))
    make_person("Bo Back", ended=date(2019, 1, 1))
    make_person("Cy Current")
    make_person("Di Detached", parliament=None)
    people = ContactFilter(kind=ContactKind.PERSON)

    def order(cursor: str | None = None) -> list[str]:
        page = contact_rows(people, sort_keys(Sort.MANDATE), cursor, size=2)
        return [row.name for row in page.rows] + (order(page.next) if page.next else [])

    assert order() == ["Bo Back", "Ada Away", "Cy Current", "Di Detached"]


def test_a_row_shows_what_its_columns_ask(app: Flask) -> None:
    user_id = make_user(name="Una User").id
    person = make_person("Ada Álvaro", start=date(2020, 5, 1))
    with unit_of_work("describe", actor="test"):
        contact_id = person.id
        contact = db.session.get_one(Person, contact_id)
        update_contact(contact, owner_id=user_id, region="ES-MD")
        add_point(contact, PointKind.PHONE, "+34 1")
        tag = Tag(name="Ally", sort_name="ally")
        db.session.add_all([tag, ContactLanguage(contact_id=contact_id, language="es")])
        db.session.flush()
        db.session.add(ContactTag(contact_id=contact_id, tag_id=tag.id))
    (row,) = contact_rows(ContactFilter(kind=ContactKind.PERSON), columns=list(Column)).rows
    assert (row.institution, row.role, row.region) == ("European Parliament", "member", "ES-MD")
    assert (row.phone, row.languages, row.tags, row.owner) == ("+34 1", "es", "Ally", "Una User")
    assert (row.since, row.mandate_end, row.added.date()) == (date(2020, 5, 1), date.max, clock.today())


def test_counted_rows_are_the_same_pages_with_their_number(app: Flask) -> None:
    countries, groups = ("ES", "DE", None), ("Red", "Green")
    with unit_of_work("make people", actor="test"), projected_together():
        for number in range(53):
            make_person(f"Ada Person{number:02}", country=countries[number % 3], group=groups[number % 2])
    wanted = ContactFilter(text="person")

    def ids(page: Page) -> list[int]:
        return [row.id for row in page.rows]

    for sort, descending in itertools.product(Sort, (False, True)):
        counted, total = counted_rows(wanted, sort_keys(sort, descending), None)
        plain = contact_rows(wanted, sort_keys(sort, descending))
        assert (ids(counted), counted.next, counted.previous, total) == (ids(plain), plain.next, None, 53)
        counted, total = counted_rows(wanted, sort_keys(sort, descending), counted.next)
        assert (ids(counted), total) == (ids(contact_rows(wanted, sort_keys(sort, descending), plain.next)), 53)
        assert len(counted.rows) == 3
    assert counted_rows(ContactFilter(text="nobody"), sort_keys(Sort.NAME), None)[1] == 0


def test_counting_stops_at_its_limit(people: None) -> None:
    mep = ContactFilter(category=(Category.MEP,))
    assert [count_contacts(mep, limit) for limit in (1, 2, 3, 4)] == [2, 3, 3, 3]


def test_menus_offer_what_is_there(people: None) -> None:
    assert countries_present() == ["DE", "ES", "SE"]
    assert [row.name for row in organizations_of(Category.POLITICAL_GROUP)] == ["Green Group", "Red Group"]


def labels(name: str, wanted: ContactFilter | None = None, text: str = "") -> list[tuple[str, str]]:
    found, more = choices(name, wanted or ContactFilter(), text)
    assert not more
    return [(choice.heading, choice.label) for choice in found]


def test_every_menu_offers_only_what_occurs_sorted_by_what_is_shown(people: None) -> None:
    spanish = organization_named("Verdes", Category.PARTY)
    organization_named("Empty Party", Category.PARTY)
    with unit_of_work("describe", actor="test"):
        party = db.session.get_one(Organization, spanish.id)
        update_contact(party, country="ES")
        person = make_person("Di Diaz", country="ES", party="Verdes")
        committee = create_organization("Committee on Rights", category=Category.COMMITTEE, abbreviation="LIBE")
        create_organization("Committee of Nobody", category=Category.COMMITTEE)
        add_membership(person, committee)
        db.session.add_all(
            [
                Tag(name="Ally", sort_name="ally"),
                ContactLanguage(contact_id=person.id, language="fr"),
                ContactSource(contact_id=person.id, label="Roster, spring", as_of=None),
            ]
        )
        update_contact(person, owner_id=make_user_here("Una User"), region="ES-CT")
    assert labels("country") == [("", "Germany"), ("", "Spain"), ("", "Sweden")]
    assert labels("country", text="SWE") == [("", "Sweden")]
    assert labels("group") == [("", "Green Group"), ("", "Red Group")]
    assert labels("party") == [("", "Rojo"), ("Spain", "Verdes")]
    assert labels("party", ContactFilter(country=("DE",))) == [("", "Rojo")]
    assert labels("party", text="verd") == [("Spain", "Verdes")]
    assert labels("institution") == [("", "European Parliament")]
    assert labels("committee") == [("", "Committee on Rights (LIBE)")]
    assert labels("category", ContactFilter(kind=ContactKind.PERSON)) == [("", "MEP")]
    assert labels("region") == [("Spain", "Catalonia")]
    assert labels("language") == [("", "French")]
    assert labels("tag") == [("", "Ally")]
    assert labels("assigned") == [("", "Nobody yet"), ("", "Una User")]
    assert labels("source") == [("", "Roster, spring")]
    assert [choice.value for choice in choices("source", ContactFilter())[0]] == ["Roster%2C spring"]
    assert set(MENUS) == {
        *("category", "country", "region", "group", "party", "institution"),
        *("committee", "language", "tag", "assigned", "source"),
    }


def make_user_here(name: str) -> int:
    """A user made in the running unit of work."""
    return create_user("una@team.example", name, Role.OFFICER, "Campaigns", None).id


def test_no_contact_has_no_country(app: Flask) -> None:
    assert countries_present() == []
    make_person(country=None)
    assert countries_present() == []
