"""The rule of a pace: how many letters may leave now, and when the next one may (the generic cell rate algorithm).

A pace is kept as one number, the moment at which the next letter may leave. Each letter moves it on by the time between
two of them; time in which nobody sent is made up for, but no more of it than `BURST`. So in any stretch of time no more
leave than its minutes allow, and the letters of `BURST`. Moments are whole microseconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SECOND = 1_000_000
# Longer than it takes until a bell that was not rung is: the pace is reached all the same.
BURST = 6 * SECOND
# What is further off than a pace ever plans was told by a clock gone wrong.
MARGIN = 60 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    """A moment as a pace keeps it."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment_of(number: int) -> datetime:
    """The same, back again."""
    return _EPOCH + timedelta(microseconds=number)


@dataclass(frozen=True)
class Rate:
    """At most so many letters in so many seconds."""

    letters: int
    seconds: int = 60

    @property
    def interval(self) -> int:
        """Microseconds from one letter to the next, rounded so that there are never too many letters."""
        return -(-self.seconds * SECOND // self.letters)

    def start(self, free_at: int | None, now: int) -> int:
        """From when on letters count, given when the next one may leave: time long past is lost."""
        if free_at is None or free_at > now + self.interval + MARGIN:
            return now - BURST if free_at is None else now
        return max(free_at, now - BURST)

    def allowed(self, free_at: int | None, now: int) -> int:
        """How many letters may leave now."""
        return max(0, (now - self.start(free_at, now)) // self.interval + 1)

    def after(self, free_at: int | None, now: int, letters: int) -> int:
        """When the next one may leave, once so many have left now."""
        return self.start(free_at, now) + letters * self.interval
