"""Reads of mailings: their ledgers and lists; the letters themselves are read in `delivery`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from crm import clock
from crm.accounts.models import User
from crm.attachments.models import Attachment
from crm.directory.models import Contact
from crm.extensions import db
from crm.letters.models import (
    BEFORE_APPROVAL,
    Ledger,
    Letter,
    LetterTemplate,
    Mailing,
    MailingAttachment,
    MailingState,
    MailingWording,
    SkipReason,
    Wording,
    Wordings,
)
from crm.outbox.actions import File
from crm.outbox.models import Batch, MessageState, OutgoingMessage
from crm.outbox.reasons import Reason
from crm.outbox.tallies import untold
from crm.paging import Page, SortKey, page
from crm.pipeline.models import Campaign


@cache
def _ledgers() -> sa.Select[*tuple[Any, ...]]:
    """Built once: to put it together takes longer than the database to answer it."""
    unheard = untold()
    held = sa.select(sa.func.count()).where(
        OutgoingMessage.batch_id == Batch.id, OutgoingMessage.state == MessageState.HELD
    )
    bounced = sa.select(sa.func.count()).where(
        OutgoingMessage.batch_id == Batch.id, OutgoingMessage.reason == Reason.BOUNCED
    )
    return (
        sa.select(
            Mailing.id,
            Mailing.letters,
            Mailing.skipped,
            Batch.posted,
            (Batch.sent + sa.func.coalesce(unheard.c.letters, 0)).label("sent"),
            Batch.failed,
            Batch.failures,
            held.correlate(Batch).scalar_subquery().label("held"),
            Batch.cancelled,
            bounced.correlate(Batch).scalar_subquery().label("bounced"),
        )
        .outerjoin(Batch, Batch.id == Mailing.batch_id)
        .outerjoin(unheard, unheard.c.batch_id == Batch.id)
        .where(Mailing.id.in_(sa.bindparam("mailings", expanding=True)))
    )


def ledgers(mailing_ids: Iterable[int]) -> dict[int, Ledger]:
    """The ledger of each mailing by its id, in one query and so of one moment: planning and sending may go on.

    It reads what the batch has counted; of the letters themselves only the few that are held, or sent by a claim that
    has not ended.
    """
    return {
        row.id: Ledger(
            planned=row.letters,
            skipped_by_reason={SkipReason(reason): count for reason, count in row.skipped.items()},
            posted=row.posted or 0,
            sent=row.sent or 0,
            failed=row.failed or 0,
            held=row.held,
            cancelled=row.cancelled or 0,
            failures={Reason(reason): count for reason, count in (row.failures or {}).items()},
            bounced=row.bounced,
        )
        for row in db.session.execute(_ledgers(), {"mailings": list(mailing_ids)})
    }


def mailings(cursor: str | None, campaign_id: int | None = None) -> Page:
    """A page of mailings, the newest first."""
    statement = (
        sa.select(
            Mailing.id,
            Mailing.name,
            Mailing.state,
            Mailing.created_at,
            Mailing.audience_size,
            Mailing.look_at,
            Mailing.agreed,
            Mailing.asked,
            Mailing.send_on,
            Mailing.send_at,
            Mailing.zone,
            Mailing.readers_zone,
            Mailing.office_hours,
            Batch.state.label("batch_state"),
            Batch.released_at,
            Batch.paused_for,
            Campaign.name.label("campaign"),
            LetterTemplate.name.label("template"),
            Mailing.language,
            User.name.label("planned_by"),
        )
        .join(Campaign, Campaign.id == Mailing.campaign_id)
        .join(LetterTemplate, LetterTemplate.id == Mailing.template_id)
        .join(User, User.id == Mailing.planned_by_id)
        .outerjoin(Batch, Batch.id == Mailing.batch_id)
    )
    if campaign_id is not None:
        statement = statement.where(Mailing.campaign_id == campaign_id)
    return page(statement, [SortKey(Mailing.id, descending=True)], cursor)


def mailings_being_planned() -> Sequence[int]:
    """Ids of the mailings whose letters are not all written yet, the oldest first."""
    statement = sa.select(Mailing.id).where(Mailing.state == MailingState.PLANNING).order_by(Mailing.id)
    return db.session.scalars(statement).all()


def mailings_to_start() -> Sequence[int]:
    """Ids of the mailings whose readers are to be looked at once more by now, because they start or go on."""
    due = sa.select(Mailing.id).where(Mailing.look_at <= clock.now(), Mailing.state == MailingState.APPROVED)
    return db.session.scalars(due.order_by(Mailing.look_at, Mailing.id)).all()


def mailings_being_checked() -> Sequence[int]:
    """Ids of the planned mailings whose letters are not all checked yet, the oldest first."""
    statement = sa.select(Mailing.id).where(Mailing.state.in_(sorted(BEFORE_APPROVAL)), Mailing.checked_at.is_(None))
    return db.session.scalars(statement.order_by(Mailing.id)).all()


def wordings_of(mailing_id: int) -> Wordings:
    """The versions a planned mailing uses, by language and approach."""
    statement = (
        sa.select(Wording)
        .join(MailingWording, MailingWording.wording_id == Wording.id)
        .where(MailingWording.mailing_id == mailing_id)
        .order_by(Wording.language, Wording.approach)
    )
    return {(wording.language, wording.approach): wording for wording in db.session.scalars(statement)}


def attachments_of(mailing_id: int) -> Sequence[Attachment]:
    """The files that go with a mailing's letters."""
    statement = (
        sa.select(Attachment)
        .join(MailingAttachment, MailingAttachment.attachment_id == Attachment.id)
        .where(MailingAttachment.mailing_id == mailing_id)
        .order_by(Attachment.id)
    )
    return db.session.scalars(statement).all()


def files_of(mailing_id: int) -> list[File]:
    """The same, as the outbox knows files."""
    return [File(each.sha256, each.name, each.media_type, each.size) for each in attachments_of(mailing_id)]


def attachments_size(attachment_ids: Collection[int]) -> int:
    """How many bytes these files are together."""
    size = sa.select(sa.func.sum(Attachment.size)).where(Attachment.id.in_(attachment_ids))
    return int(db.session.scalar(size) or 0) if attachment_ids else 0


def letter_of_follow_up(campaign_id: int, *, other_than: int) -> int | None:
    """The letter that the last follow-up of the campaign was, other than that one; None where there was none."""
    statement = (
        sa.select(Mailing.template_id, Mailing.audience)
        .where(Mailing.campaign_id == campaign_id, Mailing.template_id != other_than)
        .order_by(Mailing.id.desc())
    )
    reminders = (row.template_id for row in db.session.execute(statement) if "unanswered" in row.audience)
    return next(reminders, None)


def countries_written_to(mailing_id: int) -> list[str | None]:
    """The countries of those who have a letter in the mailing."""
    return list(
        db.session.scalars(
            sa.select(Contact.country)
            .join(Letter, Letter.contact_id == Contact.id)
            .where(Letter.mailing_id == mailing_id, Letter.message_id.is_not(None))
            .distinct()
        )
    )
