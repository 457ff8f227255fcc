"""What runs, what waits, and what to tell people about it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import current_app
from flask_babel import gettext, ngettext
from sqlalchemy.exc import SQLAlchemyError

from crm import clock
from crm.extensions import db
from crm.health.models import WorkerHeartbeat
from crm.job_queue import DESK, MAIL, QUEUES
from crm.outbox.models import Batch, BatchState, Outage, OutgoingMessage

# Six missed heartbeats.
MISSING_AFTER = timedelta(seconds=30)
_COUNTED_UP_TO = 10_000


@dataclass(frozen=True)
class Trouble:
    """What is wrong, before it is put into the reader's language."""

    mail_worker_missing: bool = False
    desk_worker_missing: bool = False
    outage_words: str | None = None
    waiting: int = 0


def heartbeats(connection: sa.Connection) -> dict[str, datetime | None]:
    """When a worker of each queue was last seen."""
    statement = sa.select(WorkerHeartbeat.queue, sa.func.max(WorkerHeartbeat.at)).group_by(WorkerHeartbeat.queue)
    seen = dict(connection.execute(statement).all())
    return {queue: seen.get(queue) for queue in QUEUES}


def _due(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(Batch.state == BatchState.RUNNING, OutgoingMessage.next_attempt_at <= now)


def waiting_letters(connection: sa.Connection) -> int:
    """How many letters could leave now; counting ends at 10,000."""
    found = (
        sa.select(sa.literal(1))
        .select_from(OutgoingMessage)
        .join(Batch, Batch.id == OutgoingMessage.batch_id)
        .where(_due(clock.now()))
        .limit(_COUNTED_UP_TO)
        .subquery()
    )
    return connection.execute(sa.select(sa.func.count()).select_from(found)).scalar_one()


def oldest_waiting(connection: sa.Connection) -> datetime | None:
    """Since when the letter that waits longest could have left."""
    first = (
        sa.select(sa.func.min(OutgoingMessage.next_attempt_at))
        .where(OutgoingMessage.batch_id == Batch.id)
        .correlate(Batch)
        .scalar_subquery()
    )
    batches = sa.select(first.label("first")).where(Batch.state == BatchState.RUNNING).subquery()
    return connection.execute(sa.select(sa.func.min(batches.c.first)).where(batches.c.first <= clock.now())).scalar()


def _look() -> Trouble:
    # A connection of its own: an error here must not end the page's own transaction.
    with db.engine.connect() as connection:
        seen = heartbeats(connection)
        words = connection.execute(sa.select(Outage.words)).scalar()
        too_old = clock.now() - MISSING_AFTER
        missing = {queue for queue, at in seen.items() if at is None or at < too_old}
        # An installation that has never had a worker (a test, a command) is not missing one for its desk.
        desk = DESK in missing and any(at is not None for at in seen.values())
        if MAIL not in missing and words is None:
            return Trouble(desk_worker_missing=desk)
        return Trouble(MAIL in missing, desk, words, waiting_letters(connection))


def _present_trouble() -> Trouble:
    kept: tuple[float, Trouble] | None = current_app.extensions.get("present_trouble")
    if kept is not None and time.monotonic() - kept[0] < current_app.config["HEALTH_CACHED_FOR"]:
        return kept[1]
    try:
        trouble = _look()
    except SQLAlchemyError:
        # The page that asks will say so better.
        trouble = Trouble()
    current_app.extensions["present_trouble"] = (time.monotonic(), trouble)
    return trouble


def health_warning() -> str | None:
    """A sentence for the banner where something that should run does not; looked up every few seconds."""
    trouble = _present_trouble()
    if trouble.mail_worker_missing and trouble.waiting:
        return str(
            ngettext(
                "%(num)d letter waits: no mail worker is running.",
                "%(num)d letters wait: no mail worker is running.",
                trouble.waiting,
            )
        )
    if trouble.outage_words is not None and trouble.waiting:
        return str(
            ngettext(
                "%(num)d letter waits for the mail server: %(words)s",
                "%(num)d letters wait for the mail server: %(words)s",
                trouble.waiting,
                words=trouble.outage_words,
            )
        )
    if trouble.desk_worker_missing:
        return str(
            gettext("Imports and planned mailings wait: the program that does them in the background is not running.")
        )
    return None
