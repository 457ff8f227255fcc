"""A filter narrows to the right contacts, lives in a URL and can be said in words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from crm import clock
from crm.accounts.models import User
from crm.directory.actions import update_contact
from crm.directory.filters import ContactFilter, MandateState
from crm.directory.models import Category, Contact, ContactKind, ContactLanguage, ContactSource, ContactTag, Tag
from crm.extensions import db
from crm.places.countries import country_codes
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user
from tests.factories.directory import make_organization, make_person


def names(wanted: ContactFilter) -> set[str]:
    people = sa.select(Contact.name).where(Contact.category.in_([Category.MEP, Category.PARTNER]))
    return set(db.session.scalars(wanted.apply(people)))


@pytest.fixture
def directory(app: Flask) -> None:
    make_person("Ada Álvaro", country="ES", group="Green Group", party="Verdes")
    make_person("Bo Berg", country="SE", group="Green Group", email=None)
    make_person("Cy Cohen", country="FR", group="Blue Group", ended=clock.today() - timedelta(days=1))
    make_person("Di Dahl", country="SE", group="Blue Group", ended=clock.today())
    make_organization("Migrant Forum", country="BE")
    owner_id = make_user().id
    ids = {row.name: row.id for row in db.session.execute(sa.select(Contact.name, Contact.id))}
    with unit_of_work("describe", actor="test"):
        tag = Tag(name="Ally", sort_name="ally")
        db.session.add(tag)
        db.session.flush()
        db.session.add_all(
            [
                ContactTag(contact_id=ids["Ada Álvaro"], tag_id=tag.id),
                ContactTag(contact_id=ids["Migrant Forum"], tag_id=tag.id),
                ContactLanguage(contact_id=ids["Bo Berg"], language="sv"),
                ContactLanguage(contact_id=ids["Cy Cohen"], language="fr"),
                ContactSource(contact_id=ids["Cy Cohen"], label="Roster, spring", as_of=None),
            ]
        )
        update_contact(db.session.get_one(Contact, ids["Ada Álvaro"]), region="ES-CT")
        db.session.get_one(Contact, ids["Di Dahl"]).owner_id = owner_id


def test_several_values_come_as_one_argument_or_as_many(app: Flask) -> None:
    several = ContactFilter.from_args(MultiDict([("country", "ES"), ("country", "pt,FR"), ("country", "ES")]))
    assert several.country == ("ES", "PT", "FR")
    assert several.to_args() == {"country": "ES,PT,FR"}


def test_each_condition_narrows(directory: None) -> None:
    everyone = {"Ada Álvaro", "Bo Berg", "Cy Cohen", "Di Dahl", "Migrant Forum"}
    ids = {row.name: row.id for row in db.session.execute(sa.select(Contact.name, Contact.id))}
    tag = db.session.scalars(sa.select(Tag.id)).one()
    owner = db.session.scalars(sa.select(User.id)).one()
    expected: list[tuple[dict[str, str], set[str]]] = [
        ({}, everyone),
        ({"country": "SE"}, {"Bo Berg", "Di Dahl"}),
        ({"country": "se"}, {"Bo Berg", "Di Dahl"}),
        ({"kind": "organization"}, {"Migrant Forum"}),
        ({"category": "partner"}, {"Migrant Forum"}),
        ({"group": str(ids["Blue Group"])}, {"Cy Cohen", "Di Dahl"}),
        ({"party": str(ids["Verdes"])}, {"Ada Álvaro"}),
        ({"mandate": "ended"}, {"Cy Cohen"}),
        ({"mandate": "current"}, {"Ada Álvaro", "Bo Berg", "Di Dahl"}),
        ({"has_address": "no"}, {"Bo Berg", "Migrant Forum"}),
        ({"has_address": "yes"}, {"Ada Álvaro", "Cy Cohen", "Di Dahl"}),
        ({"text": "alvaro"}, {"Ada Álvaro"}),
        ({"text": "GREEN swed"}, {"Bo Berg"}),
        ({"text": "100%"}, set()),
        ({"text": "_"}, everyone),
        ({"country": "SE,FR"}, {"Bo Berg", "Cy Cohen", "Di Dahl"}),
        ({"country": "SE,FR", "mandate": "current", "text": "di"}, {"Di Dahl"}),
        ({"category": "partner,mep", "country": "BE"}, {"Migrant Forum"}),
        ({"group": f"{ids['Blue Group']},{ids['Green Group']}", "country": "FR"}, {"Cy Cohen"}),
        ({"institution": str(ids["European Parliament"])}, everyone - {"Migrant Forum"}),
        ({"committee": str(ids["European Parliament"])}, {"Ada Álvaro", "Bo Berg", "Di Dahl"}),
        ({"region": "es-ct"}, {"Ada Álvaro"}),
        ({"language": "fr,sv"}, {"Bo Berg", "Cy Cohen"}),
        ({"language": "sv"}, {"Bo Berg"}),
        ({"tag": str(tag)}, {"Ada Álvaro", "Migrant Forum"}),
        ({"source": "Roster%2C spring"}, {"Cy Cohen"}),
        ({"assigned": str(owner)}, {"Di Dahl"}),
        ({"assigned": "0"}, everyone - {"Di Dahl"}),
        ({"assigned": f"0,{owner}"}, everyone),
        ({"unknown": "argument", "text": " "}, everyone),
    ]
    for arguments, found in expected:
        assert names(ContactFilter.from_args(arguments)) == found, arguments


@pytest.mark.parametrize(
    "arguments",
    [
        {"category": "x"},
        {"kind": "x"},
        {"country": "Atlantis"},
        {"group": "x"},
        {"mandate": "soon"},
        {"has_address": "1"},
        {"country": "ES,Atlantis"},
        {"region": "Catalonia"},
        {"language": "the old one"},
        {"tag": "x"},
        {"committee": "1,x"},
        {"assigned": "me"},
    ],
)
def test_nonsense_is_a_clear_error(app: Flask, arguments: dict[str, str]) -> None:
    with pytest.raises(BadRequest) as refusal:
        ContactFilter.from_args(arguments)
    assert next(iter(arguments)) in (refusal.value.description or "")


def several(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, max_size=3, unique=True).map(tuple)


@given(
    st.builds(
        ContactFilter,
        text=st.text().map(str.strip),
        kind=st.none() | st.sampled_from(ContactKind),
        category=several(st.sampled_from(Category)),
        country=several(st.sampled_from(sorted(country_codes()))),
        region=several(st.sampled_from(["ES-CT", "DE-BY", "FR-75C"])),
        group=several(st.integers(0, 2**31)),
        party=several(st.integers(0, 2**31)),
        institution=several(st.integers(0, 2**31)),
        committee=several(st.integers(0, 2**31)),
        language=several(st.sampled_from(["es", "pt-BR", "zh-Hant"])),
        tag=several(st.integers(0, 2**31)),
        assigned=several(st.integers(0, 2**31)),
        source=several(st.text(min_size=1).map(str.strip).filter(bool)),
        mandate=st.none() | st.sampled_from(MandateState),
        has_address=st.none() | st.booleans(),
    )
)
def test_a_filter_survives_its_own_url(wanted: ContactFilter) -> None:
    assert ContactFilter.from_args(wanted.to_args()) == wanted


def test_a_filter_says_itself_and_what_is_left_without_each_condition(directory: None) -> None:
    group = db.session.scalars(sa.select(Contact.id).where(Contact.name == "Green Group")).one()
    wanted = ContactFilter(
        text="ada", country=("ES", "PT"), group=(group,), mandate=MandateState.CURRENT, has_address=True
    )
    assert [(condition.label, condition.value) for condition in wanted.conditions()] == [
        ("Text", "ada"),
        ("Country", "Spain"),
        ("Country", "Portugal"),
        ("Group", "Green Group"),
        ("Mandate", "In office"),
        ("E-mail address", "known"),
    ]
    without = {condition.raw: condition.without for condition in wanted.conditions()}
    assert without["ES"] == wanted.to_args() | {"country": "PT"}
    assert without["ada"] == {key: value for key, value in wanted.to_args().items() if key != "text"}
    assert ContactFilter().conditions() == []
    assert [condition.value for condition in ContactFilter(group=(0,)).conditions()] == ["no longer in the directory"]
