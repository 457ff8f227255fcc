"""What became of each letter: the parts of a mailing's ledger, who has not answered, one letter's exact words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm.accounts.models import User
from crm.directory.models import Contact
from crm.extensions import db
from crm.letters.audience import has_not_answered
from crm.letters.models import Letter, LetterEdit, Mailing, SkipReason
from crm.outbox.models import IN_FLIGHT, WAITING, MessageState, OutgoingMessage
from crm.paging import Page, SortKey, page


class Outcome(StrEnum):
    """The parts a mailing's letters fall into, as its ledger counts them."""

    SKIPPED = "skipped"
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    HELD = "held"
    CANCELLED = "cancelled"


STATES: dict[Outcome, frozenset[MessageState]] = {
    Outcome.WAITING: WAITING | IN_FLIGHT,
    Outcome.SENT: frozenset({MessageState.SENT}),
    Outcome.FAILED: frozenset({MessageState.FAILED}),
    Outcome.HELD: frozenset({MessageState.HELD}),
    Outcome.CANCELLED: frozenset({MessageState.CANCELLED}),
}

# What the outbox knows of a letter's delivery.
RECORD = (
    OutgoingMessage.state,
    OutgoingMessage.reason,
    OutgoingMessage.reply_code,
    OutgoingMessage.reply_text,
    OutgoingMessage.attempts,
    OutgoingMessage.finished_at,
    OutgoingMessage.next_attempt_at,
)


def outcome_of(skip_reason: SkipReason | None, state: MessageState | None) -> Outcome:
    """The part of the ledger a letter falls into."""
    if skip_reason is not None or state is None:
        return Outcome.SKIPPED
    return next(outcome for outcome, states in STATES.items() if state in states)


def edits_of(letter_id: int) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """What people changed in a letter, the last first: edited_at, editor, subject_before, text_before."""
    statement = (
        sa.select(LetterEdit.edited_at, User.name.label("editor"), LetterEdit.subject_before, LetterEdit.text_before)
        .join(User, User.id == LetterEdit.edited_by_id)
        .where(LetterEdit.letter_id == letter_id)
        .order_by(LetterEdit.id.desc())
    )
    return db.session.execute(statement).all()


def unanswered(mailing: Mailing, days: int, team_id: int | None, cursor: str | None) -> Page:
    """A page of the letters sent so many days ago and not answered: id, contact_id, name, country, finished_at."""
    silent = has_not_answered(mailing.id, days, team_id)
    statement = (
        sa.select(Letter.id, Letter.contact_id, Contact.name, Contact.country, OutgoingMessage.finished_at)
        .join(Contact, Contact.id == Letter.contact_id)
        .join(OutgoingMessage, OutgoingMessage.id == Letter.message_id)
        .where(Letter.mailing_id == mailing.id, Letter.target_id.in_(silent))
    )
    return page(statement, [SortKey(Letter.target_id)], cursor)


def first_sent_at(mailing: Mailing) -> datetime | None:
    """When the first of a mailing's letters left; None while none has."""
    moment = OutgoingMessage.finished_at
    left = (OutgoingMessage.batch_id == mailing.batch_id, OutgoingMessage.state == MessageState.SENT)
    return db.session.scalar(sa.select(sa.func.min(moment, type_=moment.type)).where(*left))


def letter(letter_id: int) -> sa.Row[*tuple[Any, ...]] | None:
    """One letter with its mailing, its contact and the exact words in the outbox."""
    left_out_by = aliased(User)
    statement = (
        sa.select(
            Letter.id,
            Letter.mailing_id,
            Letter.contact_id,
            Letter.target_id,
            Letter.language,
            Letter.language_reason,
            Letter.message_id,
            Letter.edited_at,
            Letter.left_out_at,
            left_out_by.name.label("left_out_by"),
            Letter.dropped_for,
            Letter.skip_reason,
            Letter.skip_detail,
            Letter.address,
            Contact.name,
            Mailing.name.label("mailing"),
            Mailing.state.label("mailing_state"),
            OutgoingMessage.to_address,
            OutgoingMessage.to_name,
            OutgoingMessage.sender,
            OutgoingMessage.reply_to,
            OutgoingMessage.subject,
            OutgoingMessage.text,
            OutgoingMessage.html,
            OutgoingMessage.footer,
            OutgoingMessage.message_id_header,
            *RECORD,
        )
        .join(Mailing, Mailing.id == Letter.mailing_id)
        .join(Contact, Contact.id == Letter.contact_id)
        .outerjoin(OutgoingMessage, OutgoingMessage.id == Letter.message_id)
        .outerjoin(left_out_by, left_out_by.id == Letter.left_out_by_id)
        .where(Letter.id == letter_id)
    )
    return db.session.execute(statement).one_or_none()
