"""Letters that wait for a person: to be approved, to be decided on, to be translated."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm.accounts.models import User
from crm.letters.models import LetterTemplate, Mailing, MailingState, Wording
from crm.outbox.models import MessageState, OutgoingMessage
from crm.overview.agenda.lists import Waiting
from crm.overview.agenda.reader import Asked, parameter
from crm.pipeline.models import Campaign


def approvals(_reader: Asked) -> Waiting:
    """Mailings of the team's campaigns that wait for a second person, which is never who planned them."""
    statement = (
        sa.select(
            Mailing.id,
            Mailing.name,
            Mailing.letters,
            Mailing.planned_at,
            Campaign.name.label("campaign"),
            User.name.label("planned_by"),
        )
        .join(Campaign, Campaign.id == Mailing.campaign_id)
        .join(User, User.id == Mailing.planned_by_id)
        .where(
            Mailing.state == MailingState.AWAITING_APPROVAL,
            Mailing.planned_by_id != parameter("user_id", User.id),
            Campaign.team_id == parameter("team_id", User.team_id),
        )
    )
    return Waiting((statement,), ("id",))


def held(_reader: Asked) -> Waiting:
    """Letters of which nobody knows whether they arrived."""
    message = OutgoingMessage
    statement = sa.select(message.id, message.to_name, message.to_address, message.subject, message.handed_over_at)
    return Waiting((statement.where(message.state == MessageState.HELD),), ("id",))


def wordings(_reader: Asked) -> Waiting:
    """Letters of running campaigns that lack a language the campaign writes in, or say there what was said before."""
    letter, other = LetterTemplate, aliased(LetterTemplate)
    wanted = (
        sa.select(other.campaign_id, Wording.language)
        .join(Wording, Wording.template_id == other.id)
        .distinct()
        .subquery()
    )
    newest = (
        sa.select(Wording.template_id, Wording.language, sa.func.max(Wording.written_at).label("written_at"))
        .group_by(Wording.template_id, Wording.language)
        .subquery()
    )
    first = aliased(Wording)
    source_language = (
        sa.select(first.language).where(first.template_id == letter.id).order_by(first.id).limit(1).scalar_subquery()
    )
    source = newest.alias("source")
    statement = (
        sa.select(
            letter.id,
            letter.name,
            Campaign.name.label("campaign"),
            wanted.c.language,
            newest.c.written_at,
            source.c.written_at.label("source_written_at"),
        )
        .select_from(letter)
        .join(Campaign, Campaign.id == letter.campaign_id)
        .join(wanted, wanted.c.campaign_id == letter.campaign_id)
        .join(source, sa.and_(source.c.template_id == letter.id, source.c.language == source_language))
        .outerjoin(newest, sa.and_(newest.c.template_id == letter.id, newest.c.language == wanted.c.language))
        .where(
            Campaign.archived_at.is_(None),
            sa.or_(newest.c.written_at.is_(None), newest.c.written_at < source.c.written_at),
        )
    )
    return Waiting((statement,), ("name", "id", "language"))
