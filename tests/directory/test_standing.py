"""What a person's memberships come to: the category and the region of the office that counts."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from crm.directory.actions import add_membership, change_membership, create_organization, update_contact
from crm.directory.models import OPEN_END, Category, Person, made_of_holders
from crm.directory.rebuilding import follows_rules, rebuild_columns
from crm.directory.standing import Affiliation, Mandate, standing
from crm.extensions import db
from crm.unit_of_work import unit_of_work
from tests.factories.directory import make_person

TODAY = date(2026, 11, 22)
JUNTA = Affiliation(1, "Junta de Andalucía", None, Category.REGIONAL_GOVERNMENT, Category.REGIONAL_GOVERNMENT, "ES-AN")
PARLIAMENT = Affiliation(2, "European Parliament", "EP", Category.PARLIAMENT, Category.MEP)
COUNCIL = Affiliation(3, "Council", None, Category.OTHER, None, "ES-CT")


def held(organization: Affiliation, *, until: date = OPEN_END, region: str | None = None) -> Mandate:
    return Mandate(until, date(2020, 1, 1), organization, None, region)


@pytest.mark.parametrize(
    ("mandates", "region"),
    [
        ([held(JUNTA)], "ES-AN"),
        ([held(PARLIAMENT, region="BE-VLG")], "BE-VLG"),
        # The highest office has none: what else is held tells it, unless that is of two.
        ([held(PARLIAMENT), held(JUNTA)], "ES-AN"),
        ([held(PARLIAMENT), held(JUNTA), held(COUNCIL)], None),
        # One that is over tells nothing beside one that runs, and all where none does.
        ([held(PARLIAMENT), held(JUNTA, until=date(2024, 1, 1))], None),
        ([held(JUNTA, until=date(2024, 1, 1))], "ES-AN"),
        ([held(PARLIAMENT)], None),
    ],
)
def test_a_region_is_that_of_the_highest_office(mandates: list[Mandate], region: str | None) -> None:
    assert standing(mandates, TODAY).region == region


@pytest.mark.parametrize(
    ("category", "holders_are", "region", "made"),
    [
        (Category.PARLIAMENT, None, None, Category.NATIONAL_MP),
        (Category.PARLIAMENT, None, "ES-AN", Category.REGIONAL_MP),
        (Category.PARLIAMENT, Category.REGIONAL_MP, None, Category.REGIONAL_MP),
        (Category.PARLIAMENT, Category.MEP, None, Category.MEP),
        (Category.REGIONAL_GOVERNMENT, None, "ES-AN", Category.REGIONAL_GOVERNMENT),
        (Category.PARTY, None, None, None),
    ],
)
def test_a_parliament_of_a_region_makes_regional_mps(
    category: Category, holders_are: Category | None, region: str | None, made: Category | None
) -> None:
    assert made_of_holders(category, holders_are, region) is made


def test_people_follow_the_region_of_their_office_until_somebody_says_otherwise(app: Flask) -> None:
    person_id = make_person("Ada Regional", country="ES", parliament=None, category=Category.OTHER).id

    def now() -> tuple[str | None, Category]:
        person = db.session.get_one(Person, person_id)
        return person.effective_region, person.category

    with unit_of_work("give an office", actor="test"):
        person = db.session.get_one(Person, person_id)
        update_contact(person, category_override=None)
        parliament = create_organization("Parlamento de Navarra", category=Category.PARLIAMENT, country="ES")
        membership = add_membership(person, parliament)
    assert now() == ("ES-NC", Category.REGIONAL_MP)
    assert parliament.effective_region == "ES-NC"
    assert person.region is None
    with unit_of_work("say the region of the parliament", actor="test"):
        update_contact(parliament, region="ES-AN")
    assert now() == ("ES-AN", Category.REGIONAL_MP)
    with unit_of_work("say the region by hand", actor="test"):
        update_contact(person, region="ES-MD")
    assert now() == ("ES-MD", Category.REGIONAL_MP)
    with unit_of_work("leave it to the office again", actor="test"):
        update_contact(person, region=None)
        change_membership(membership, region="ES-CT")
    assert now() == ("ES-CT", Category.REGIONAL_MP)

    # What an older version of the product has written is written anew, once.
    assert not follows_rules()
    with unit_of_work("write it as it was", actor="test"):
        person.effective_region, person.sort_name = None, "ada regional"
    with unit_of_work("rebuild", actor="test"):
        rebuild_columns()
    assert now() == ("ES-CT", Category.REGIONAL_MP)
    assert db.session.get_one(Person, person_id).sort_name == "regional ada"
    assert follows_rules()
