"""Letters that wait for a person: to be approved, decided on, let go on, translated; and what their readers ask for."""

from __future__ import annotations

import sqlalchemy as sa

from crm.accounts.models import User
from crm.directory.models import Contact
from crm.inbox.models import ReaderRequest
from crm.letters.models import Mailing, MailingState
from crm.letters.queries import wanted_translations
from crm.outbox.models import Batch, BatchState, MessageState, OutgoingMessage
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


def stopped(reader: Asked) -> Waiting:
    """Mailings that paused themselves, and rest until somebody has looked."""
    statement = (
        sa.select(
            Mailing.id,
            Mailing.name,
            Campaign.name.label("campaign"),
            Batch.paused_for,
            Batch.paused_with.label("errors"),
        )
        .join(Batch, Batch.id == Mailing.batch_id)
        .join(Campaign, Campaign.id == Mailing.campaign_id)
        .where(
            Batch.state == BatchState.PAUSED,
            Batch.paused_for.is_not(None),
            Mailing.state == MailingState.APPROVED,
            reader.owns(Mailing.planned_by_id),
        )
    )
    return Waiting((statement,), ("id",))


def wordings(_reader: Asked) -> Waiting:
    """Letters of running campaigns that lack a language the campaign writes in, or say there what was said before."""
    return Waiting((wanted_translations(),), ("name", "id", "language", "approach"))


def requests(reader: Asked) -> Waiting:
    """What readers asked for by the link in a letter, and nobody has seen to yet; the longest first."""
    statement = (
        sa.select(
            ReaderRequest.id,
            ReaderRequest.kind,
            ReaderRequest.words,
            ReaderRequest.language,
            ReaderRequest.at,
            ReaderRequest.contact_id,
            Contact.name.label("contact"),
            Contact.category,
            Contact.country,
            User.name.label("owner"),
        )
        .join(Contact, Contact.id == ReaderRequest.contact_id)
        .join(User, User.id == ReaderRequest.owner_id)
        .where(ReaderRequest.settled_at.is_(None), reader.owns(ReaderRequest.owner_id))
    )
    return Waiting((statement,), ("at", "id"))
