"""Writes of a mailing none of whose letters has left: its time changed, its approval taken back."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from crm import clock
from crm.directory.models import Contact
from crm.extensions import db
from crm.letters.actions.mailings import MailingRefused, locked, move
from crm.letters.actions.starting import start
from crm.letters.models import BEFORE_APPROVAL, Letter, Mailing, MailingState
from crm.letters.queries import countries_written_to
from crm.letters.schedule import LATE, Schedule
from crm.letters.second_look import mark
from crm.outbox.models import BatchState
from crm.outbox.tallies import lock
from crm.outbox.waiting import first_time, put_off, put_on_at_once


def set_times(mailing: Mailing, batch_id: int) -> datetime:
    """Let the letters of a mailing wait for their time, one statement a country; when the first of them may leave."""
    schedule, now = mailing.schedule, clock.now()
    if schedule.asks_nothing:
        return now
    if not schedule.readers_zone:
        put_off(batch_id, schedule.moment(None, now), late_after=LATE, office_zone=schedule.office_zone(None))
        return schedule.moment(None, now)
    written = sa.and_(Letter.mailing_id == mailing.id, Letter.message_id.is_not(None))
    to = sa.select(Letter.message_id).join(Contact, Contact.id == Letter.contact_id).where(written)
    for country in countries_written_to(mailing.id):
        there = to.where(Contact.country.is_not_distinct_from(country))
        put_off(
            batch_id,
            schedule.moment(country, now),
            late_after=LATE,
            office_zone=schedule.office_zone(country),
            only=there,
        )
    return first_time(batch_id) or now


def reschedule(mailing_id: int, schedule: Schedule) -> Mailing:
    """Let a planned mailing leave at another time.

    Raises MailingRefused once its letters begin to leave, and for an approved one without a time to come: nobody has
    agreed to its leaving at once.
    """
    mailing = locked(mailing_id)
    batch_id = None if mailing.state in BEFORE_APPROVAL else _batch_not_left(mailing)
    if batch_id is not None and not schedule.is_to_come(countries_written_to(mailing_id), clock.now()):
        raise MailingRefused("no_time")
    mailing.send_on, mailing.send_at = schedule.day, schedule.at
    mailing.zone, mailing.readers_zone = schedule.zone, schedule.readers_zone
    mailing.office_hours = schedule.office_hours
    db.session.flush()
    if batch_id is not None:
        put_on_at_once(batch_id)
        first = set_times(mailing, batch_id)
        # What somebody has paused does not start because its time is another one.
        mailing.look_at = mailing.look_at and first
        db.session.flush()
        start(mailing.id)
    return mailing


def take_approval_back(mailing_id: int) -> Mailing:
    """Have an approved mailing wait for approval again. Raises MailingRefused once its letters begin to leave."""
    mailing = locked(mailing_id)
    batch_id = _batch_not_left(mailing)
    move(mailing, MailingState.AWAITING_APPROVAL)
    mailing.approved_by_id = mailing.approved_at = None
    mailing.warnings_read_by_id = mailing.warnings_read_at = None
    mailing.look_at, mailing.asked, mailing.agreed = None, 0, None
    put_on_at_once(batch_id)
    mark(mailing, {})
    db.session.flush()
    return mailing


def _batch_not_left(mailing: Mailing) -> int:
    """The batch of an approved mailing that has not been released, nor is until the unit of work ends."""
    if mailing.state is not MailingState.APPROVED or mailing.batch_id is None:
        raise MailingRefused("not_allowed")
    if lock(mailing.batch_id) is not BatchState.UNRELEASED:
        raise MailingRefused("has_left")
    return mailing.batch_id
