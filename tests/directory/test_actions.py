"""What the directory's actions write, and what they keep true."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from crm.directory.actions import (
    InvalidAddress,
    add_membership,
    add_point,
    create_person,
    normalize_address,
    set_point_status,
    update_contact,
)
from crm.directory.models import OPEN_END, Category, PointKind, PointStatus
from crm.directory.projection import project, projected_together
from crm.extensions import db
from crm.unit_of_work import unit_of_work
from tests.factories.directory import make_organization, make_person


def test_a_person_is_found_by_name_group_party_and_country_without_accents(app: Flask) -> None:
    person = make_person("Łukasz Kohut", country="PL", group="Green Group", party="Partia Śląska")
    assert person.sort_name == "kohut lukasz"
    for word in ("lukasz", "kohut", "green group", "partia slaska", "poland"):
        assert word in person.search_text
    assert person.country_sort == "poland"
    assert person.group_sort == "green group"


def test_derived_columns_follow_memberships_and_points(app: Flask) -> None:
    person = make_person(email=None, group=None, party=None, parliament=None)
    assert (person.mandate_end, person.email, person.group_id, person.party_id) == (None, None, None, None)
    parliament = make_organization("European Parliament", category=Category.PARLIAMENT)
    group = make_organization("The Green Group", abbreviation="Green", category=Category.POLITICAL_GROUP)
    party = make_organization("A Party", category=Category.PARTY)
    with unit_of_work("seat", actor="test"):
        seat = add_membership(person, parliament, on_behalf_of=group, start_date=date(2024, 7, 16))
        add_membership(person, party)
        point = add_point(person, PointKind.EMAIL, " Ada@Parliament.Example ")
    assert (person.mandate_end, person.email) == (OPEN_END, "ada@parliament.example")
    assert (person.group_id, person.group_sort, person.party_id) == (group.id, "green", party.id)
    with unit_of_work("end", actor="test"):
        seat.ended_by = date(2025, 8, 1)
        db.session.flush()
        project([person.id])
        assert set_point_status(point, PointStatus.RETIRED)
        assert not set_point_status(point, PointStatus.RETIRED)
    # The last group stays on the record of a former member; belonging to a party is no mandate.
    assert (person.mandate_end, person.email, person.group_id) == (date(2025, 7, 31), None, group.id)
    with unit_of_work("back", actor="test"):
        assert add_point(person, PointKind.EMAIL, "ada@parliament.example").id == point.id
    assert person.email == "ada@parliament.example"


def test_the_running_mandate_gives_the_group_not_the_newest_one(app: Flask) -> None:
    person = make_person(group="Old Group", start=date(2019, 7, 2))
    parliament = person.memberships[0].organization
    new = make_organization("New Group", category=Category.POLITICAL_GROUP)
    with unit_of_work("change of group", actor="test"):
        person.memberships[0].end_date = date(2022, 1, 1)
        add_membership(person, parliament, on_behalf_of=new, start_date=date(2022, 1, 2))
    assert person.group_id == new.id
    assert "old group" not in person.search_text
    assert person.mandate_end == OPEN_END


def test_a_renamed_group_is_renamed_in_its_members(app: Flask) -> None:
    person = make_person(group="Green Group")
    group = person.memberships[0].on_behalf_of
    assert group is not None
    with unit_of_work("rename", actor="test"):
        assert update_contact(group, name="Blue Group")
        assert not update_contact(group, name="Blue Group")
    assert "blue group" in person.search_text
    assert person.group_sort == "blue group"


def test_a_name_follows_its_parts(app: Flask) -> None:
    person = make_person("Ada Alvaro")
    with unit_of_work("rename", actor="test"):
        update_contact(person, family_name="Zúñiga")
    assert (person.name, person.sort_name) == ("Ada Zúñiga", "zuniga ada")
    with unit_of_work("rename", actor="test"), pytest.raises(ValueError, match="needs a name"):
        update_contact(person, name="")


def test_a_written_name_stays_while_its_parts_do(app: Flask) -> None:
    with unit_of_work("add", actor="test"):
        person = create_person(
            category=Category.MEP, name="ORBÁN Viktor", given_name="Viktor", family_name="Orbán", country="HU"
        )
    with unit_of_work("edit", actor="test"):
        assert update_contact(person, given_name="Viktor", family_name="Orbán", category_override=Category.OTHER)
    assert person.name == "ORBÁN Viktor"


def test_many_actions_project_once_at_the_end(app: Flask) -> None:
    organization = make_organization("European Parliament", category=Category.PARLIAMENT)
    with unit_of_work("import", actor="test"):
        with projected_together():
            people = [create_person(category=Category.MEP, name=f"Person {number}") for number in range(3)]
            for person in people:
                add_membership(person, organization)
            assert {person.mandate_end for person in people} == {None}
        assert {person.mandate_end for person in people} == {OPEN_END}


@pytest.mark.parametrize("address", ["nobody", "a b@c.example", "a..b@c.example", "a@", ""])
def test_a_wrong_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidAddress):
        normalize_address(address)
