"""Interactions on the timelines of those who took part: changed, withdrawn, undone, private, merged."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from crm.accounts.models import Team
from crm.audit.actions import undo
from crm.directory.merging import merge
from crm.directory.models import Contact
from crm.directory.unmerging import unmerge
from crm.exports.list_columns import last_contact
from crm.extensions import db
from crm.history.actions import What, change_interaction, withdraw_interaction
from crm.history.models import Interaction, InteractionContact, InteractionKind
from crm.history.projection import rebuild
from crm.history.queries import Whose, interaction, open_tasks_of_contact, parts_of, tasks_page
from crm.pipeline.models import Target
from crm.timeline.models import EntryKind, TimelineEntry
from crm.timeline.queries import entries_of
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user
from tests.factories.directory import make_person
from tests.factories.history import AT, make_interaction, make_task
from tests.factories.pipeline import make_target


def told(contact_id: int, team_id: int = 0, **asked: Any) -> list[tuple[EntryKind, str]]:
    kinds = {EntryKind(kind.value) for kind in InteractionKind}
    rows = entries_of(contact_id, team_id, **asked).rows
    return [(row.kind, row.summary) for row in rows if row.kind in kinds]


def undone(change_set_id: int | None) -> int:
    with unit_of_work("undo", actor="user:1"):
        return undo(change_set_id or 0)


def test_an_interaction_follows_its_edits_and_undo_on_every_timeline(app: Flask) -> None:
    ada, ben = make_person("Ada Alverberg").id, make_person("Ben Brook").id
    number = make_interaction([ada, ben], notes="Wants figures.\n\nTwo pages.").id
    assert told(ada) == told(ben) == [(EntryKind.CALL, "Called about the hearing")]
    with unit_of_work("change interaction", actor="user:2") as changed:
        what = What(InteractionKind.MEETING, AT - timedelta(days=1), "Met about the hearing", [ada])
        change_interaction(db.session.get_one(Interaction, number), what)
    assert (told(ada), told(ben)) == ([(EntryKind.MEETING, "Met about the hearing")], [])
    (entry,) = entries_of(ada, 0, kinds=[EntryKind.MEETING]).rows
    assert entry.details == {"edited": True}
    assert entry.actor == "user:1"
    (version,) = parts_of(db.session.get_one(Interaction, number)).versions
    assert version.before["summary"] == "Called about the hearing"
    assert version.before["notes"] == "Wants figures.\n\nTwo pages."
    with unit_of_work("change interaction", actor="user:2") as same:
        change_interaction(db.session.get_one(Interaction, number), what)
    assert same.change_set_id is None
    undone(changed.change_set_id)
    assert told(ada) == told(ben) == [(EntryKind.CALL, "Called about the hearing")]
    with unit_of_work("withdraw interaction", actor="user:2") as withdrawn:
        withdraw_interaction(db.session.get_one(Interaction, number))
    assert told(ada) == told(ben) == []
    assert interaction(number, 0) is None
    back = undone(withdrawn.change_set_id)
    assert told(ben) == [(EntryKind.CALL, "Called about the hearing")]
    undone(back)
    assert told(ben) == []


def test_what_a_team_keeps_to_itself_is_seen_by_it_alone(app: Flask) -> None:
    own, other = make_user(team="Geneva"), make_user(team="Brussels")
    own_id, own_team, other_id, other_team = own.id, own.team_id, other.id, other.team_id
    ada = make_person("Ada Alverberg").id
    number = make_interaction([ada], "Met in confidence", InteractionKind.MEETING, team_id=own_team).id
    make_task(other_id, "Call back", contact_id=ada, team_id=own_team)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Team)) == 2

    def seen(team_id: int, user_id: int) -> list[bool]:
        last = sa.select(last_contact(team_id)).select_from(Contact).where(Contact.id == ada)
        return [
            bool(told(ada, team_id)),
            bool(told(ada, team_id, kinds=[EntryKind.MEETING])),
            interaction(number, team_id) is not None,
            bool(open_tasks_of_contact(ada, team_id)),
            bool(tasks_page(other_id, team_id, Whose.MINE, done=False, cursor=None).rows),
            db.session.scalar(last) is not None,
        ]

    assert all(seen(own_team, own_id))
    assert not any(seen(other_team, other_id))


def test_what_reached_a_contact_is_the_last_contact_of_its_targets(app: Flask) -> None:
    target = make_target()
    contact_id = target.contact_id

    def last() -> Any:
        return db.session.scalars(sa.select(Target.last_contact_at).where(Target.contact_id == contact_id)).one()

    make_interaction([contact_id], "Heard that she will move", InteractionKind.NOTE)
    assert last() is None
    number = make_interaction([contact_id], at=AT).id
    assert last() == AT
    with unit_of_work("withdraw interaction", actor="user:1"):
        withdraw_interaction(db.session.get_one(Interaction, number))
    assert last() is None


def test_interactions_and_tasks_follow_a_merge_and_return(app: Flask) -> None:
    ada, twin = make_person("Ada Alverberg").id, make_person("A. Alverberg").id
    both = make_interaction([ada, twin], "Met both").id
    make_interaction([twin], "Called the twin")
    make_task(make_user().id, contact_id=twin)
    with unit_of_work("merge", actor="user:1"):
        merge_id = merge(ada, twin).id
    assert sorted(told(ada)) == [(EntryKind.CALL, "Called the twin"), (EntryKind.CALL, "Met both")]
    assert len(open_tasks_of_contact(ada, 0)) == 1
    taking_part = sa.select(InteractionContact.contact_id).where(InteractionContact.interaction_id == both)
    assert db.session.scalars(taking_part).all() == [ada]
    with unit_of_work("unmerge", actor="user:1"):
        unmerge(merge_id)
    assert told(ada) == [(EntryKind.CALL, "Met both")]
    assert sorted(told(twin)) == [(EntryKind.CALL, "Called the twin"), (EntryKind.CALL, "Met both")]


def test_a_rebuild_mends_timelines_and_leaves_what_is_right(app: Flask) -> None:
    ada = make_person("Ada Alverberg").id
    make_interaction([ada], "Called first")
    make_interaction([ada], "Called again")
    entry = TimelineEntry
    ids = sa.select(entry.id).where(entry.summary == "Called again")
    kept = db.session.scalars(ids).all()
    with unit_of_work("break", actor="test"):
        db.session.execute(sa.delete(entry).where(entry.summary == "Called first"))
    with unit_of_work("rebuild", actor="test"):
        assert rebuild() == 2
    assert len(told(ada)) == 2
    assert db.session.scalars(ids).all() == kept


def test_a_page_of_a_long_timeline_is_found_through_its_index(app: Flask) -> None:
    ada = make_person("Ada Alverberg").id
    statement = sa.select(TimelineEntry.id).where(
        TimelineEntry.contact_id == ada,
        sa.or_(TimelineEntry.team_id.is_(None), TimelineEntry.team_id == 1),
        TimelineEntry.kind.in_([EntryKind.CALL]),
    )
    statement = statement.order_by(TimelineEntry.at.desc(), TimelineEntry.id.desc()).limit(21)
    if db.engine.dialect.name != "sqlite":
        pytest.skip("the plan of an empty table says nothing there")
    compiled = str(statement.compile(db.engine, compile_kwargs={"literal_binds": True}))
    plan = " ".join(row[3] for row in db.session.execute(sa.text(f"EXPLAIN QUERY PLAN {compiled}")))
    assert "USING COVERING INDEX ix_timeline_entry_contact_id_at_id_kind_team_id" in plan
    assert "TEMP B-TREE" not in plan
