"""Reads of inbound mail."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from crm.accounts.models import User
from crm.attachments.models import Attachment
from crm.directory.finding import contacts_named
from crm.directory.models import Contact
from crm.directory.naming import contacts_called
from crm.extensions import db
from crm.history.models import Interaction
from crm.inbound.matching import houses, writers
from crm.inbound.models import Answer, InboundKind, InboundMessage, InboundState, Match, Reply
from crm.letters.models import Letter, Mailing
from crm.outbox.models import Enclosure, OutgoingMessage
from crm.paging import Page, SortKey, page
from crm.policy import visible_to

_MOST_PROPOSED = 6


class Likeness(StrEnum):
    """Why a contact is proposed."""

    ADDRESS = "address"
    NAME = "name"
    HOUSE = "house"


def waiting_ids(limit: int) -> Sequence[int]:
    """Messages to be worked on, in the order they came."""
    message = InboundMessage
    return db.session.scalars(
        sa.select(message.id).where(message.state == InboundState.WAITING).order_by(message.id).limit(limit)
    ).all()


def counts(team_id: int) -> dict[InboundState, int]:
    """How many messages stand where, of those that this team may see; every state is there."""
    message = InboundMessage
    statement = sa.select(message.state, sa.func.count()).where(_visible(team_id)).group_by(message.state)
    numbers: dict[InboundState, int] = {row[0]: row[1] for row in db.session.execute(statement).all()}
    return {state: numbers.get(state, 0) for state in InboundState}


def _rows() -> sa.Select[*tuple[Any, ...]]:
    message = InboundMessage
    return (
        sa.select(
            message.id,
            message.sha256,
            message.size,
            message.source,
            message.recipient,
            message.received_at,
            message.state,
            message.fault,
            message.fault_words,
            message.from_address,
            message.from_name,
            message.subject,
            message.sent_at,
            message.kind,
            message.matched_by,
            message.contact_id,
            Reply.interaction_id,
            Contact.name.label("contact"),
            Letter.id.label("letter_id"),
        )
        .outerjoin(Contact, Contact.id == message.contact_id)
        .outerjoin(Reply, Reply.message_id == message.id)
        .outerjoin(Letter, Letter.message_id == message.outgoing_message_id)
    )


def _visible(team_id: int) -> sa.ColumnElement[bool]:
    """Messages but those that stand on a timeline for another team alone."""
    elsewhere = (
        sa.select(Reply.message_id)
        .join(Interaction, Interaction.id == Reply.interaction_id)
        .where(~visible_to(Interaction.team_id, team_id))
    )
    return InboundMessage.id.not_in(elsewhere)


def messages_page(states: Collection[InboundState], team_id: int, cursor: str | None, *, text: str = "") -> Page:
    """Received messages that stand in one of these states, the newest first, as far as this team may see them.

    With `text`, those in whose sender or subject it occurs.
    """
    message = InboundMessage
    statement = _rows().where(message.state.in_(states), _visible(team_id))
    if text:
        told = (message.from_address, message.from_name, message.subject)
        statement = statement.where(sa.or_(*(column.icontains(text, autoescape=True) for column in told)))
    return page(statement, [SortKey(message.__table__.c.id, descending=True)], cursor)


def message(message_id: int, team_id: int) -> sa.Row[*tuple[Any, ...]] | None:
    """One message with the letter and the contact it is about, if this team may see it."""
    return db.session.execute(_rows().where(InboundMessage.id == message_id, _visible(team_id))).one_or_none()


@dataclass(frozen=True)
class Proposal:
    """A contact a message may be from: by its address, by the writer's name, or at least from the same house."""

    id: int
    name: str
    category: Any
    country: str | None
    why: Likeness


def proposals(address: str, name: str) -> list[Proposal]:
    """Who may have written it, the likeliest first, each once."""
    found: dict[int, Proposal] = {}
    called = list(contacts_called(name) or contacts_named(name))[:_MOST_PROPOSED] if name else []
    for rows, why in (
        (writers(address), Likeness.ADDRESS),
        (called, Likeness.NAME),
        (houses(address.rpartition("@")[2]), Likeness.HOUSE),
    ):
        for row in rows:
            found.setdefault(row.id, Proposal(row.id, row.name, row.category, row.country, why))
    return list(found.values())[:_MOST_PROPOSED]


