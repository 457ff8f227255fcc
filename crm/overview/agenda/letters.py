"""Letters that wait for a person: to be approved, decided on, let go on, translated; and what readers ask and write."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm.accounts.models import User
from crm.directory.models import Contact
from crm.inbound.models import InboundMessage, InboundState
from crm.inbox.models import ReaderRequest
from crm.letters.models import LetterTemplate, Mailing, MailingState, Wording
from crm.letters.queries import is_newest, may_decide, wanted_translations
from crm.outbox.models import Batch, BatchState, MessageState, OutgoingMessage
from crm.overview.agenda.lists import AnySelect, Waiting, constant, nothing
from crm.overview.agenda.reader import Asked, parameter
from crm.pipeline.models import Campaign


def approvals(_reader: Asked) -> Waiting:
    """Mailings and texts of the team's campaigns that wait for a second person.

    Who planned or wrote them is none; a mailing waits for them too where nobody else in the team may approve.
    """
    return Waiting((_mailings(), _texts()), ("kind", "id"))


def _is_another(author: Any) -> sa.ColumnElement[bool]:
    return sa.func.coalesce(author, 0) != parameter("user_id", User.id)


def _somebody_else_may_approve() -> sa.ColumnElement[bool]:
    other = aliased(User)
    return sa.exists().where(other.team_id == Campaign.team_id, other.id != Mailing.planned_by_id, may_decide(other))


def _mailings() -> AnySelect:
    return (
        sa.select(
            constant("mailing").label("kind"),
            Mailing.id,
            Mailing.name,
            # Those that would leave: without the skipped, and without what was left out by hand.
            sa.func.coalesce(Batch.posted - Batch.cancelled, 0).label("letters"),
            Mailing.planned_at.label("since"),
            Campaign.name.label("campaign"),
            User.name.label("author"),
            nothing(sa.BigInteger).label("template_id"),
            nothing(sa.String).label("language"),
            nothing(sa.String).label("approach"),
        )
        .join(Campaign, Campaign.id == Mailing.campaign_id)
        .join(User, User.id == Mailing.planned_by_id)
        .outerjoin(Batch, Batch.id == Mailing.batch_id)
        .where(
            Mailing.state == MailingState.AWAITING_APPROVAL,
            sa.or_(_is_another(Mailing.planned_by_id), ~_somebody_else_may_approve()),
            Campaign.team_id == parameter("team_id", User.team_id),
        )
    )


def _texts() -> AnySelect:
    return (
        sa.select(
            constant("text").label("kind"),
            Wording.id,
            LetterTemplate.name,
            nothing(sa.Integer).label("letters"),
            Wording.written_at.label("since"),
            Campaign.name.label("campaign"),
            User.name.label("author"),
            Wording.template_id,
            Wording.language,
            sa.cast(Wording.approach, sa.String).label("approach"),
        )
        .select_from(Wording)
        .join(LetterTemplate, LetterTemplate.id == Wording.template_id)
        .join(Campaign, Campaign.id == LetterTemplate.campaign_id)
        .outerjoin(User, User.id == Wording.written_by_id)
        .where(
            Wording.approved_at.is_(None),
            is_newest(Wording),
            _is_another(Wording.written_by_id),
            Campaign.archived_at.is_(None),
            Campaign.team_id == parameter("team_id", User.team_id),
        )
    )


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
            Mailing.asked,
        )
        .join(Batch, Batch.id == Mailing.batch_id)
        .join(Campaign, Campaign.id == Mailing.campaign_id)
        .where(
            Batch.state.in_([BatchState.PAUSED, BatchState.UNRELEASED]),
            sa.or_(Batch.paused_for.is_not(None), Mailing.asked > 0),
            Mailing.state == MailingState.APPROVED,
            reader.owns(Mailing.planned_by_id),
        )
    )
    return Waiting((statement,), ("id",))


def mailings(_reader: Asked) -> Waiting:
    """Mailings that the reader planned, and somebody else is to approve; or that wait for their time (`look_at`)."""
    statement = (
        sa.select(
            Mailing.id,
            Mailing.name,
            Mailing.look_at,
            Mailing.readers_zone,
            (Batch.posted - Batch.cancelled).label("letters"),
            Campaign.name.label("campaign"),
        )
        .join(Batch, Batch.id == Mailing.batch_id)
        .join(Campaign, Campaign.id == Mailing.campaign_id)
        .where(
            Mailing.planned_by_id == parameter("user_id", User.id),
            Batch.state == BatchState.UNRELEASED,
            sa.or_(
                sa.and_(Mailing.state == MailingState.AWAITING_APPROVAL, _somebody_else_may_approve()),
                Mailing.look_at.is_not(None),
            ),
        )
    )
    return Waiting((statement,), ("id",), descending=True)


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


def unplaced(_reader: Asked) -> Waiting:
    """Received mail of which nobody has said yet whose it is; it is nobody's, so that it waits for everybody."""
    message = InboundMessage
    statement = sa.select(
        message.id, message.from_name, message.from_address, message.subject, message.received_at
    ).where(message.state == InboundState.UNMATCHED)
    return Waiting((statement,), ("id",), descending=True)
