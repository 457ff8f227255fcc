"""A filter narrows to the right contacts, lives in a URL and can be said in words."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import BadRequest

from crm import clock
from crm.directory.filters import ContactFilter, MandateState
from crm.directory.models import Category, Contact, ContactKind
from crm.extensions import db
from crm.places.countries import country_codes
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


def test_each_condition_narrows(directory: None) -> None:
    everyone = {"Ada Álvaro", "Bo Berg", "Cy Cohen", "Di Dahl", "Migrant Forum"}
    ids = {row.name: row.id for row in db.session.execute(sa.select(Contact.name, Contact.id))}
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
        ({"country": "SE", "mandate": "current", "text": "di"}, {"Di Dahl"}),
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
    ],
)
def test_nonsense_is_a_clear_error(app: Flask, arguments: dict[str, str]) -> None:
    with pytest.raises(BadRequest) as refusal:
        ContactFilter.from_args(arguments)
    assert next(iter(arguments)) in (refusal.value.description or "")


@given(
    st.builds(
        ContactFilter,
        text=st.text().map(str.strip),
        kind=st.none() | st.sampled_from(ContactKind),
        category=st.none() | st.sampled_from(Category),
        country=st.none() | st.sampled_from(sorted(country_codes())),
        group=st.none() | st.integers(0, 2**31),
        party=st.none() | st.integers(0, 2**31),
        mandate=st.none() | st.sampled_from(MandateState),
        has_address=st.none() | st.booleans(),
    )
)
def test_a_filter_survives_its_own_url(wanted: ContactFilter) -> None:
    assert ContactFilter.from_args(wanted.to_args()) == wanted


def test_a_filter_says_itself_and_what_is_left_without_each_condition(directory: None) -> None:
    group = db.session.scalar(sa.select(Contact.id).where(Contact.name == "Green Group"))
    wanted = ContactFilter(text="ada", country="ES", group=group, mandate=MandateState.CURRENT, has_address=True)
    assert [(condition.label, condition.value) for condition in wanted.conditions()] == [
        ("Text", "ada"),
        ("Country", "Spain"),
        ("Group", "Green Group"),
        ("Mandate", "In office"),
        ("E-mail address", "known"),
    ]
    without = {condition.label: condition.without for condition in wanted.conditions()}
    assert without["Country"] == {key: value for key, value in wanted.to_args().items() if key != "country"}
    assert ContactFilter().conditions() == []
    assert [condition.value for condition in ContactFilter(group=0).conditions()] == ["no longer in the directory"]
