"""What is due: tasks, next steps of targets, and commitments that fall due."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm.accounts.models import User
from crm.directory.models import Contact
from crm.history.models import Task
from crm.overview.agenda.lists import AnySelect, Waiting, constant, nothing
from crm.overview.agenda.reader import Asked, parameter
from crm.pipeline.models import Campaign, Commitment, Target
from crm.pipeline.queries import falls_due


def _tasks(reader: Asked) -> AnySelect:
    of_target = aliased(Contact)
    return (
        sa.select(
            constant("task").label("kind"),
            Task.id,
            Task.due_order.label("due"),
            Task.title,
            sa.func.coalesce(Task.contact_id, Target.contact_id).label("contact_id"),
            sa.func.coalesce(Contact.name, of_target.name).label("contact"),
            Task.target_id,
            Target.stage,
            Campaign.name.label("campaign"),
            User.name.label("owner"),
            Task.owner_id,
            Task.team_id,
        )
        .select_from(Task)
        .join(User, User.id == Task.owner_id)
        .outerjoin(Contact, Contact.id == Task.contact_id)
        .outerjoin(Target, Target.id == Task.target_id)
        .outerjoin(of_target, of_target.id == Target.contact_id)
        .outerjoin(Campaign, Campaign.id == Target.campaign_id)
        .where(
            reader.owns(Task.owner_id),
            Task.done_at.is_(None),
            Task.due_order <= parameter("day", Task.due_on),
            reader.sees(Task.team_id),
        )
    )


def _steps(reader: Asked) -> AnySelect:
    return (
        sa.select(
            constant("step").label("kind"),
            Target.id,
            Target.due_order.label("due"),
            Target.next_step.label("title"),
            Target.contact_id,
            Contact.name.label("contact"),
            Target.id.label("target_id"),
            Target.stage,
            Campaign.name.label("campaign"),
            User.name.label("owner"),
            Target.owner_id,
            nothing(sa.BigInteger).label("team_id"),
        )
        .select_from(Target)
        .join(Contact, Contact.id == Target.contact_id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .join(User, User.id == Target.owner_id)
        .where(
            reader.owns(Target.owner_id),
            Target.due_order <= parameter("day", Task.due_on),
            Campaign.archived_at.is_(None),
        )
    )


def due(reader: Asked) -> Waiting:
    """Open tasks and next steps whose day has come, the longest overdue first."""
    return Waiting((_tasks(reader), _steps(reader)), ("due", "kind", "id"))


def commitments(reader: Asked) -> Waiting:
    """What was promised and comes to mind, or is past its date."""
    statement = (
        sa.select(
            Commitment.id,
            Commitment.due_order.label("due"),
            Commitment.due_on,
            Commitment.act,
            Commitment.words,
            Target.contact_id,
            Contact.name.label("contact"),
            Target.id.label("target_id"),
            Campaign.name.label("campaign"),
            User.name.label("owner"),
        )
        .select_from(Commitment)
        .join(Target, Target.id == Commitment.target_id)
        .join(Contact, Contact.id == Target.contact_id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .join(User, User.id == Target.owner_id)
        .where(falls_due(parameter("day", Task.due_on)), reader.owns(Target.owner_id), Campaign.archived_at.is_(None))
    )
    return Waiting((statement,), ("due", "id"))
