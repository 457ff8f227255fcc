"""The invented crowd is what the directory's own actions would have written."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from crm import clock
from crm.audit.models import ChangeSet
from crm.demo import crowd
from crm.demo.crowd_targets import ONE_IN
from crm.directory.models import Category, Contact, ContactLanguage, ContactPoint, ContactSource, Person
from crm.directory.projection import project
from crm.extensions import db
from crm.history.models import Interaction
from crm.history.projection import rebuild as rebuild_history
from crm.history.queries import Whose
from crm.overview.agenda import Reader, Section, first_of, sections_of
from crm.pipeline.furthest import rebuild_furthest
from crm.pipeline.last_contact import rebuild_last_contacts
from crm.pipeline.models import StageMove, Target
from crm.stances.models import CurrentStance, Statement
from crm.stances.projection import rebuild as rebuild_stances
from crm.timeline.models import TimelineEntry
from crm.treaties.actions import load_facts
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user

DERIVED = [column.key for column in Contact.__table__.c if column.info.get("derived")]


def derived() -> dict[int, tuple[object, ...]]:
    columns = [getattr(Contact, name) for name in DERIVED]
    return {row[0]: tuple(row[1:]) for row in db.session.execute(sa.select(Contact.id, *columns))}


# What comes of mailings, of received mail, or of two statements that contradict each other; the crowd has none.
NOT_INVENTED = {
    Section.BOUNCED,
    Section.CONTRADICTIONS,
    Section.STOPPED,
    Section.MAILINGS,
    Section.REQUESTS,
    Section.UNPLACED,
}

# The projections that `ratify rebuild` writes anew, and where each leaves its rows.
FOLLOWING = (
    (rebuild_stances, [column for column in CurrentStance.__table__.c if column.key != "id"]),
    (rebuild_history, list(TimelineEntry.__table__.c)),
    (rebuild_last_contacts, list(Target.__table__.c)),
    (rebuild_furthest, list(Target.__table__.c)),
)


def test_a_crowd_is_pursued_talked_to_and_heard_and_nothing_is_left_to_rebuild(app: Flask) -> None:
    with unit_of_work("load facts", actor="test"):
        load_facts()
    officer = make_user()
    with unit_of_work("invent a crowd", actor="test"):
        crowd.create_crowd(400)
    targets = db.session.execute(sa.select(Target.id, Target.stage)).all()
    assert len(targets) == 400 // ONE_IN
    newest = sa.select(sa.func.max(StageMove.id)).group_by(StageMove.target_id)
    stands = sa.select(StageMove.target_id, StageMove.to_stage).where(StageMove.id.in_(newest))
    assert dict(db.session.execute(stands).all()) == {row.id: row.stage for row in targets}
    reader = Reader(officer.id, officer.team_id, officer.role, Whose.MINE, clock.today())
    waiting = {section: first_of(section, reader).total for section in sections_of(reader)}
    assert all(waiting[section] for section in set(waiting) - NOT_INVENTED), waiting
    kept = [sa.select(sa.func.count(model.team_id)) for model in (Interaction, Statement, TimelineEntry)]
    assert all(db.session.scalars(each).one() for each in kept)
    for rebuild, columns in FOLLOWING:
        known = sorted(map(repr, db.session.execute(sa.select(*columns))))
        assert known
        with unit_of_work("rebuild", actor="test"):
            rebuild()
        assert sorted(map(repr, db.session.execute(sa.select(*columns)))) == known


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
