"""An undo leaves the derived columns of contacts true, whatever was done since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from crm.audit.actions import Refusal, UndoRefused, undo
from crm.audit.models import Change
from crm.directory.actions import add_membership, add_point, create_organization, set_point_status, update_contact
from crm.directory.bulk import add_memberships, add_people, add_points
from crm.directory.models import OPEN_END, Category, Contact, Membership, Person, PointKind, PointStatus
from crm.directory.projection import projected_together
from crm.extensions import db
from crm.unit_of_work import unit_of_work
from tests.factories.directory import make_organization, make_person


def done(deed: Callable[[], Any]) -> int:
    with unit_of_work("deed", actor="user:1") as work:
        deed()
    assert work.change_set_id is not None
    return work.change_set_id


def undone(change_set_id: int) -> int:
    return done(lambda: undo(change_set_id))


def seatless() -> Person:
    return make_person("Ada Alvaro", email=None, group=None, parliament=None)


def test_the_address_added_since_is_the_one_letters_go_to(app: Flask) -> None:
    person = seatless()
    first = done(lambda: add_point(person, PointKind.EMAIL, "one@people.example"))
    done(lambda: add_point(person, PointKind.EMAIL, "two@people.example"))
    assert person.email == "one@people.example"
    back = undone(first)
    assert person.email == "two@people.example"
    undone(back)
    assert person.email == "one@people.example"


def test_an_address_taken_out_of_use_comes_back_and_no_other_goes(app: Flask) -> None:
    person = make_person(email="one@people.example")
    retired = done(lambda: set_point_status(person.points[0], PointStatus.RETIRED))
    done(lambda: add_point(person, PointKind.EMAIL, "two@people.example"))
    assert person.email == "two@people.example"
    undone(retired)
    assert person.email == "one@people.example"


def test_the_membership_added_since_gives_group_and_end(app: Flask) -> None:
    person = seatless()
    parliament = make_organization("European Parliament", category=Category.PARLIAMENT)
    group = make_organization("Green Group", category=Category.POLITICAL_GROUP)
    first = done(lambda: add_membership(person, parliament, on_behalf_of=group, start_date=date(2024, 7, 16)))
    done(lambda: add_membership(person, parliament, on_behalf_of=group, start_date=date(2025, 7, 16)))
    undone(first)
    assert (person.group_id, person.group_sort, person.mandate_end) == (group.id, "green group", OPEN_END)
    assert "green group" in person.search_text


def test_a_name_taken_back_is_taken_back_in_members_who_joined_since(app: Flask) -> None:
    group = make_organization("Green Group", category=Category.POLITICAL_GROUP)
    renamed = done(lambda: update_contact(group, name="Blue Group"))
    person = make_person(group="Blue Group")
    assert person.group_sort == "blue group"
    undone(renamed)
    assert (person.group_sort, group.sort_name) == ("green group", "green group")


def test_a_group_made_with_its_members_goes_with_them(app: Flask) -> None:
    person = make_person(group="Green Group")
    green = person.group_id
    parliament = person.memberships[0].organization

    def change_groups() -> None:
        person.memberships[0].end_date = date(2025, 1, 1)
        blue = create_organization("Blue Group", category=Category.POLITICAL_GROUP)
        add_membership(person, parliament, on_behalf_of=blue, start_date=date(2025, 1, 2))

    changed = done(change_groups)
    assert person.group_sort == "blue group"
    back = undone(changed)
    assert (person.group_id, person.group_sort, person.mandate_end) == (green, "green group", OPEN_END)
    undone(back)
    assert (person.group_sort, person.mandate_end) == ("blue group", OPEN_END)


def test_a_group_with_members_of_others_stays(app: Flask) -> None:
    made = done(lambda: make_organization("Green Group", category=Category.POLITICAL_GROUP))
    person = make_person(group="Green Group")
    with pytest.raises(UndoRefused) as refused:
        undone(made)
    assert refused.value.reason is Refusal.NEEDED
    assert person.group_sort == "green group"


def test_the_trail_tells_of_an_undo_what_was_written(app: Flask) -> None:
    person = seatless()
    first = done(lambda: add_point(person, PointKind.EMAIL, "one@people.example"))
    done(lambda: add_point(person, PointKind.EMAIL, "two@people.example"))
    back = undone(first)
    of_contact = sa.select(Change.before, Change.after).where(
        Change.change_set_id == back, Change.table_name == "contact"
    )
    assert [tuple(row) for row in db.session.execute(of_contact)] == [
        ({"email": "one@people.example"}, {"email": "two@people.example"})
    ]


def add_many(number: int, group_id: int, name: str) -> None:
    with projected_together():
        ids = add_people([{"category_override": Category.MEP, "name": f"{name} {index}"} for index in range(number)])
        add_memberships([{"person_id": person_id, "organization_id": group_id} for person_id in ids])
        add_points(
            [{"contact_id": person_id, "kind": PointKind.EMAIL, "value": f"{person_id}@p.example"} for person_id in ids]
        )


def end_all() -> None:
    for membership in db.session.scalars(sa.select(Membership)):
        membership.end_date = date(2025, 1, 1)


def statements_of(deed: Callable[[], Any]) -> int:
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        deed()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(sent)


def test_many_contacts_are_taken_back_in_as_many_statements_as_few(app: Flask) -> None:
    group_id = make_organization("Green Group", category=Category.POLITICAL_GROUP).id

    def costs(number: int) -> tuple[int, int]:
        made = done(lambda: add_many(number, group_id, f"Person of {number}"))
        ended = done(end_all)
        return statements_of(lambda: undone(ended)), statements_of(lambda: undone(made))

    few = costs(3)
    assert costs(90) == few
    assert list(db.session.scalars(sa.select(Contact.id))) == [group_id]
