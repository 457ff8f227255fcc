"""Reads of inbound mail."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from crm.directory.models import Contact
from crm.extensions import db
from crm.inbound.models import InboundMessage, InboundState
from crm.letters.models import Letter
from crm.paging import Page, SortKey, page


def waiting_ids(limit: int) -> Sequence[int]:
    """Messages to be worked on, in the order they came."""
    message = InboundMessage
    return db.session.scalars(
        sa.select(message.id).where(message.state == InboundState.WAITING).order_by(message.id).limit(limit)
    ).all()


def counts() -> dict[InboundState, int]:
    """How many messages stand where; every state is there."""
    found = db.session.execute(sa.select(InboundMessage.state, sa.func.count()).group_by(InboundMessage.state)).all()
    numbers: dict[InboundState, int] = {row[0]: row[1] for row in found}
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
            message.contact_id,
            Contact.name.label("contact"),
            Letter.id.label("letter_id"),
        )
        .outerjoin(Contact, Contact.id == message.contact_id)
        .outerjoin(Letter, Letter.message_id == message.outgoing_message_id)
    )


def messages_page(states: Collection[InboundState], cursor: str | None) -> Page:
    """Received messages that stand in one of these states, the newest first."""
    statement = _rows().where(InboundMessage.state.in_(states))
    return page(statement, [SortKey(InboundMessage.__table__.c.id, descending=True)], cursor)


def message(message_id: int) -> sa.Row[*tuple[Any, ...]] | None:
    """One message with the letter and the contact it is about."""
    return db.session.execute(_rows().where(InboundMessage.id == message_id)).one_or_none()
