"""A mandate whose last day passes takes the office's address with it, once, and leaves the rest alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import sqlalchemy as sa
from flask import Flask

from crm import clock
from crm.directory.actions import add_membership, add_point, set_point_status
from crm.directory.models import Category, ContactPoint, Membership, Person, PointKind, PointStatus
from crm.extensions import db
from crm.turnover.jobs import follow_ended_mandates
from crm.unit_of_work import unit_of_work
from tests.factories.directory import make_organization, make_person

LAST = date(2030, 5, 31)


@contextmanager
def on(day: date) -> Iterator[None]:
    with clock.pretend(datetime(day.year, day.month, day.day, 12, tzinfo=UTC)):
        yield


def make_officer() -> int:
    """An MEP until the last of May 2030, with an address of that office, who goes on as a minister."""
    person = make_person("Ada Lovelace", email=None, ended=LAST, category=None)  # type: ignore[arg-type]
    ministry = make_organization("Ministry", category=Category.GOVERNMENT)
    with unit_of_work("describe", actor="test"):
        office = add_point(person, PointKind.EMAIL, "ada@parliament.example")
        office.membership_id = person.memberships[0].id
        add_point(person, PointKind.EMAIL, "ada@home.example")
        add_membership(person, ministry, role="minister", start_date=date(2030, 6, 1), end_date=date(2031, 1, 1))
    return person.id


def test_the_address_goes_out_of_use_the_day_after(app: Flask) -> None:
    person_id = make_officer()
    with on(LAST):
        follow_ended_mandates()
        assert db.session.get_one(Person, person_id).email == "ada@parliament.example"
    with on(date(2030, 6, 1)):
        follow_ended_mandates()
        person = db.session.get_one(Person, person_id)
        assert person.email == "ada@home.example"
        assert {each.value: each.status for each in person.points} == {
            "ada@parliament.example": PointStatus.RETIRED,
            "ada@home.example": PointStatus.CURRENT,
        }
        assert person.institution_id is not None


def test_an_address_a_person_takes_back_into_use_stays_so(app: Flask) -> None:
    make_officer()
    with on(date(2030, 6, 1)):
        follow_ended_mandates()
        office = db.session.scalars(sa.select(ContactPoint).where(ContactPoint.membership_id.is_not(None))).one()
        with unit_of_work("use again", actor="user:1"):
            set_point_status(office, PointStatus.CURRENT)
        follow_ended_mandates()
    for day in (date(2030, 6, 2), date(2030, 8, 1)):
        with on(day):
            follow_ended_mandates()
    assert db.session.get_one(ContactPoint, office.id).status is PointStatus.CURRENT


def test_days_nobody_swept_are_made_up_for(app: Flask) -> None:
    person_id = make_officer()
    with on(date(2030, 1, 1)):
        follow_ended_mandates()
    with unit_of_work("end by roster", actor="test"):
        db.session.execute(
            sa.update(Membership).where(Membership.end_date == LAST).values(end_date=None, ended_by=LAST)
        )
    with on(date(2030, 9, 1)):
        follow_ended_mandates()
    assert db.session.get_one(Person, person_id).email == "ada@home.example"
