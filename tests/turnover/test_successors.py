"""Who is taken for a successor, and who is not."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask

from crm import clock
from crm.directory.actions import add_membership
from crm.directory.models import Category, Membership, Organization, Person, Post, Relationship, RelationshipKind
from crm.extensions import db
from crm.turnover.successors import Ground, successors_of
from crm.unit_of_work import unit_of_work
from tests.factories.directory import make_organization, make_person
from tests.queries import queries_of

ENDED, NEXT = date(2025, 3, 10), date(2025, 3, 11)


def found(person: Person) -> list[tuple[str, Ground]]:
    return [(each.name, each.ground) for each in successors_of([person.id], clock.today()).get(person.id, [])]


def gone(name: str = "Ada Gone", **more: object) -> Person:
    return make_person(name, party="Blue Party", ended=ENDED, **more)  # type: ignore[arg-type]


def minister(name: str, role: str, start: date, end: date | None = None, *, post: str | None = None) -> Person:
    person = make_person(name, parliament=None, group=None)
    with unit_of_work("appoint", actor="test"):
        ministry = db.session.scalars(sa.select(Organization).where(Organization.name == "Ministry")).first()
        ministry = ministry or make_organization("Ministry", category=Category.GOVERNMENT)
        desk = db.session.scalars(sa.select(Post)).first() if post else None
        if post and desk is None:
            desk = Post(organization_id=ministry.id, label=post)
            db.session.add(desk)
            db.session.flush()
        add_membership(person, ministry, role=role, start_date=start, end_date=end, post_id=desk.id if desk else None)
    return person


def test_who_took_the_seat_of_the_same_party_and_country_days_later(app: Flask) -> None:
    ada = gone()
    make_person("Bea Come", party="Blue Party", start=NEXT)
    make_person("Cai Otherparty", party="Red Party", start=NEXT)
    make_person("Dan Abroad", country="FR", party="Blue Party", start=NEXT)
    make_person("Eva Longbefore", party="Blue Party", start=date(2024, 7, 16))
    make_person("Fay Muchlater", party="Blue Party", start=date(2025, 9, 1))
    assert found(ada) == [("Bea Come", Ground.SAME_SEAT)]


def test_where_parties_are_not_known_the_group_tells(app: Flask) -> None:
    ada = make_person("Ada Gone", group="Greens", ended=ENDED)
    make_person("Bea Come", group="Greens", start=NEXT)
    make_person("Cai Other", group="Blues", start=NEXT)
    assert found(ada) == [("Bea Come", Ground.SAME_SEAT)]


def test_a_parliament_elected_anew_names_nobody(app: Flask) -> None:
    ada = gone()
    for number in range(4):
        make_person(f"Bea New{number}", party="Blue Party", start=NEXT)
    assert found(ada) == []


def test_the_same_post_and_the_same_office_tell(app: Flask) -> None:
    head = minister("Ada Desk", "adviser", date(2020, 1, 1), ENDED, post="Asylum desk")
    minister("Bea Desk", "expert", date(2025, 10, 1), post="Asylum desk")
    first = minister("Cai Minister", "minister", date(2020, 1, 1), ENDED)
    minister("Dan Minister", "Minister", NEXT)
    assert found(head) == [("Bea Desk", Ground.SAME_POST)]
    assert found(first) == [("Dan Minister", Ground.SAME_OFFICE)]


def test_what_somebody_noted_comes_first(app: Flask) -> None:
    ada, bea, cai = gone(), make_person("Bea Come", party="Blue Party", start=NEXT), make_person("Cai Noted")
    with unit_of_work("note", actor="test"):
        db.session.add(Relationship(subject_id=cai.id, object_id=ada.id, kind=RelationshipKind.SUCCEEDED))
    assert found(ada) == [("Cai Noted", Ground.TOLD), ("Bea Come", Ground.SAME_SEAT)]
    assert found(bea) == []


@pytest.mark.parametrize("count", [1, 5])
def test_many_are_looked_up_at_once(app: Flask, count: int) -> None:
    people = [gone(f"Ada Gone{number}").id for number in range(count)]
    make_person("Bea Come", party="Blue Party", start=NEXT)
    assert queries_of(lambda: successors_of(people, clock.today())) == 3
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Membership)) == 2 * count + 2