def may_keep_address(found: sa.Row[*tuple[Any, ...]]) -> bool:
    """Whether somebody of us said whose this message is, and the contact has not the address it came from."""
    told = found.matched_by is Match.HAND and found.kind is InboundKind.OTHER and bool(found.from_address)
    return told and all(row.id != found.contact_id for row in writers(found.from_address))


def mail_of(interaction_id: int) -> sa.Row[*tuple[Any, ...]] | None:
    """The mail that an interaction came by, for whoever sees the interaction: id, sender, what it quotes and answers.

    What it answers is a letter of a mailing or an answer of ours, where its Message-ID or address told.
    """
    message = InboundMessage
    return db.session.execute(
        sa.select(
            message.id,
            message.sha256,
            message.from_address,
            message.from_name,
            message.subject,
            Reply.quoted,
            Reply.files_left,
            OutgoingMessage.subject.label("answers"),
            Letter.id.label("letter_id"),
            Letter.mailing_id,
            Mailing.name.label("mailing"),
            Answer.id.label("answer_id"),
        )
        .join(Reply, Reply.message_id == message.id)
        .outerjoin(OutgoingMessage, OutgoingMessage.id == message.outgoing_message_id)
        .outerjoin(Letter, Letter.message_id == message.outgoing_message_id)
        .outerjoin(Mailing, Mailing.id == Letter.mailing_id)
        .outerjoin(Answer, Answer.message_id == message.outgoing_message_id)
        .where(Reply.interaction_id == interaction_id)
    ).one_or_none()


def _answers() -> sa.Select[*tuple[Any, ...]]:
    out = OutgoingMessage
    return (
        sa.select(
            Answer.id,
            Answer.interaction_id,
            Answer.contact_id,
            Answer.written_at,
            Contact.name.label("contact"),
            User.name.label("user"),
            out.to_name,
            out.to_address,
            out.subject,
            out.text,
            out.sender,
            out.reply_to,
            out.message_id_header,
            out.state,
            out.reason,
            out.reply_text,
            out.finished_at,
        )
        .join(out, out.id == Answer.message_id)
        .join(Contact, Contact.id == Answer.contact_id)
        .join(User, User.id == Answer.user_id)
    )


def answers_to(interaction_id: int) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """What we answered, for whoever sees the interaction, the earliest first."""
    return db.session.execute(_answers().where(Answer.interaction_id == interaction_id).order_by(Answer.id)).all()


def answer(answer_id: int, team_id: int) -> sa.Row[*tuple[Any, ...]] | None:
    """An answer, if this team may see what it answers."""
    statement = _answers().join(Interaction, Interaction.id == Answer.interaction_id)
    return db.session.execute(
        statement.where(Answer.id == answer_id, visible_to(Interaction.team_id, team_id))
    ).one_or_none()


def files_of_answer(answer_id: int) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """Files that went with an answer, for whoever sees it: id, name, size and sha256 of the attachment."""
    stored = orm.aliased(Attachment)
    latest = (
        sa.select(sa.func.max(stored.id))
        .where(
            stored.sha256 == Enclosure.key,
            stored.name == Enclosure.name,
            stored.team_id.is_not_distinct_from(Interaction.team_id),
        )
        .scalar_subquery()
    )
    return db.session.execute(
        sa.select(Attachment.id, Attachment.name, Attachment.size, Attachment.sha256)
        .select_from(Answer)
        .join(Interaction, Interaction.id == Answer.interaction_id)
        .join(OutgoingMessage, OutgoingMessage.id == Answer.message_id)
        .join(Enclosure, Enclosure.batch_id == OutgoingMessage.batch_id)
        .join(Attachment, Attachment.id == latest)
        .where(Answer.id == answer_id)
        .order_by(Enclosure.id)
    ).all()
