"""What has to be seen to of paces once in a while: lateness they cause, turns a wrong clock gave, and old rows."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from crm import clock
from crm.extensions import db
from crm.outbox.models import Batch, BatchState, OutgoingMessage
from crm.outbox.outages import present_outage
from crm.outbox.pace import settings
from crm.outbox.rates import micros
from crm.outbox.reasons import Reason
from crm.outbox.standings import PACES

# No turn is given so far ahead, and no office is closed so long.
_TOO_FAR = {Reason.WAITS_ITS_TURN: timedelta(hours=2), Reason.OFFICE_CLOSED: timedelta(days=4)}
_SOON_LATE, _NOT_LATE_FOR = timedelta(hours=1), timedelta(hours=2)
_FORGET_AFTER = timedelta(days=1)
_RUNNING = sa.select(Batch.id).where(Batch.state == BatchState.RUNNING)


def excuse_waiting() -> None:
    """Letters that are due and wait for the pace of their batch, or of all, do not miss their time by that.

    Called all the while, so that the time of a machine that was off, or of a server that was away, counts.
    """
    if present_outage() is not None:
        return
    now = clock.now()
    paced = _RUNNING if settings().mail_per_minute else _RUNNING.where(Batch.per_minute.is_not(None))
    db.session.execute(
        sa.update(OutgoingMessage)
        .where(
            OutgoingMessage.batch_id.in_(paced),
            OutgoingMessage.next_attempt_at <= now,
            OutgoingMessage.attempts == 0,
            OutgoingMessage.late_after > now,
            OutgoingMessage.late_after < now + _SOON_LATE,
        )
        .values(late_after=now + _NOT_LATE_FOR)
        .execution_options(synchronize_session=False)
    )


def take_back_far_turns() -> None:
    """Letters whose turn is further off than one is ever given, as a wrong clock did, ask for another one now."""
    for reason, far in _TOO_FAR.items():
        db.session.execute(
            sa.update(OutgoingMessage)
            .where(
                OutgoingMessage.batch_id.in_(_RUNNING),
                OutgoingMessage.reason == reason,
                OutgoingMessage.next_attempt_at > clock.now() + far,
            )
            .values(next_attempt_at=clock.now())
            .execution_options(synchronize_session=False)
        )


def forget_old_paces() -> None:
    """Paces of domains that nobody has written to for long; those of crowds tell how a batch is spread, and stay."""
    old = micros(clock.now() - _FORGET_AFTER)
    forgotten = (
        sa.select(PACES.c.id)
        .where(PACES.c.per_hour.is_(None), PACES.c.free_at < old, PACES.c.planned_until < old)
        # A claim may move several of them on at this moment.
        .with_for_update(skip_locked=True)
    )
    db.session.execute(sa.delete(PACES).where(PACES.c.id.in_(forgotten)))
