"""The one rule that makes a stance of statements: on any day, with its reason, what contradicts it, when it is stale.

The latest statement wins. One that is less sure counts as older than it is (COUNTS_OLDER), so that hearsay of today
does not outweigh what somebody said in public last month; two that come out alike are decided by the surer, then by the
one that was written down last. Withdrawn statements do not count on any day; nothing said after the day asked for does.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any, Generic, Protocol, TypeVar

from crm.stances.models import Confidence, Stance

COUNTS_OLDER = {
    Confidence.CERTAIN: timedelta(0),
    Confidence.LIKELY: timedelta(days=30),
    Confidence.UNSURE: timedelta(days=180),
}
_SURENESS = {confidence: -number for number, confidence in enumerate(Confidence)}
# Which side a stance is on; the undecided contradict nobody.
SIDES = {
    Stance.CHAMPION: 1,
    Stance.SUPPORTIVE: 1,
    Stance.UNDECIDED: 0,
    Stance.LEANING_AGAINST: -1,
    Stance.OPPOSED: -1,
}
# Two statements from opposite sides, one after the other, contradict each other within so much time.
CONTRADICTS_WITHIN = timedelta(days=183)


class Said(Protocol):
    """What the rule needs of a statement: a row of the table, or of a select."""

    @property
    def id(self) -> int:
        """Its number; a higher one was written down later."""

    @property
    def stance(self) -> Stance:
        """What was said."""

    @property
    def said_on(self) -> date:
        """When."""

    @property
    def confidence(self) -> Confidence:
        """How sure that is."""


SaidT = TypeVar("SaidT", bound=Said | Any)


class Reason(StrEnum):
    """Why the stance is what it is."""

    NOTHING_SAID = "nothing said"
    ONLY = "only"  # there is one statement
    LATEST = "latest"
    SURER = "surer"  # later ones are less sure


class Staleness(StrEnum):
    """Why a stance is out of date."""

    OLD = "old"
    MANDATE_ENDED = "mandate ended"  # what was said in office says little of who has left it


@dataclass(frozen=True)
class Derived(Generic[SaidT]):
    """A stance on a day, and why.

    `statement` is the one that decided, `since` the first day the stance was derived without a break, `later` what was
    said after it and is outweighed, `contradictions` pairs (earlier, later) that nobody has settled.
    """

    stance: Stance
    reason: Reason
    statement: SaidT | None = None
    since: date | None = None
    later: tuple[SaidT, ...] = ()
    contradictions: tuple[tuple[SaidT, SaidT], ...] = ()


def _in_time(statements: Iterable[SaidT], on: date = date.max) -> list[SaidT]:
    return sorted((said for said in statements if said.said_on <= on), key=lambda said: (said.said_on, said.id))


def _weight(said: Said) -> tuple[date, int, int]:
    return said.said_on - COUNTS_OLDER[said.confidence], _SURENESS[said.confidence], said.id


def course(statements: Iterable[SaidT], on: date = date.max) -> list[tuple[date, SaidT]]:
    """How the stance went until the end of `on`: the day each change came with, and the statement it came by."""
    changes: list[tuple[date, SaidT]] = []
    best: SaidT | None = None
    for said in _in_time(statements, on):
        if best is None or _weight(said) > _weight(best):
            if best is None or said.stance is not best.stance:
                changes.append((said.said_on, said))
            best = said
    return changes


def contradictions(
    statements: Iterable[SaidT], settled: Collection[tuple[int, int]] = (), on: date = date.max
) -> list[tuple[SaidT, SaidT]]:
    """Pairs of statements, one after the other, from opposite sides and soon upon each other; the earlier one first."""
    sided = [said for said in _in_time(statements, on) if SIDES[said.stance]]
    return [
        (earlier, later)
        for earlier, later in pairwise(sided)
        if SIDES[earlier.stance] != SIDES[later.stance]
        and later.said_on - earlier.said_on <= CONTRADICTS_WITHIN
        and (earlier.id, later.id) not in settled
    ]


def derive(
    statements: Iterable[SaidT], on: date = date.max, settled: Collection[tuple[int, int]] = ()
) -> Derived[SaidT]:
    """The stance at the end of the day `on` by valid statements of one contact on one treaty.

    `settled` holds pairs of ids (earlier, later) that contradict each other and both stand.
    """
    counted = _in_time(statements, on)
    if not counted:
        return Derived(Stance.UNKNOWN, Reason.NOTHING_SAID)
    deciding = max(counted, key=_weight)
    later = tuple(said for said in counted if (said.said_on, said.id) > (deciding.said_on, deciding.id))
    surer = tuple(said for said in later if said.stance is not deciding.stance)
    reason = Reason.SURER if surer else Reason.ONLY if len(counted) == 1 else Reason.LATEST
    return Derived(
        deciding.stance,
        reason,
        deciding,
        course(counted)[-1][0],
        surer,
        tuple(contradictions(counted, settled)),
    )


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def staleness(said_on: date, on: date, months: int, mandate_end: date | None) -> Staleness | None:
    """Why what was said on `said_on` is out of date on `on`; None where it is not.

    That is after `months`, or once the last mandate is over that the contact held when it was said.
    """
    if mandate_end is not None and said_on <= mandate_end < on:
        return Staleness.MANDATE_ENDED
    return Staleness.OLD if said_on < months_before(on, months) else None


def by_day(statements: Sequence[SaidT]) -> list[SaidT]:
    """The statements, the latest first."""
    return _in_time(statements)[::-1]
