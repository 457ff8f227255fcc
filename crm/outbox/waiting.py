"""What may still be changed of letters that wait: their time, their pace and, before their release, their words, and
whether they leave at all.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from crm import clock
from crm.extensions import db
from crm.outbox.models import WAITING, Batch, BatchState, MessageState, OutgoingMessage, movable
from crm.outbox.reasons import Reason
from crm.outbox.safe_header import safe_header
from crm.outbox.tallies import add, lock


class NotWaiting(Exception):
    """The letter may have left, or was approved as it is: its words are not changed any more."""


def put_off(
    batch_id: int,
    until: datetime,
    *,
    late_after: timedelta,
    office_zone: str | None = None,
    only: sa.Select[int | None] | None = None,
) -> None:
    """Let waiting letters of a batch (those whose ids `only` selects) leave no earlier, and not by themselves later.

    With `office_zone` (IANA), each of their attempts keeps to office hours on that zone's clock.
    """
    chosen = [] if only is None else [OutgoingMessage.id.in_(only)]
    db.session.execute(
        sa.update(OutgoingMessage)
        .where(OutgoingMessage.batch_id == batch_id, OutgoingMessage.next_attempt_at.is_not(None), *chosen)
        .values(next_attempt_at=until, late_after=until + late_after, office_zone=office_zone)
        .execution_options(synchronize_session=False)
    )


def put_on_at_once(batch_id: int) -> None:
    """Let waiting letters of a batch leave as soon as they may, as if nobody had put them off."""
    db.session.execute(
        sa.update(OutgoingMessage)
        .where(OutgoingMessage.batch_id == batch_id, OutgoingMessage.late_after.is_not(None))
        .where(OutgoingMessage.next_attempt_at.is_not(None))
        .values(next_attempt_at=clock.now(), late_after=None, office_zone=None)
        .execution_options(synchronize_session=False)
    )


def set_pace(batch_id: int, per_minute: int | None) -> None:
    """Let at most so many letters of a batch leave in a minute (none: as many as may), from now on."""
    db.session.execute(
        sa.update(Batch)
        .where(Batch.id == batch_id)
        .values(per_minute=per_minute, free_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def first_time(batch_id: int, *, after: datetime | None = None) -> datetime | None:
    """When the first of a batch's letters that were never tried may leave; of those that may later than `after`."""
    chosen = [] if after is None else [OutgoingMessage.next_attempt_at > after]
    moment = OutgoingMessage.next_attempt_at
    return db.session.scalar(
        sa.select(sa.func.min(moment, type_=moment.type)).where(
            OutgoingMessage.batch_id == batch_id, moment.is_not(None), OutgoingMessage.attempts == 0, *chosen
        )
    )


def forgive_lateness(batch_id: int) -> None:
    """Let letters whose time was missed leave after all, as a person has decided."""
    db.session.execute(
        sa.update(OutgoingMessage)
        .where(
            OutgoingMessage.batch_id == batch_id,
            OutgoingMessage.next_attempt_at <= clock.now(),
            OutgoingMessage.late_after < clock.now(),
        )
        .values(late_after=None)
        .execution_options(synchronize_session=False)
    )


def rewrite(message_id: int, subject: str, text: str, html: str | None) -> None:
    """Change the words of one letter of an unreleased batch. Raises NotWaiting."""
    unreleased = sa.exists().where(Batch.id == OutgoingMessage.batch_id, Batch.state == BatchState.UNRELEASED)
    changed = db.session.scalar(
        sa.update(OutgoingMessage)
        .where(OutgoingMessage.id == message_id, OutgoingMessage.state == MessageState.QUEUED, unreleased)
        .values(subject=safe_header(subject)[:900], text=text, html=html)
        .returning(OutgoingMessage.id)
    )
    if changed is None:
        raise NotWaiting(message_id)


def withdraw(batch_id: int, message_ids: sa.Select[int | None], *, reason: Reason = Reason.LEFT_OUT) -> None:
    """Let these letters never leave, as far as they wait."""
    lock(batch_id)
    gone = db.session.scalars(
        sa.update(OutgoingMessage)
        .where(
            OutgoingMessage.batch_id == batch_id,
            OutgoingMessage.state.in_(movable(WAITING, MessageState.CANCELLED)),
            OutgoingMessage.id.in_(message_ids),
        )
        .values(state=MessageState.CANCELLED, next_attempt_at=None, reason=reason, finished_at=clock.now())
        .returning(OutgoingMessage.id)
        .execution_options(synchronize_session=False)
    ).all()
    add(batch_id, cancelled=len(gone))


def take_back(batch_id: int, message_ids: sa.Select[int | None]) -> None:
    """Let these letters of an unreleased batch wait again, as far as somebody withdrew them; no others."""
    if lock(batch_id) is not BatchState.UNRELEASED:
        return
    back = db.session.scalars(
        sa.update(OutgoingMessage)
        .where(
            OutgoingMessage.batch_id == batch_id,
            OutgoingMessage.state.in_(movable({MessageState.CANCELLED}, MessageState.QUEUED)),
            OutgoingMessage.reason == Reason.LEFT_OUT,
            OutgoingMessage.id.in_(message_ids),
        )
        .values(state=MessageState.QUEUED, next_attempt_at=clock.now(), reason=None, finished_at=None)
        .returning(OutgoingMessage.id)
        .execution_options(synchronize_session=False)
    ).all()
    add(batch_id, cancelled=-len(back))
