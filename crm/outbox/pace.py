"""The pace of sending: how many letters a claim may take, and which of them wait for a later turn.

Everything stands in the database and is read and written inside the claim's own transaction, so that workers on any
host share it. The pace of the installation and of a batch says how many letters a claim takes. That of a domain, and
of a crowd (a domain that too many letters of one batch go to), gives back those that are too many, each with a turn of
its own: so letters to other domains pass at once, and no claim comes upon them again before they may leave.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from flask import current_app

from config import Settings
from crm.extensions import db
from crm.outbox.models import Batch, BatchState, MessageState, OutgoingMessage, Priority, movable
from crm.outbox.office_hours import opening
from crm.outbox.rates import MARGIN, SECOND, Rate, micros, moment_of
from crm.outbox.reasons import Reason
from crm.outbox.standings import PACES, Standing, reserve, settle

_ALL = "all"
HOUR = 3600
# Turns are given so far ahead. Who would come later asks again then: so a change of the pace is soon felt.
_HORIZON = HOUR * SECOND
_JITTER = 2 * SECOND
_SAYS_LESS = frozenset({None, Reason.WAITS_ITS_TURN, Reason.OFFICE_CLOSED})
# So long after they open: not everybody's clock strikes nine at once.
_AFTER_OPENING = 300
_MESSAGES = cast("sa.Table", OutgoingMessage.__table__)


def settings() -> Settings:
    """Those of the running app."""
    found: Settings = current_app.extensions["settings"]
    return found


def domain_of(address: str) -> str:
    """The domain of an address, in small letters."""
    return address.rpartition("@")[2].lower()[:255]


def crowd_rate() -> Rate:
    """How fast letters of one batch go to one domain, where they are very many."""
    return Rate(settings().letters_alike_limit, HOUR)


(_CLAIMED,) = movable({MessageState.CLAIMED}, MessageState.QUEUED)
_PUT_OFF = (
    sa.update(_MESSAGES)
    .where(
        _MESSAGES.c.id == sa.bindparam("letter"),
        _MESSAGES.c.lease_token == sa.bindparam("under"),
        _MESSAGES.c.state == _CLAIMED,
    )
    .values(
        state=MessageState.QUEUED,
        lease_token=None,
        next_attempt_at=sa.bindparam("turn"),
        late_after=sa.bindparam("late"),
        reason=sa.bindparam("why"),
    )
)


_FREE_AT = sa.select(PACES.c.free_at).where(PACES.c.key == _ALL)


def is_open(now: datetime) -> bool:
    """Whether the pace of the installation lets a letter leave now."""
    if not (per_minute := settings().mail_per_minute):
        return True
    free_at = db.session.scalar(_FREE_AT)
    return Rate(per_minute).allowed(free_at, micros(now)) > 0


@dataclass
class Bounds:
    """What the paces of the installation and of a batch leave of a claim: at most `letters`."""

    batch_id: int
    priority: Priority
    now: datetime
    letters: int
    whole: Standing | None = None
    own: Rate | None = None
    own_free_at: int | None = None

    @property
    def _now(self) -> int:
        return micros(self.now)

    def admit(self, taken: Sequence[Any], token: str, *, crowds: int) -> list[Any]:
        """Those of the letters taken that leave now. The others are given back, each with a later turn."""
        if self.priority is Priority.TRANSACTIONAL:
            admitted = list(taken)
        else:
            admitted = self._within_domains(self._in_office_hours(taken, token), token, crowds)
        self._move_on(len(admitted))
        return admitted

    def _move_on(self, letters: int) -> None:
        """The paces of the installation and the batch, once so many of its letters leave."""
        if self.whole is not None:
            # Those that somebody waits for leave at once, however fast; the others make up for it, but not for long.
            settle(self.whole, min(letters, self.whole.allowed(self._now) + MARGIN // self.whole.rate.interval))
        if self.own is not None and letters:
            free_at = moment_of(self.own.after(self.own_free_at, self._now, letters))
            db.session.execute(
                sa.update(Batch)
                .where(Batch.id == self.batch_id)
                .values(free_at=free_at)
                .execution_options(synchronize_session=False)
            )

    def _put_off(self, turns: Iterable[tuple[Any, datetime]], token: str, reason: Reason) -> None:
        """Give letters back until their turns. What is put off on purpose has not missed its time."""
        rows = [
            {
                "letter": letter.id,
                "under": token,
                "turn": turn,
                "late": letter.late_after and letter.late_after + (turn - self.now),
                # Why it was deferred says more.
                "why": reason if letter.reason in _SAYS_LESS else letter.reason,
            }
            for letter, turn in turns
        ]
        if rows:
            db.session.connection().execute(_PUT_OFF, rows)

    def _in_office_hours(self, taken: Sequence[Any], token: str) -> list[Any]:
        opens: dict[str | None, datetime] = {None: self.now}
        for letter in taken:
            if letter.office_zone not in opens:
                opens[letter.office_zone] = opening(letter.office_zone, self.now)
        closed = [letter for letter in taken if opens[letter.office_zone] > self.now]
        self._put_off(((each, spread(opens[each.office_zone])) for each in closed), token, Reason.OFFICE_CLOSED)
        return [letter for letter in taken if opens[letter.office_zone] <= self.now] if closed else list(taken)

    def _within_domains(self, taken: Sequence[Any], token: str, crowds: int) -> list[Any]:
        per_minute = settings().mail_domain_per_minute
        if not taken or not (per_minute or crowds):
            return list(taken)
        crowded = self._crowds() if crowds else {}
        by_domain: dict[str, list[Any]] = defaultdict(list)
        for letter in taken:
            by_domain[domain_of(letter.to_address)].append(letter)
        bounds: dict[str, list[Standing]] = {}
        for domain, letters in by_domain.items():
            bounds[domain] = [Standing(f"domain:{domain}", Rate(per_minute), None, domain)] if per_minute else []
            if domain in crowded:
                bounds[domain].append(Standing(*self._key(domain, crowded[domain])))
            for pace in bounds[domain]:
                pace.asked = len(letters)
        if paces := [pace for found in bounds.values() for pace in found]:
            reserve(paces, self._now)
        admitted = []
        for domain, letters in by_domain.items():
            admitted += self._of_domain(domain, letters, bounds[domain], token)
        return sorted(admitted, key=lambda letter: int(letter.id))

    def _key(self, domain: str, rate: Rate) -> tuple[str, Rate, int, str]:
        return crowd_key(self.batch_id, domain), rate, self.batch_id, domain

    def _crowds(self) -> dict[str, Rate]:
        found = sa.select(PACES.c.domain, PACES.c.per_hour).where(
            PACES.c.batch_id == self.batch_id, PACES.c.per_hour.is_not(None)
        )
        return {row.domain: Rate(row.per_hour, HOUR) for row in db.session.execute(found)}

    def _of_domain(self, domain: str, letters: list[Any], paces: list[Standing], token: str) -> list[Any]:
        """Those of the letters to one domain that leave now; the others get their turns."""
        if not paces:
            return letters
        many = min([len(letters), *(pace.allowed(self._now) for pace in paces)])
        for pace in paces:
            if pace.batch_id is not None:
                pace.left -= sum(not letter.attempts for letter in letters[:many])
        if many < len(letters):
            self._give_turns(domain, letters[many:], paces, many, token)
        else:
            for pace in paces:
                if pace.batch_id is not None or pace.start != pace.stood:
                    settle(pace, many)
        return letters[:many]

    def _give_turns(self, domain: str, letters: list[Any], paces: list[Standing], many: int, token: str) -> None:
        slowest = max((pace.rate for pace in paces), key=lambda rate: rate.interval)
        free = max(pace.start + many * pace.rate.interval for pace in paces)
        plan = paces[-1]
        if plan.batch_id is None:
            plan = Standing(*self._key(domain, slowest))
            reserve([plan], self._now)
            paces = [*paces, plan]
        planned = plan.planned_until if plan.planned_until <= self._now + _HORIZON + slowest.interval + MARGIN else 0
        turn = max(planned, free, self._now)
        turns = []
        for letter in letters:
            if turn <= self._now + _HORIZON:
                jitter = random.randrange(min(slowest.interval, _JITTER))  # noqa: S311  # nothing secret in it
                turns.append((letter, moment_of(turn + jitter)))
                turn += slowest.interval
                plan.planned_until = turn
            else:
                turns.append((letter, spread(moment_of(self._now + _HORIZON))))
        for pace in paces:
            settle(pace, many if pace.asked else 0)
        self._put_off(turns, token, Reason.WAITS_ITS_TURN)


def crowd_key(batch_id: int, domain: str) -> str:
    """What the pace of a batch's letters to one domain is kept under."""
    return f"{batch_id}:{domain}"[:300]


