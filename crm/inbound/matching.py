"""Finds the letter a received message is about, and whom it was written to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.directory.models import Contact, ContactKind, ContactPoint, PointKind
from crm.extensions import db
from crm.history.models import Interaction
from crm.inbound.models import Answer, Match
from crm.letters.models import Letter, Mailing
from crm.outbox.addresses import normalized
from crm.outbox.models import OutgoingMessage
from crm.outbox.return_path import is_answer_address, letter_of

_MOST_REFERENCES = 50
# Somebody of whom several contacts might have written it is not guessed.
MOST_WRITERS = 10


@dataclass(frozen=True)
class Signed:
    """The letter that a signed address names, and whether the address is one that delivery reports come to."""

    letter_id: int
    to_return_path: bool


def signed_letter(recipients: Iterable[str]) -> Signed | None:
    """The letter that an address of ours among these names, signed. Raises ForgedTag."""
    for address in recipients:
        number = letter_of(address)
        if number is not None:
            known = db.session.scalar(sa.select(OutgoingMessage.id).where(OutgoingMessage.id == number))
            return Signed(known, not is_answer_address(address)) if known else None
    return None


def referenced_letter(message_ids: Iterable[str]) -> int | None:
    """The first of our letters among these Message-IDs, in their order."""
    wanted = list(message_ids)[:_MOST_REFERENCES]
    header = OutgoingMessage.message_id_header
    known = db.session.execute(sa.select(header, OutgoingMessage.id).where(header.in_(wanted))).all()
    ids: dict[str, int] = {row[0]: row[1] for row in known}
    return next((ids[message_id] for message_id in wanted if message_id in ids), None)


def contact_of(outgoing_message_id: int) -> int | None:
    """Whom the letter was written to; None for a mail that is neither a letter of a mailing nor an answer of ours."""
    to = sa.select(Letter.contact_id).where(Letter.message_id == outgoing_message_id)
    answered = sa.select(Answer.contact_id).where(Answer.message_id == outgoing_message_id)
    return db.session.scalar(to) or db.session.scalar(answered)


def thread_of(outgoing_message_id: int | None) -> tuple[int | None, int | None]:
    """Campaign and team of what a letter of ours belongs to: an answer to it is as private as what it answers."""
    campaign_id = db.session.scalar(
        sa.select(Mailing.campaign_id)
        .join(Letter, Letter.mailing_id == Mailing.id)
        .where(Letter.message_id == outgoing_message_id)
    )
    answered = db.session.execute(
        sa.select(Interaction.campaign_id, Interaction.team_id)
        .join(Answer, Answer.interaction_id == Interaction.id)
        .where(Answer.message_id == outgoing_message_id)
    ).one_or_none()
    return (answered.campaign_id, answered.team_id) if answered else (campaign_id, None)


def writers(address: str) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """Contacts with this address, in use or not: id, name, category, country."""
    if not address:
        return ()
    return db.session.execute(
        sa.select(Contact.id, Contact.name, Contact.category, Contact.country)
        .join(ContactPoint, ContactPoint.contact_id == Contact.id)
        .where(ContactPoint.kind == PointKind.EMAIL, ContactPoint.value == normalized(address))
        .order_by(Contact.id)
        .distinct()
        .limit(MOST_WRITERS)
    ).all()


def houses(domain: str) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """Organizations with an address under this domain, a few: id, name, category, country."""
    if not domain:
        return ()
    return db.session.execute(
        sa.select(Contact.id, Contact.name, Contact.category, Contact.country)
        .join(ContactPoint, ContactPoint.contact_id == Contact.id)
        .where(
            Contact.kind == ContactKind.ORGANIZATION,
            ContactPoint.kind == PointKind.EMAIL,
            ContactPoint.value.endswith(f"@{domain.lower()}", autoescape=True),
        )
        .order_by(Contact.id)
        .distinct()
        .limit(3)
    ).all()


def found_contact(signed: int | None, referenced: int | None, sender: str) -> tuple[int, Match] | None:
    """Whom a message is from, and what says so: our letter that it answers, else the one contact with that address."""
    for letter_id, how in ((signed, Match.SIGNED), (referenced, Match.REFERENCE)):
        contact_id = contact_of(letter_id) if letter_id else None
        if contact_id:
            return contact_id, how
    known = writers(sender)
    return (known[0].id, Match.SENDER) if len(known) == 1 else None
