"""The invented crowd is what the directory's own actions would have written."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from crm.audit.models import ChangeSet
from crm.demo import crowd
from crm.demo.crowd_targets import ONE_IN
from crm.directory.models import Category, Contact, ContactLanguage, ContactPoint, ContactSource, Person
from crm.directory.projection import project
from crm.extensions import db
from crm.pipeline.last_contact import rebuild_last_contacts
from crm.pipeline.models import StageMove, Target
from crm.timeline.models import TimelineEntry
from crm.treaties.actions import load_facts
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user

DERIVED = [column.key for column in Contact.__table__.c if column.info.get("derived")]


def derived() -> dict[int, tuple[object, ...]]:
    columns = [getattr(Contact, name) for name in DERIVED]
    return {row[0]: tuple(row[1:]) for row in db.session.execute(sa.select(Contact.id, *columns))}


def test_every_fifth_of_a_crowd_is_a_target_that_moved_to_where_it_stands(app: Flask) -> None:
    with unit_of_work("load facts", actor="test"):
        load_facts()
    make_user()
    with unit_of_work("invent a crowd", actor="test"):
        crowd.create_crowd(200)
    targets = db.session.execute(sa.select(Target.id, Target.stage, Target.last_contact_at, Target.quiet_since)).all()
    assert len(targets) == 200 // ONE_IN
    newest = sa.select(sa.func.max(StageMove.id)).group_by(StageMove.target_id)
    stands = sa.select(StageMove.target_id, StageMove.to_stage).where(StageMove.id.in_(newest))
    assert dict(db.session.execute(stands).all()) == {row.id: row.stage for row in targets}
    with unit_of_work("rebuild", actor="test"):
        rebuild_last_contacts()
    known = sa.select(Target.id, Target.stage, Target.last_contact_at, Target.quiet_since)
    assert db.session.execute(known).all() == targets


def test_a_crowd_has_the_size_asked_for_and_true_derived_columns(app: Flask) -> None:
    with unit_of_work("invent a crowd", actor="test"):
        crowd.create_crowd(120)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 120
    assert db.session.scalar(sa.select(sa.func.count()).select_from(TimelineEntry)) == 120 * crowd.HISTORY
    addresses = db.session.scalars(sa.select(ContactPoint.value)).all()
    assert len(addresses) > 100
    assert all(address.endswith("@crowd.example") for address in addresses)
    for table in (ContactLanguage, ContactSource):
        assert db.session.scalar(sa.select(sa.func.count(table.contact_id.distinct()))) == 120
    categories = set(db.session.scalars(sa.select(Person.category).distinct()))
    assert {Category.MEP, Category.NATIONAL_MP, Category.NATIONAL_OFFICIAL, Category.REGIONAL_GOVERNMENT} == categories
    written = derived()
    with unit_of_work("project", actor="test"):
        project(written)
    assert derived() == written
    notes = db.session.scalars(sa.select(ChangeSet.notes).where(ChangeSet.action == "invent a crowd")).one()
    assert notes["invented people"] == 120
