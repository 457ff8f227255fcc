"""Reads of interactions and tasks, each as one team sees them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

import sqlalchemy as sa

from crm.accounts.models import User
from crm.attachments.models import Attachment
from crm.audit.models import Change, ChangeKind, ChangeSet
from crm.directory.models import Contact
from crm.extensions import db
from crm.history.models import Interaction, InteractionAttachment, InteractionContact, InteractionUser, Task
from crm.paging import Page, SortKey, page
from crm.pipeline.models import Campaign, Stage, Target
from crm.policy import visible_to

AnyRow: TypeAlias = sa.Row[*tuple[Any, ...]]
TASKS_SHOWN = 20
# What an edit may change that a reader would want to see as it was.
_TRACED = {"kind", "at", "summary", "notes"}


def interaction(interaction_id: int, team_id: int) -> Interaction | None:
    """The interaction, if this team may see it and nobody has withdrawn it."""
    return db.session.scalar(
        sa.select(Interaction).where(
            Interaction.id == interaction_id,
            visible_to(Interaction.team_id, team_id),
            Interaction.withdrawn_at.is_(None),
        )
    )


@dataclass(frozen=True)
class Version:
    """What an interaction said until somebody changed it: the columns that changed, as they were."""

    until: datetime
    changed_by: str
    before: dict[str, Any]


@dataclass(frozen=True)
class Parts:
    """Who took part in an interaction (id and name), its files, and what it said before."""

    contacts: Sequence[AnyRow]
    users: Sequence[AnyRow]
    files: Sequence[AnyRow]
    campaign: str | None
    versions: Sequence[Version]


def parts_of(happened: Interaction) -> Parts:
    """Everything about an interaction but its own row, in five queries."""
    contacts = (
        sa.select(Contact.id, Contact.name)
        .join(InteractionContact, InteractionContact.contact_id == Contact.id)
        .where(InteractionContact.interaction_id == happened.id)
        .order_by(InteractionContact.id)
    )
    users = (
        sa.select(User.id, User.name)
        .join(InteractionUser, InteractionUser.user_id == User.id)
        .where(InteractionUser.interaction_id == happened.id)
        .order_by(InteractionUser.id)
    )
    files = (
        sa.select(Attachment.id, Attachment.name, Attachment.size, Attachment.sha256)
        .join(InteractionAttachment, InteractionAttachment.attachment_id == Attachment.id)
        .where(InteractionAttachment.interaction_id == happened.id)
        .order_by(InteractionAttachment.id)
    )
    campaign = sa.select(Campaign.name).where(Campaign.id == happened.campaign_id)
    return Parts(
        db.session.execute(contacts).all(),
        db.session.execute(users).all(),
        db.session.execute(files).all(),
        db.session.scalar(campaign) if happened.campaign_id else None,
        _versions(happened.id) if happened.edited_at else [],
    )


def _versions(interaction_id: int) -> list[Version]:
    """What the trail keeps of earlier words, the latest first."""
    rows = db.session.execute(
        sa.select(ChangeSet.at, ChangeSet.actor, Change.before)
        .join(ChangeSet, ChangeSet.id == Change.change_set_id)
        .where(
            Change.table_name == Interaction.__tablename__,
            Change.row_id == interaction_id,
            Change.kind == ChangeKind.UPDATE,
        )
        .order_by(Change.id.desc())
    )
    told = [(row, {name: value for name, value in row.before.items() if name in _TRACED}) for row in rows]
    return [Version(row.at, row.actor, before) for row, before in told if before]


def named(contact_ids: Collection[int]) -> Sequence[AnyRow]:
    """Id and name of those of the contacts there are, in the order they were named."""
    found = db.session.execute(sa.select(Contact.id, Contact.name).where(Contact.id.in_(contact_ids))).all()
    order = {number: place for place, number in enumerate(contact_ids)}
    return sorted(found, key=lambda row: order[row.id])


def targets_of(contact_ids: Collection[int]) -> Sequence[AnyRow]:
    """The open targets in running campaigns that these contacts are, by the campaign's name."""
    return db.session.execute(
        sa.select(
            Target.id,
            Target.contact_id,
            Target.campaign_id,
            Target.owner_id,
            Target.stage,
            Target.next_step,
            Target.next_step_due,
            Contact.name,
            Campaign.name.label("campaign"),
            Campaign.treaty_id,
        )
        .join(Campaign, Campaign.id == Target.campaign_id)
        .join(Contact, Contact.id == Target.contact_id)
        .where(Target.contact_id.in_(contact_ids), Campaign.archived_at.is_(None), Target.stage != Stage.CLOSED)
        .order_by(Campaign.name, Contact.sort_name, Target.id)
    ).all()


