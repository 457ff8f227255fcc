"""Finds the letter a received message is about, and whom it was written to."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from crm.extensions import db
from crm.letters.models import Letter
from crm.outbox.models import OutgoingMessage
from crm.outbox.return_path import letter_of

_MOST_REFERENCES = 50


def signed_letter(recipients: Iterable[str]) -> int | None:
    """The letter whose return path is among the addresses a message came to. Raises ForgedTag."""
    named = next((number for number in map(letter_of, recipients) if number is not None), None)
    return db.session.scalar(sa.select(OutgoingMessage.id).where(OutgoingMessage.id == named)) if named else None


def referenced_letter(message_ids: Iterable[str]) -> int | None:
    """The first of our letters among these Message-IDs, in their order."""
    wanted = list(message_ids)[:_MOST_REFERENCES]
    header = OutgoingMessage.message_id_header
    known = db.session.execute(sa.select(header, OutgoingMessage.id).where(header.in_(wanted))).all()
    ids: dict[str, int] = {row[0]: row[1] for row in known}
    return next((ids[message_id] for message_id in wanted if message_id in ids), None)


def contact_of(outgoing_message_id: int) -> int | None:
    """Whom the letter was written to; None for a mail that is no letter of a mailing."""
    return db.session.scalar(sa.select(Letter.contact_id).where(Letter.message_id == outgoing_message_id))
