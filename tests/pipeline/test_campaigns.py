"""A campaign's goal is counted from what its target states did; it is copied, archived, and led by its own team."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm.extensions import db
from crm.pipeline import queries
from crm.pipeline.actions import Plan, copy_campaign, update_campaign, update_target
from crm.pipeline.models import Campaign, Priority, Stage, Target
from crm.policy import Role
from crm.treaties.models import ActionKind, Confidence, TreatyAction
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.pipeline import make_campaign, make_target, make_targets


def ratify(treaty_id: int, state: str, day: date) -> None:
    act = {"kind": ActionKind.RATIFICATION, "source": "UNTC", "confidence": Confidence.READ}
    with unit_of_work("ratify", actor="test"):
        db.session.add(TreatyAction(treaty_id=treaty_id, state=state, done_on=day, **act))


def test_the_goal_counts_what_target_states_did_since_the_campaign_counts(app: Flask) -> None:
    campaign = make_campaign()
    plan = Plan(
        campaign.name,
        campaign.treaty_id,
        campaign.owner_id,
        goal_count=2,
        goal_by=date(2030, 1, 1),
        counts_from=date(2025, 1, 1),
        states=("ES", "PT", "IT"),
    )
    with unit_of_work("change", actor="test"):
        update_campaign(campaign.id, plan)
    ratify(campaign.treaty_id, "PT", date(2020, 5, 5))  # before it counts
    ratify(campaign.treaty_id, "ES", date(2025, 6, 1))
    ratify(campaign.treaty_id, "FR", date(2025, 6, 1))  # not wanted
    row = queries.campaign(campaign.id)
    assert row is not None
    goal = queries.goal(row)
    states = [[each.state for each in group] for group in (goal.won, goal.before, goal.open)]
    assert (goal.short, states) == (1, [["ES"], ["PT"], ["IT"]])
    assert queries.goals([row])[campaign.id] == goal


def test_a_copy_pursues_the_same_contacts_from_the_start(app: Flask) -> None:
    campaign = make_campaign()
    target = make_target(campaign, stage=Stage.CONVINCED, priority=Priority.HIGH, next_step="Call")
    make_targets(campaign, 2)
    with unit_of_work("ask", actor="test"):
        update_target(target.id, ask="Sign")
    plan = Plan("Another", campaign.treaty_id, campaign.owner_id, states=("ES",))
    with unit_of_work("copy", actor="test"):
        copy_id = copy_campaign(campaign.id, plan, campaign.team_id).id
    copied = {row.contact_id: row for row in db.session.scalars(sa.select(Target).where(Target.campaign_id == copy_id))}
    assert len(copied) == 3
    again = copied[target.contact_id]
    assert (again.stage, again.ask, again.priority, again.next_step) == (Stage.IDENTIFIED, "Sign", Priority.HIGH, "")
    assert queries.target_states(copy_id) == ["ES"]


@pytest.mark.sqlite_only
def test_its_own_team_puts_a_campaign_away_and_brings_it_back(app: Flask, client: FlaskClient) -> None:
    lead = make_user(Role.LEAD)
    campaign = make_campaign("Ratify now", owner=lead)
    stranger = sign_in(app.test_client(), make_user(Role.LEAD, team="Another team"))
    for address in ("edit", "archive"):
        assert stranger.post(f"/campaigns/{campaign.id}/{address}").status_code == 403
    assert stranger.get(f"/campaigns/{campaign.id}/copy").status_code == 200
    sign_in(client, lead)
    assert "is put away" in client.post(f"/campaigns/{campaign.id}/archive", follow_redirects=True).text
    assert "Ratify now" not in client.get("/campaigns").text.split("toasts")[0]
    assert "Ratify now" in client.get("/campaigns?archived=yes").text
    client.post(f"/campaigns/{campaign.id}/archive", data={"back": "yes"})
    assert "Ratify now" in client.get("/campaigns").text
    assert db.session.scalars(sa.select(Campaign.archived_at)).all() == [None]