class Whose(StrEnum):
    """Whose tasks a list shows."""

    MINE = "mine"
    TEAM = "team"


def _tasks() -> sa.Select[*tuple[Any, ...]]:
    of_target = sa.orm.aliased(Contact)
    return (
        sa.select(
            Task.id,
            Task.title,
            Task.due_on,
            Task.done_at,
            Task.team_id,
            Task.owner_id,
            Task.target_id,
            User.name.label("owner"),
            sa.func.coalesce(Task.contact_id, Target.contact_id).label("contact_id"),
            sa.func.coalesce(Contact.name, of_target.name).label("contact"),
            Campaign.name.label("campaign"),
        )
        .select_from(Task)
        .join(User, User.id == Task.owner_id)
        .outerjoin(Contact, Contact.id == Task.contact_id)
        .outerjoin(Target, Target.id == Task.target_id)
        .outerjoin(of_target, of_target.id == Target.contact_id)
        .outerjoin(Campaign, Campaign.id == Target.campaign_id)
    )


def tasks_page(user_id: int, team_id: int, whose: Whose, *, done: bool, cursor: str | None) -> Page:
    """Tasks of a user or of everybody in their team: what is open by its due date, what is done the latest first."""
    owners = Task.owner_id == user_id
    if whose is Whose.TEAM:
        owners = Task.owner_id.in_(sa.select(User.id).where(User.team_id == team_id))
    statement = _tasks().where(owners, visible_to(Task.team_id, team_id))
    if done:
        keys = [SortKey(Task.done_at, descending=True), SortKey(Task.id, descending=True)]
        return page(statement.where(Task.done_at.is_not(None)), keys, cursor)
    return page(statement.where(Task.done_at.is_(None)), [SortKey(Task.due_order), SortKey(Task.id)], cursor)


def open_tasks_of_contact(contact_id: int, team_id: int, limit: int = TASKS_SHOWN) -> Sequence[AnyRow]:
    """What is to be done about a contact or a target it is, what is due first before the rest."""
    about = sa.or_(
        Task.contact_id == contact_id, Task.target_id.in_(sa.select(Target.id).where(Target.contact_id == contact_id))
    )
    statement = _tasks().where(about, Task.done_at.is_(None), visible_to(Task.team_id, team_id))
    return db.session.execute(statement.order_by(Task.due_order, Task.id).limit(limit)).all()


def open_tasks_of_target(target_id: int, team_id: int, limit: int = TASKS_SHOWN) -> Sequence[AnyRow]:
    """What is to be done about a target, what is due first before the rest."""
    statement = _tasks().where(Task.target_id == target_id, Task.done_at.is_(None), visible_to(Task.team_id, team_id))
    return db.session.execute(statement.order_by(Task.due_order, Task.id).limit(limit)).all()


def task(task_id: int, team_id: int) -> Task | None:
    """The task, if this team may see it."""
    return db.session.scalar(sa.select(Task).where(Task.id == task_id, visible_to(Task.team_id, team_id)))


def contact_of_target(target_id: int) -> Sequence[int]:
    """The id of the contact a target is, if there is such a target."""
    return db.session.scalars(sa.select(Target.contact_id).where(Target.id == target_id)).all()
