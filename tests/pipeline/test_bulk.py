"""Many targets change at once: ticked or by a filter, while one waits or by the desk worker, and back in one step."""

from __future__ import annotations

import re
from datetime import timedelta

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm import clock
from crm.audit.actions import undo
from crm.extensions import db
from crm.pipeline.bulk import AT_ONCE
from crm.pipeline.filters import TargetFilter
from crm.pipeline.jobs import change_queued, change_waiting
from crm.pipeline.models import ChangeState, Priority, Stage, Target, TargetChange
from crm.pipeline.queries import target_ids
from crm.policy import Role
from crm.timeline.actions import Event, add_events, forget
from crm.timeline.models import EntryKind
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.pipeline import make_campaign, make_contacts, make_target, make_targets, move_on


def count(*conditions: sa.ColumnElement[bool]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Target).where(*conditions)) or 0


def test_a_few_change_at_once_and_many_by_the_worker(app: Flask, client: FlaskClient) -> None:
    officer = sign_in(client, make_user(Role.OFFICER))
    campaign = make_campaign()
    make_targets(campaign, AT_ONCE + 5)
    high = make_target(campaign, priority=Priority.HIGH)
    targets = f"/campaigns/{campaign.id}/targets"
    few = {"all": "yes", "priority": "high", "the_stage": "contacted"}
    assert "1 target moved to “Contacted”." in officer.post(f"{targets}/move", data=few, follow_redirects=True).text
    assert count(Target.stage == Stage.CONTACTED) == 1
    waits = officer.post(f"{targets}/move", data={"all": "yes", "the_stage": "convinced", "back": targets})
    assert waits.location == "/campaigns/changes/1"
    assert "It is under way" in officer.get(waits.location).text
    stranger = sign_in(app.test_client(), make_user(Role.OFFICER))
    assert stranger.get(waits.location).status_code == 404
    change_waiting()
    change_queued(1)  # a bell that rings twice
    assert count(Target.stage == Stage.CONVINCED) == AT_ONCE + 6
    assert f"{AT_ONCE + 6} targets moved to “Convinced”." in officer.get(waits.location).text
    change = db.session.get_one(TargetChange, 1)
    assert (change.state, change.changed, change.stayed) == (ChangeState.DONE, AT_ONCE + 6, 0)
    assert change.change_set_id is not None
    with unit_of_work("undo", actor="test"):
        undo(change.change_set_id)
    db.session.expire_all()
    assert (count(Target.stage == Stage.IDENTIFIED), high.stage) == (AT_ONCE + 5, Stage.CONTACTED)
    officer.post(f"{targets}/priority", data={"target": [high.id], "the_priority": "low"})
    assert count(Target.priority == Priority.LOW) == 1
    export = officer.post(f"{targets}/export", data={"all": "yes", "priority": "low"})
    assert export.location == f"/contacts/export?targets_of={campaign.id}&priority=low"
    assert officer.get(f"{export.location}&format=csv").text.count("\n") == 2
    assert "choose the stage" in officer.post(f"{targets}/move", data={"all": "yes"}, follow_redirects=True).text


def test_many_are_added_by_the_worker(app: Flask, client: FlaskClient) -> None:
    officer = sign_in(client, make_user(Role.OFFICER))
    campaign_id = make_campaign().id
    make_contacts(AT_ONCE + 1, country="ES")
    waits = officer.post(f"/campaigns/{campaign_id}/targets/add", data={"country": "ES"})
    assert re.fullmatch(r"/campaigns/changes/\d+", waits.location)
    change_waiting()
    assert count(Target.campaign_id == campaign_id) == AT_ONCE + 1
    assert f"{AT_ONCE + 1} targets added." in officer.get(waits.location).text


def test_quiet_are_those_nothing_has_reached_since_we_were_in_touch(app: Flask) -> None:
    campaign = make_campaign()
    now = clock.now()
    with clock.pretend(now - timedelta(days=60)):
        spoken, silent, private, moved = (make_target(campaign, stage=Stage.CONTACTED) for _ in range(4))
        make_target(campaign)  # nobody was in touch with them
    make_target(campaign, stage=Stage.CONTACTED)
    team_id = campaign.team_id
    with unit_of_work("write", actor="test"):
        move_on(moved.id, Stage.IN_DIALOGUE)
        ours = Event(private.contact_id, now, EntryKind.LETTER_SENT, "letter:2", team_id=team_id)
        add_events([Event(spoken.contact_id, now, EntryKind.LETTER_SENT, "letter:1"), ours])

    def quiet(team: int | None = None) -> list[int]:
        return list(target_ids(campaign.id, TargetFilter.from_args({"quiet": "30"}, team=team)))

    # What a team keeps to itself counts for that team alone.
    # That somebody moved a target is no contact.
    assert quiet() == [silent.id, private.id, moved.id]
    assert quiet(team_id) == [silent.id, moved.id]
    assert quiet(team_id + 1) == [silent.id, private.id, moved.id]
    db.session.expire_all()
    assert (spoken.last_contact_at, private.last_contact_at) == (now, None)
    with unit_of_work("forget", actor="test"):
        forget(["letter:1"])
    assert quiet() == [spoken.id, silent.id, private.id, moved.id]
