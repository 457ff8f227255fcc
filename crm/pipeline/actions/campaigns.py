"""Starting, changing, copying and archiving campaigns."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date

import sqlalchemy as sa

from crm import clock
from crm.extensions import db
from crm.pipeline.actions.targets import add_as_identified
from crm.pipeline.models import Campaign, CampaignState, CampaignTreaty, Target

# Called with the ids of the campaign copied from, of the new one, and of the user who copies.
CopyListener = Callable[[int, int, int], None]
_taking_along: list[CopyListener] = []


def on_campaign_copied(listener: CopyListener) -> None:
    """Call `listener` where a copy is to take along more than the pipeline knows of, in the same transaction."""
    if listener not in _taking_along:
        _taking_along.append(listener)


class NameTaken(Exception):
    """Another campaign has this name."""


@dataclass(frozen=True)
class Plan:
    """What a campaign is about; see Campaign. `treaties` are those beside the lead treaty, `states` alpha-2 codes."""

    name: str
    treaty_id: int
    owner_id: int
    goal: str = ""
    goal_count: int | None = None
    goal_by: date | None = None
    counts_from: date | None = None
    treaties: Collection[int] = ()
    states: Collection[str] = ()


def _refuse_taken_name(name: str, campaign_id: int | None = None) -> None:
    taken = db.session.scalar(sa.select(Campaign.id).where(Campaign.name == name))
    if taken not in (None, campaign_id):
        raise NameTaken(name)


def _write(campaign: Campaign, plan: Plan) -> None:
    campaign.name, campaign.treaty_id, campaign.owner_id = plan.name, plan.treaty_id, plan.owner_id
    campaign.goal, campaign.goal_count, campaign.goal_by = plan.goal, plan.goal_count, plan.goal_by
    campaign.counts_from = plan.counts_from or campaign.counts_from or clock.today()
    db.session.add(campaign)
    db.session.flush()
    _keep(CampaignTreaty, "treaty_id", campaign.id, set(plan.treaties) - {plan.treaty_id})
    _keep(CampaignState, "state", campaign.id, set(plan.states))
    db.session.flush()


def _keep(
    model: type[CampaignTreaty | CampaignState], column: str, campaign_id: int, wanted: Collection[int | str]
) -> None:
    """Let exactly these rows stand with the campaign."""
    known = {
        getattr(row, column): row for row in db.session.scalars(sa.select(model).filter_by(campaign_id=campaign_id))
    }
    for value, row in known.items():
        if value not in wanted:
            db.session.delete(row)
    for value in sorted(set(wanted) - known.keys()):
        db.session.add(model(campaign_id=campaign_id, **{column: value}))


def create_campaign(
    name: str,
    treaty_id: int,
    team_id: int,
    owner_id: int,
    *,
    goal: str = "",
    goal_by: date | None = None,
    goal_count: int | None = None,
    states: Collection[str] = (),
) -> Campaign:
    """A new campaign. Raises NameTaken."""
    plan = Plan(name, treaty_id, owner_id, goal, goal_count, goal_by, states=states)
    return start_campaign(plan, team_id)


def start_campaign(plan: Plan, team_id: int) -> Campaign:
    """A new campaign of a team. Raises NameTaken."""
    _refuse_taken_name(plan.name)
    campaign = Campaign(team_id=team_id)
    _write(campaign, plan)
    return campaign


def update_campaign(campaign_id: int, plan: Plan) -> Campaign:
    """Change what a campaign is about. Raises NameTaken."""
    _refuse_taken_name(plan.name, campaign_id)
    campaign = db.session.get_one(Campaign, campaign_id)
    _write(campaign, plan)
    return campaign


def copy_campaign(source_id: int, plan: Plan, team_id: int, *, letters_by: int | None = None) -> Campaign:
    """A new campaign that pursues the same contacts with the same asks, all of them from the start. Raises NameTaken.

    Owners and priorities come along; stages, next steps, commitments and letters sent stay with the old one. The
    templates of letters come along in the name of the user `letters_by`, if one is given.
    """
    campaign = start_campaign(replace(plan, counts_from=plan.counts_from or clock.today()), team_id)
    pursued = (Target.contact_id, Target.owner_id, Target.priority, Target.ask)
    rows = db.session.execute(sa.select(*pursued).where(Target.campaign_id == source_id).order_by(Target.id))
    add_as_identified(campaign, [dict(row) for row in rows.mappings()])
    if letters_by is not None:
        for listener in _taking_along:
            listener(source_id, campaign.id, letters_by)
    return campaign


def archive_campaign(campaign_id: int) -> None:
    """Put a campaign away: it stays readable, and no menu offers it."""
    db.session.get_one(Campaign, campaign_id).archived_at = clock.now()
    db.session.flush()


def bring_back_campaign(campaign_id: int) -> None:
    """Take an archived campaign up again."""
    db.session.get_one(Campaign, campaign_id).archived_at = None
    db.session.flush()
