"""The invented crowd is what the directory's own actions would have written."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from crm.audit.models import ChangeSet
from crm.demo import crowd
from crm.directory.models import Contact, ContactPoint, Person
from crm.directory.projection import project
from crm.extensions import db
from crm.timeline.models import TimelineEntry
from crm.unit_of_work import unit_of_work

DERIVED = ("sort_name", "country_sort", "search_text", "group_id", "group_sort", "party_id", "mandate_end", "email")


def derived() -> dict[int, tuple[object, ...]]:
    columns = [getattr(Contact, name) for name in DERIVED]
    return {row[0]: tuple(row[1:]) for row in db.session.execute(sa.select(Contact.id, *columns))}


def test_a_crowd_has_the_size_asked_for_and_true_derived_columns(app: Flask) -> None:
    with unit_of_work("invent a crowd", actor="test"):
        crowd.create_crowd(120)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 120
    assert db.session.scalar(sa.select(sa.func.count()).select_from(TimelineEntry)) == 120 * crowd.HISTORY
    addresses = db.session.scalars(sa.select(ContactPoint.value)).all()
    assert len(addresses) > 100
    assert all(address.endswith("@crowd.example") for address in addresses)
    written = derived()
    with unit_of_work("project", actor="test"):
        project(written)
    assert derived() == written
    notes = db.session.scalars(sa.select(ChangeSet.notes).where(ChangeSet.action == "invent a crowd")).one()
    assert notes["invented people"] == 120