def spread(moment: datetime) -> datetime:
    """A while after that moment: letters put off until the same one do not all leave in it."""
    return moment + timedelta(seconds=random.uniform(0, _AFTER_OPENING))  # noqa: S311  # nothing secret in it


def bounds(batch_id: int, priority: Priority, per_minute: int | None, now: datetime, limit: int) -> Bounds:
    """The bounds of a claim of up to `limit` letters of a batch, locked until the running unit of work ends."""
    found = Bounds(batch_id, priority, now, limit)
    if whole := settings().mail_per_minute:
        found.whole = Standing(_ALL, Rate(whole))
        reserve([found.whole], micros(now))
    if priority is Priority.TRANSACTIONAL:
        return found
    if found.whole is not None:
        found.letters = min(found.letters, found.whole.allowed(micros(now)))
    if per_minute:
        # Read anew: the batch is locked now, and was not when it was found due.
        free_at = db.session.scalar(sa.select(Batch.free_at).where(Batch.id == batch_id))
        found.own, found.own_free_at = Rate(per_minute), micros(free_at) if free_at else None
        found.letters = min(found.letters, found.own.allowed(found.own_free_at, micros(now)))
    return found


_FIRST = (
    sa.select(sa.func.min(OutgoingMessage.next_attempt_at, type_=OutgoingMessage.next_attempt_at.type))
    .where(OutgoingMessage.batch_id == Batch.id, OutgoingMessage.next_attempt_at.is_not(None))
    .correlate(Batch)
    .scalar_subquery()
)


def next_turn() -> datetime | None:
    """When the next letter may leave, as far as is known now; None where none waits."""
    running = sa.select(Batch.free_at, _FIRST.label("first")).where(Batch.state == BatchState.RUNNING)
    rows = [row for row in db.session.execute(running) if row.first is not None]
    moment: datetime | None = min((max(row.first, row.free_at or row.first) for row in rows), default=None)
    if moment is None or not settings().mail_per_minute:
        return moment
    free_at = db.session.scalar(_FREE_AT)
    return moment if free_at is None else max(moment, moment_of(free_at))
