"""Contacts that ask for something: who replied, who went quiet, who left office, who contradicts themselves."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm.accounts.models import User
from crm.directory.models import Contact, ContactPoint, PointStatus
from crm.history.models import Task
from crm.overview.agenda.lists import AnySelect, Waiting, constant, nothing
from crm.overview.agenda.reader import Asked, OnTheWay, parameter
from crm.pipeline.filters import is_quiet_since
from crm.pipeline.models import Campaign, Stage, Target
from crm.stances.models import CurrentStance, Statement
from crm.stances.queries import seen_by
from crm.timeline.models import ANSWERING, REPLYING, TimelineEntry
from crm.treaties.models import Treaty


def _is_ours(reader: Asked, contact_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Contacts that the reader looks after, as an open target or by themselves."""
    target, contact = aliased(Target), aliased(Contact)
    pursued = sa.select(target.id).where(
        target.contact_id == contact_id, reader.owns_of_found(target.owner_id), target.stage != Stage.CLOSED
    )
    known = sa.select(contact.id).where(contact.id == contact_id, reader.owns_of_found(contact.owner_id))
    return sa.or_(*(_any_of(found) for found in (pursued, known)))


def _any_of(found: AnySelect) -> sa.ColumnElement[bool]:
    """Whether there is a row, looked up for each contact by itself: few of them are asked for.

    In the place of EXISTS, of which PostgreSQL gathers the answer for all targets beforehand.
    """
    return found.limit(1).scalar_subquery().is_not(None)


def replies(reader: Asked) -> Waiting:
    """What they answered lately, where nothing was noted with them since."""
    since, entry = aliased(TimelineEntry), TimelineEntry
    taken_up = sa.exists().where(
        since.contact_id == entry.contact_id,
        since.at > entry.at,
        since.kind.in_(ANSWERING),
        reader.sees(since.team_id),
    )
    statement = (
        sa.select(
            entry.id,
            entry.at,
            entry.kind,
            entry.reference,
            entry.summary,
            entry.team_id,
            entry.contact_id,
            Contact.name.label("contact"),
            Contact.category,
            Contact.country,
        )
        .join(Contact, Contact.id == entry.contact_id)
        .where(
            sa.text(f"{entry.__tablename__}.{REPLYING}"),
            entry.at >= parameter("replied_after", entry.at),
            reader.sees(entry.team_id),
            _is_ours(reader, entry.contact_id.expression),
            ~taken_up,
        )
    )
    return Waiting((statement,), ("at", "id"), descending=True)


def bounced(reader: Asked) -> Waiting:
    """Addresses in use from which letters came back, of contacts that the reader looks after; the latest first."""
    point = ContactPoint
    statement = (
        sa.select(
            point.id,
            point.bounced_at.label("at"),
            point.value.label("address"),
            point.bounced_with.label("words"),
            point.contact_id,
            Contact.name.label("contact"),
            Contact.category,
            Contact.country,
        )
        .join(Contact, Contact.id == point.contact_id)
        .where(
            point.bounced_at.is_not(None),
            point.status == PointStatus.CURRENT,
            _is_ours(reader, point.contact_id.expression),
        )
    )
    return Waiting((statement,), ("at", "id"), descending=True)


