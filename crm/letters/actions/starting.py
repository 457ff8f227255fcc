"""Writes of the moment an approved mailing starts, or goes on: its readers are looked at once more before it does."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from crm import clock
from crm.extensions import db
from crm.letters.actions.mailings import locked
from crm.letters.models import Letter, Mailing, MailingState
from crm.letters.notices import tell_of_stop
from crm.letters.queries import ledgers
from crm.letters.second_look import mark, who_must_not
from crm.outbox import actions as outbox
from crm.outbox.models import BatchState
from crm.outbox.reasons import Reason
from crm.outbox.tallies import lock
from crm.outbox.waiting import first_time, withdraw
from crm.unit_of_work import current_unit_of_work

# Letters that leave later than the first ones, on another country's clock, are looked at again so long before.
AHEAD = timedelta(minutes=5)
# From so many left out, and more than this part of those that wait, a person is asked.
ASK_FROM, ASK_SHARE = 3, 10


def start(mailing_id: int) -> None:
    """Start a mailing whose time has come, or let one go on that a person has resumed; nothing where neither is so."""
    mailing = locked(mailing_id)
    due = mailing.look_at is not None and mailing.look_at <= clock.now()
    if mailing.state is MailingState.APPROVED and due:
        look_and_release(mailing)


def look_and_release(mailing: Mailing) -> None:
    """Look at the waiting readers of an approved mailing, leave out who must not be written to, and release the rest.

    Where those are many, nothing leaves: who planned it is asked.
    """
    mailing.look_at, agreed, mailing.agreed = None, mailing.agreed, None
    if mailing.batch_id is None:
        return
    batch = lock(mailing.batch_id)
    # What paused itself goes on only where a person has said so.
    if batch is BatchState.CANCELLED or (batch is BatchState.PAUSED and agreed is None):
        return
    found = who_must_not(mailing)
    mark(mailing, found)
    many = sum(map(len, found.values()))
    if _asks(many - (agreed or 0), ledgers([mailing.id])[mailing.id].waiting):
        mailing.asked = many
        if batch is BatchState.RUNNING:
            outbox.pause(mailing.batch_id)
        db.session.flush()
        tell_of_stop(mailing.batch_id)
        return
    dropped = sa.select(Letter.message_id).where(Letter.mailing_id == mailing.id, Letter.dropped_for.is_not(None))
    withdraw(mailing.batch_id, dropped, reason=Reason.OUTDATED)
    if found:
        left_out = {"mailing_id": mailing.id, **{reason.value: len(ids) for reason, ids in found.items()}}
        current_unit_of_work().notes["letters left out before they left"] = left_out
    db.session.flush()
    if batch is BatchState.UNRELEASED:
        outbox.release(mailing.batch_id)
    elif batch is BatchState.PAUSED:
        outbox.resume(mailing.batch_id)
    later = first_time(mailing.batch_id, after=clock.now() + AHEAD)
    mailing.look_at = later - AHEAD if later else None
    db.session.flush()


def _asks(many: int, waiting: int) -> bool:
    return many >= ASK_FROM and many * 100 > ASK_SHARE * waiting


def hold_starts() -> int:
    """Let no mailing start or go on by itself, as in a restored copy; how many would have, and are paused now."""
    held = db.session.scalars(
        sa.update(Mailing)
        .where(Mailing.look_at.is_not(None))
        .values(look_at=None, agreed=None)
        .returning(Mailing.id)
        .execution_options(synchronize_session=False)
    ).all()
    if held:
        current_unit_of_work().notes["mailings paused"] = sorted(held)
    return len(held)
