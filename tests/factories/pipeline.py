"""Campaigns and targets for tests."""

from __future__ import annotations

import itertools
from datetime import date

import sqlalchemy as sa

from crm.accounts.models import User
from crm.audit.bulk import insert_rows
from crm.directory.models import Category, Contact, ContactKind
from crm.extensions import db
from crm.pipeline.actions import Promise, Verdict, add_targets, create_campaign, move_target, update_target
from crm.pipeline.models import WON, Campaign, CloseReason, CommitmentState, Priority, Stage, Target
from crm.policy import Role
from crm.text import fold
from crm.treaties.models import Treaty
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user

_numbers = itertools.count(1)
PROMISE = Promise("I shall vote for it.", "Vote for ratification", date(2026, 1, 15), due_on=date(2030, 6, 1))
KEPT = Verdict(CommitmentState.KEPT, date(2026, 2, 1), proof_url="https://vote.example/7")


def _treaty() -> Treaty:
    return db.session.scalar(sa.select(Treaty).limit(1)) or Treaty(code="ICRMW", name="Migrant Workers Convention")


def make_campaign(name: str | None = None, *, owner: User | None = None, goal_by: date | None = None) -> Campaign:
    """A campaign of its owner's team; a lead owns it where no owner is given."""
    owner = owner or make_user(Role.LEAD)
    owner_id, team_id = owner.id, owner.team_id
    with unit_of_work("make campaign", actor="test"):
        treaty = _treaty()
        db.session.add(treaty)
        db.session.flush()
        return create_campaign(
            name or f"Campaign {next(_numbers)}",
            treaty.id,
            team_id,
            owner_id,
            goal="Ratification by one more state",
            goal_by=goal_by,
        )


def make_contacts(count: int, *, country: str | None = "ES") -> list[int]:
    """Ids of contacts that have a name and a country and nothing more, any number of them at once."""
    names = [f"Contact {next(_numbers):05}" for _ in range(count)]
    with unit_of_work("make contacts", actor="test"):
        return insert_rows(
            Contact,
            [
                {
                    "kind": ContactKind.PERSON,
                    "category": Category.MEP,
                    "category_override": Category.MEP,
                    "country": country,
                    "country_sort": country or "",
                }
                | {"name": name, "sort_name": fold(name), "search_text": fold(name)}
                for name in names
            ],
        )


def make_targets(campaign: Campaign, count: int) -> list[int]:
    """Contact ids of new targets that nothing is known of."""
    campaign_id, contacts = campaign.id, make_contacts(count)
    with unit_of_work("make targets", actor="test"):
        add_targets(campaign_id, contacts)
    return contacts


def move_on(target_id: int, stage: Stage) -> None:
    """Move a target, inside a unit of work, with whatever the stage asks for."""
    reason = CloseReason.DECLINED if stage is Stage.CLOSED else None
    promise = PROMISE if stage in WON else None
    move_target(target_id, stage, reason=reason, promise=promise, kept=(0, KEPT) if stage is Stage.DELIVERED else None)


def make_target(
    campaign: Campaign | None = None,
    contact: Contact | None = None,
    *,
    stage: Stage = Stage.IDENTIFIED,
    owner_id: int | None = None,
    priority: Priority = Priority.NORMAL,
    next_step: str = "",
    next_step_due: date | None = None,
) -> Target:
    """A target that was moved straight from identified to `stage`."""
    campaign_id = (campaign or make_campaign()).id
    contact_id = contact.id if contact else make_contacts(1)[0]
    with unit_of_work("make target", actor="test"):
        add_targets(campaign_id, [contact_id])
        target = db.session.scalars(
            sa.select(Target).where(Target.campaign_id == campaign_id, Target.contact_id == contact_id)
        ).one()
        if stage is not Stage.IDENTIFIED:
            move_on(target.id, stage)
        update_target(target.id, owner_id=owner_id, priority=priority, next_step=next_step, next_step_due=next_step_due)
    return target