def quiet(reader: Asked) -> Waiting:
    """Targets we were in touch with with whom nothing has passed for a month, the longest first."""
    statement = (
        sa.select(
            Target.id,
            Target.quiet_since.label("since"),
            Target.contact_id,
            Contact.name.label("contact"),
            Contact.category,
            Contact.country,
            Target.stage,
            Target.last_contact_at,
            Target.next_step,
            Target.next_step_due,
            Campaign.name.label("campaign"),
            User.name.label("owner"),
        )
        .select_from(Target)
        .join(Contact, Contact.id == Target.contact_id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .join(User, User.id == Target.owner_id)
        .where(
            reader.owns_on_the_way(Target.owner_id),
            is_quiet_since(parameter("quiet_before", Target.quiet_since), parameter("team_id", User.team_id)),
            Campaign.archived_at.is_(None),
        )
    )
    return Waiting((statement,), ("since", "id"))


def _left_targets(reader: Asked) -> AnySelect:
    return (
        sa.select(
            constant("target").label("kind"),
            Target.id,
            Contact.mandate_end.label("ended"),
            Target.contact_id,
            Contact.name.label("contact"),
            Contact.category,
            Contact.country,
            Target.id.label("target_id"),
            Campaign.name.label("campaign"),
            Target.ask.label("title"),
            User.name.label("owner"),
        )
        .select_from(Contact)
        # By the day their office ended: few of the thousands of targets are looked at, whoever reads.
        .join(Target, Target.contact_id == OnTheWay(Contact.id))
        .join(Campaign, Campaign.id == Target.campaign_id)
        .join(User, User.id == Target.owner_id)
        .where(
            reader.owns_on_the_way(Target.owner_id),
            Contact.mandate_end < parameter("day", Contact.mandate_end),
            Target.stage != Stage.CLOSED,
            Campaign.archived_at.is_(None),
        )
    )


def _left_tasks(reader: Asked) -> AnySelect:
    """Those whose targets are somebody else's are told of here, by the task."""
    return (
        sa.select(
            constant("task").label("kind"),
            Task.id,
            Contact.mandate_end.label("ended"),
            Contact.id.label("contact_id"),
            Contact.name.label("contact"),
            Contact.category,
            Contact.country,
            Task.target_id,
            nothing(sa.String).label("campaign"),
            Task.title,
            User.name.label("owner"),
        )
        .select_from(Task)
        .outerjoin(Target, Target.id == Task.target_id)
        .join(Contact, Contact.id == sa.func.coalesce(Task.contact_id, Target.contact_id))
        .join(User, User.id == Task.owner_id)
        .where(
            reader.owns(Task.owner_id),
            Task.done_at.is_(None),
            Contact.mandate_end < parameter("day", Contact.mandate_end),
            reader.sees(Task.team_id),
        )
    )


def _left_contacts(reader: Asked) -> AnySelect:
    pursued = sa.exists().where(
        Target.contact_id == Contact.id, reader.owns(Target.owner_id), Target.stage != Stage.CLOSED
    )
    return (
        sa.select(
            constant("contact").label("kind"),
            Contact.id,
            Contact.mandate_end.label("ended"),
            Contact.id.label("contact_id"),
            Contact.name.label("contact"),
            Contact.category,
            Contact.country,
            nothing(sa.BigInteger).label("target_id"),
            nothing(sa.String).label("campaign"),
            constant("").label("title"),
            User.name.label("owner"),
        )
        .select_from(Contact)
        .join(User, User.id == Contact.owner_id)
        .where(
            reader.owns(Contact.owner_id),
            Contact.mandate_end < parameter("day", Contact.mandate_end),
            Contact.mandate_end >= parameter("lately", Contact.mandate_end),
            ~pursued,
        )
    )


def ended(reader: Asked) -> Waiting:
    """Who left office and is held as a target, in a task, or as somebody to look after; the latest first."""
    parts = (_left_targets(reader), _left_tasks(reader), _left_contacts(reader))
    return Waiting(parts, ("ended", "kind", "id"), descending=True)


def contradictions(reader: Asked) -> Waiting:
    """Contacts on record on both sides, where nobody has settled it; those written down last first."""
    earlier, later = aliased(Statement), aliased(Statement)
    statement = (
        sa.select(
            CurrentStance.id,
            CurrentStance.later_id,
            CurrentStance.earlier_id,
            CurrentStance.contact_id,
            Contact.name.label("contact"),
            Contact.category,
            Contact.country,
            CurrentStance.treaty_id,
            Treaty.code.label("treaty"),
            earlier.stance.label("earlier_stance"),
            earlier.said_on.label("earlier_said_on"),
            later.stance.label("later_stance"),
            later.said_on.label("later_said_on"),
        )
        .select_from(CurrentStance)
        .join(Contact, Contact.id == CurrentStance.contact_id)
        .join(Treaty, Treaty.id == CurrentStance.treaty_id)
        .join(earlier, earlier.id == CurrentStance.earlier_id)
        .join(later, later.id == CurrentStance.later_id)
        .where(
            CurrentStance.later_id.is_not(None),
            seen_by(parameter("team_id", User.team_id)),
            _is_ours(reader, CurrentStance.contact_id.expression),
        )
    )
    return Waiting((statement,), ("later_id", "id"), descending=True)
