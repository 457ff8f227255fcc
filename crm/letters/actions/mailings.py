"""Writes of mailings: what people decide about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from flask import current_app

from config import Settings
from crm import clock
from crm.accounts.models import User
from crm.extensions import db
from crm.letters.audience import Audience
from crm.letters.models import (
    ALLOWED_MOVES,
    Mailing,
    MailingAttachment,
    MailingState,
    MailingWording,
    Wording,
)
from crm.letters.queries import attachments_size, files_of, newest_wordings
from crm.letters.rendering import compile_wording
from crm.letters.schedule import Schedule
from crm.letters.second_look import mark
from crm.outbox import actions as outbox
from crm.outbox.models import BatchState
from crm.outbox.tallies import lock
from crm.outbox.waiting import first_time, forgive_lateness
from crm.outbox.waiting import set_pace as set_batch_pace
from crm.unit_of_work import current_unit_of_work

# The kind of a mailing's batch in the outbox, by which its results are told apart.
BATCH_KIND = "mailing"


class MailingRefused(Exception):
    """The mailing stays as it is; `reason` is a code.

    not_allowed (its state), has_left (or begins to), no_time (to come), letter_left, no_wording, faulty_wording,
    empty_audience, files_too_large; of an approval: own_mailing, cooling (too early to approve alone), unchecked,
    blocked, unapproved_wording (with these `wordings`), warnings_unread, new_warnings, unopened (letters of the
    sample), nothing_to_send.
    """

    def __init__(self, reason: str, wordings: Sequence[Wording] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wordings = wordings


@dataclass(frozen=True)
class MailingText:
    """What a person fills in for a mailing; see `Mailing`. `language` is the fallback, empty for none."""

    name: str
    template_id: int
    language: str
    audience: Audience
    sender_name: str
    reply_to: str
    ask: str = ""
    rest_days: int = 0
    schedule: Schedule = field(default_factory=Schedule)
    attachment_ids: Sequence[int] = ()
    per_minute: int | None = None


def create_mailing(campaign_id: int, text: MailingText, *, planned_by_id: int) -> Mailing:
    """A new mailing as a draft."""
    mailing = Mailing(campaign_id=campaign_id, planned_by_id=planned_by_id)
    _fill_in(mailing, text)
    db.session.flush()
    return mailing


def update_mailing(mailing_id: int, text: MailingText, *, planned_by_id: int) -> Mailing:
    """Change a draft. Raises MailingRefused once it is planned."""
    mailing = locked(mailing_id)
    if mailing.state is not MailingState.DRAFT:
        raise MailingRefused("not_allowed")
    _fill_in(mailing, text)
    mailing.planned_by_id = planned_by_id
    db.session.flush()
    return mailing


def _fill_in(mailing: Mailing, text: MailingText) -> None:
    """Write all of it on a mailing; its files replace those it had. Raises MailingRefused where they are too large."""
    mailing.name, mailing.template_id, mailing.language = text.name, text.template_id, text.language
    mailing.audience = text.audience.to_args()
    mailing.sender_name, mailing.reply_to = text.sender_name, text.reply_to
    mailing.ask, mailing.rest_days = text.ask, text.rest_days
    mailing.send_on, mailing.send_at = text.schedule.day, text.schedule.at
    mailing.zone, mailing.readers_zone = text.schedule.zone, text.schedule.readers_zone
    mailing.office_hours = text.schedule.office_hours
    mailing.per_minute = text.per_minute
    if attachments_size(text.attachment_ids) > files_limit():
        raise MailingRefused("files_too_large")
    db.session.add(mailing)
    db.session.flush()
    db.session.execute(sa.delete(MailingAttachment).where(MailingAttachment.mailing_id == mailing.id))
    db.session.add_all(
        MailingAttachment(mailing_id=mailing.id, attachment_id=number) for number in dict.fromkeys(text.attachment_ids)
    )


def files_limit() -> int:
    """The most bytes that may go with one letter, all its files together."""
    settings: Settings = current_app.extensions["settings"]
    return settings.letter_attachments_limit * 1_000_000


def locked(mailing_id: int) -> Mailing:
    """The mailing, which nobody else changes meanwhile."""
    return db.session.get_one(Mailing, mailing_id, with_for_update=True)


def move(mailing: Mailing, to: MailingState) -> None:
    """Bring it to a state. Raises MailingRefused where that is not allowed."""
    if to not in ALLOWED_MOVES[mailing.state]:
        raise MailingRefused("not_allowed")
    mailing.state = to


def plan_mailing(mailing_id: int, *, planned_by_id: int) -> Mailing:
    """Have the letters of a draft written by the desk worker, with the newest version of each wording, now frozen.

    Which of them readers get is known then: those want approval, and no others.
    """
    mailing = locked(mailing_id)
    move(mailing, MailingState.PLANNING)
    wordings = newest_wordings(mailing.template_id).values()
    if not wordings:
        raise MailingRefused("no_wording")
    if any(compile_wording(each.subject, each.body, each.language).problems for each in wordings):
        raise MailingRefused("faulty_wording")
    mailing.planned_by_id = planned_by_id
    team_id = db.session.get_one(User, planned_by_id).team_id
    mailing.audience_size = Audience.from_args(mailing.audience, team_id).size(mailing.campaign_id)
    if not mailing.audience_size:
        raise MailingRefused("empty_audience")
    for wording in wordings:
        wording.frozen_at = wording.frozen_at or clock.now()
    db.session.add_all(MailingWording(mailing_id=mailing.id, wording_id=wording.id) for wording in wordings)
    mailing.batch_id = outbox.open_batch(BATCH_KIND, f"mailing:{mailing.id}").id
    set_batch_pace(mailing.batch_id, mailing.per_minute)
    outbox.enclose(mailing.batch_id, files_of(mailing.id))
    db.session.flush()
    current_unit_of_work().ring("crm.letters.jobs.plan", mailing.id)
    return mailing


def pause_mailing(mailing_id: int) -> Mailing:
    """Let no further letter leave until it is resumed; where none may leave yet, let it not start."""
    mailing, batch_id, state = _approved(mailing_id)
    if state is BatchState.RUNNING:
        outbox.pause(batch_id)
    elif mailing.look_at is None:
        raise MailingRefused("not_allowed")
    mailing.look_at = mailing.agreed = None
    db.session.flush()
    return mailing


def resume_mailing(mailing_id: int) -> Mailing:
    """Have the desk worker look at the readers of a paused mailing once more, and let the letters leave again.

    Where a person was asked whether some may be left out, this says yes.
    """
    mailing, batch_id, state = _approved(mailing_id)
    if state not in (BatchState.PAUSED, BatchState.UNRELEASED) or mailing.look_at is not None:
        raise MailingRefused("not_allowed")
    mailing.agreed, mailing.asked = mailing.asked, 0
    now = clock.now()
    mailing.look_at = max(now, first_time(batch_id) or now) if state is BatchState.UNRELEASED else now
    forgive_lateness(batch_id)
    db.session.flush()
    current_unit_of_work().ring("crm.letters.jobs.start", mailing.id)
    return mailing


def set_pace(mailing_id: int, per_minute: int | None) -> Mailing:
    """Let at most so many letters of a mailing leave in a minute (none: as many as may), also while they leave."""
    mailing = locked(mailing_id)
    if mailing.state is MailingState.CANCELLED:
        raise MailingRefused("not_allowed")
    mailing.per_minute = per_minute
    if mailing.batch_id is not None:
        lock(mailing.batch_id)
        set_batch_pace(mailing.batch_id, per_minute)
        current_unit_of_work().ring(outbox.SEND_WAITING)
    db.session.flush()
    return mailing


def _approved(mailing_id: int) -> tuple[Mailing, int, BatchState | None]:
    """The mailing, its batch, and where that stands until the unit of work ends. Raises MailingRefused."""
    mailing = locked(mailing_id)
    if mailing.state is not MailingState.APPROVED or mailing.batch_id is None:
        raise MailingRefused("not_allowed")
    return mailing, mailing.batch_id, lock(mailing.batch_id)


def cancel_mailing(mailing_id: int) -> Mailing:
    """Stop a mailing for good: what waits never leaves, what was sent stays sent."""
    mailing = locked(mailing_id)
    move(mailing, MailingState.CANCELLED)
    mailing.look_at, mailing.asked, mailing.agreed = None, 0, None
    mark(mailing, {})
    db.session.flush()
    if mailing.batch_id is not None:
        outbox.cancel(mailing.batch_id)
    return mailing
