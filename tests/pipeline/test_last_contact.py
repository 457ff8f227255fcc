"""Whatever reached a target, in whatever order it was noted, the last of it is their last contact."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask

from crm import clock
from crm.extensions import db
from crm.pipeline.last_contact import rebuild_last_contacts
from crm.pipeline.models import Target
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user
from tests.factories.directory import make_person
from tests.factories.pipeline import make_campaign, make_target


def test_the_latest_public_entry_counts_in_whatever_order_they_come(app: Flask) -> None:
    owner = make_user()
    campaign = make_campaign(owner=owner)
    people = [make_person(name) for name in ("Ada Alvaro", "Bo Lund")]
    ids = [make_target(campaign, person).id for person in people]
    now = clock.now()

    def note(*days_ago: int, team_id: int | None = None) -> None:
        with unit_of_work("note", actor="test"):
            add_events(
                [
                    Event(people[0].id, now - timedelta(days=days), EntryKind.CALL, f"test:{days}", team_id=team_id)
                    for days in days_ago
                ]
            )

    def last(target_id: int) -> tuple[datetime | None, datetime]:
        target = db.session.get_one(Target, target_id, populate_existing=True)
        return target.last_contact_at, target.quiet_since

    untouched = last(ids[1])
    for days_ago, expected in (((20,), 20), ((30,), 20), ((9, 5, 7), 5), ((2,), 2), ((4,), 2)):
        note(*days_ago)
        moment = now - timedelta(days=expected)
        assert last(ids[0]) == (moment, moment), days_ago
    # Other teams would learn when.
    note(1, team_id=owner.team_id)
    moment = now - timedelta(days=2)
    assert last(ids[0]) == (moment, moment)
    with unit_of_work("rebuild", actor="test"):
        assert rebuild_last_contacts() == 2
    assert last(ids[0]) == (moment, moment)
    assert last(ids[1]) == untouched
