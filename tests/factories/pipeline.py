"""Campaigns and targets for tests."""

from __future__ import annotations

import itertools
from datetime import date

import sqlalchemy as sa

from crm.accounts.models import Team, User
from crm.directory.models import Category, Contact, Person
from crm.extensions import db
from crm.pipeline.actions import add_targets, create_campaign, move_target, update_target
from crm.pipeline.models import Campaign, CloseReason, Priority, Stage, Target
from crm.policy import Role
from crm.text import fold
from crm.treaties.models import Treaty
from crm.unit_of_work import unit_of_work

_numbers = itertools.count(1)


def _owner() -> User:
    number = next(_numbers)
    team = db.session.scalar(sa.select(Team).limit(1)) or Team(name="Advocacy")
    return User(email=f"owner{number}@ratify.example", name=f"Owner {number}", role=Role.LEAD, team=team)


def _treaty() -> Treaty:
    return db.session.scalar(sa.select(Treaty).limit(1)) or Treaty(code="ICRMW", name="Migrant Workers Convention")


def make_campaign(name: str | None = None, *, owner: User | None = None, goal_by: date | None = None) -> Campaign:
    """A campaign of its owner's team, with an owner and a treaty of its own where there are none."""
    with unit_of_work("make campaign", actor="test"):
        owner = db.session.merge(owner) if owner else _owner()
        treaty = _treaty()
        db.session.add_all([owner, treaty])
        db.session.flush()
        return create_campaign(
            name or f"Campaign {next(_numbers)}",
            treaty.id,
            owner.team_id,
            owner.id,
            goal="Ratification by one more state",
            goal_by=goal_by,
        )


def make_contacts(count: int, *, country: str | None = "ES") -> list[int]:
    """Ids of people who are contacts and nothing more."""
    with unit_of_work("make contacts", actor="test"):
        people = []
        for number in itertools.islice(_numbers, count):
            name = f"Person {number:05}"
            people.append(
                Person(name=name, sort_name=name, search_text=fold(name), category=Category.MEP, country=country)
            )
        db.session.add_all(people)
        db.session.flush()
        return [person.id for person in people]


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
            reason = CloseReason.DECLINED if stage is Stage.CLOSED else None
            move_target(target.id, stage, reason=reason)
        update_target(target.id, owner_id=owner_id, priority=priority, next_step=next_step, next_step_due=next_step_due)
    return target
