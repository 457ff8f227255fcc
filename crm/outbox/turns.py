"""What letters of a batch wait for, and how long it will take until the last of them has left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from crm import clock
from crm.database import unindexed
from crm.extensions import db
from crm.outbox.crowds import domain_in
from crm.outbox.models import OutgoingMessage
from crm.outbox.office_hours import worked_through
from crm.outbox.pace import HOUR, settings
from crm.outbox.rates import Rate, moment_of
from crm.outbox.reasons import Reason
from crm.outbox.standings import PACES

# So many letters that wait are looked at: a page that is asked for every two seconds says of more that there are more.
LOOKED_AT = 1000
NAMED = 3


@dataclass(frozen=True)
class Queue:
    """Letters to one domain that wait: at most so many leave in a minute, or (very many alike) in an hour."""

    domain: str
    letters: int
    per_minute: int | None = None
    per_hour: int | None = None


@dataclass(frozen=True)
class Turns:
    """What holds letters of a batch back: domains, the first of them by name, and how many letters wait for others.

    `closed` wait for office hours, which begin at `opens`. `more`: there are more than were looked at. The last leaves
    at about `end` (none: in a moment), `lasts` after the first.
    """

    queues: Sequence[Queue] = ()
    others: int = 0
    closed: int = 0
    opens: datetime | None = None
    more: bool = False
    end: datetime | None = None
    lasts: timedelta = timedelta()
    per_minute_of_all: int | None = None


def turns_of(batch_id: int, waiting: int, per_minute: int | None, *, office_zone: str | None, sending: bool) -> Turns:
    """What the `waiting` letters of a batch wait for that is bounded by its own pace, and perhaps by office hours.

    Two statements; one, and a forecast, for a batch that is not `sending`.
    """
    now = clock.now()
    whole = settings().mail_per_minute or None
    of_batch = sa.select(PACES.c.domain, PACES.c.per_hour, PACES.c.left, PACES.c.planned_until).where(
        PACES.c.batch_id == batch_id
    )
    paces = db.session.execute(of_batch).all()
    per_domain = settings().mail_domain_per_minute or None
    crowds = [
        Queue(pace.domain, min(pace.left, waiting), per_hour=_slower(pace.per_hour, per_domain))
        for pace in paces
        if pace.per_hour and pace.left
    ]
    bounds = [_time_of(queue.letters, Rate(queue.per_hour or 1, HOUR)) for queue in crowds]
    bounds += [_time_of(waiting, Rate(pace)) for pace in (per_minute, whole) if pace]
    if sending and waiting:
        bounds += [moment_of(pace.planned_until) - now for pace in paces if not pace.per_hour]
    lasts = max(bounds, default=timedelta())
    found = _waiting_now(batch_id) if sending and waiting else []
    by_domain: Counter[str] = Counter()
    for row in found:
        if row.reason is Reason.WAITS_ITS_TURN and row.domain not in {crowd.domain for crowd in crowds}:
            by_domain[row.domain] += row.letters
    queues = [*crowds, *(Queue(domain, letters, per_minute=per_domain) for domain, letters in by_domain.most_common())]
    closed = [row for row in found if row.reason is Reason.OFFICE_CLOSED]
    minute = timedelta(minutes=1)
    return Turns(
        queues=queues[:NAMED],
        others=sum(queue.letters for queue in queues[NAMED:]),
        closed=sum(row.letters for row in closed),
        opens=min((row.first for row in closed), default=None),
        more=sum(row.letters for row in found) >= LOOKED_AT,
        end=worked_through(office_zone, now, lasts) if waiting and lasts >= minute else None,
        lasts=lasts if waiting else timedelta(),
        per_minute_of_all=whole,
    )


def _slower(per_hour: int, per_minute: int | None) -> int:
    return min(per_hour, per_minute * 60) if per_minute else per_hour


def _time_of(letters: int, rate: Rate) -> timedelta:
    return timedelta(microseconds=letters * rate.interval) if letters else timedelta()


def _waiting_now(batch_id: int) -> Sequence[sa.Row[tuple[Reason, str, int, datetime]]]:
    """The first letters that were put off, counted by why and by their domain; with the first moment of each."""
    message = OutgoingMessage
    some = (
        sa.select(message.reason, message.to_address, message.next_attempt_at)
        .where(
            message.batch_id == batch_id,
            message.reason.in_([Reason.WAITS_ITS_TURN, Reason.OFFICE_CLOSED]),
            # By their reasons: of those that merely wait there may be a hundred thousand.
            unindexed(message.next_attempt_at).is_not(None),
        )
        .limit(LOOKED_AT)
        .subquery()
    )
    # Of those that wait for office hours, who they go to does not matter.
    domain = sa.case((some.c.reason == Reason.WAITS_ITS_TURN, domain_in(some.c.to_address)), else_="").label("domain")
    counted = sa.select(
        some.c.reason,
        domain,
        sa.func.count().label("letters"),
        sa.func.min(some.c.next_attempt_at, type_=message.next_attempt_at.type).label("first"),
    ).group_by(some.c.reason, domain)
    return db.session.execute(counted).all()
