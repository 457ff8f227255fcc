"""Where a person's offices lie on one line of time, from the first that is known to today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from crm import i18n
from crm.directory.offices import Mandate

# User units of the line's whole length.
LENGTH = 100.0
_SHORTEST = 1.2


@dataclass(frozen=True)
class Span:
    """One office on the line: where it begins and how long it is, in units of LENGTH."""

    start: float
    length: float


@dataclass(frozen=True)
class Lifelines:
    """The line from `first` to `last`, and every office on it by the membership's id."""

    first: date
    last: date
    spans: dict[int, Span]


def lifelines(offices: Sequence[Mandate]) -> Lifelines | None:
    """The line of these offices; None where fewer than two have a first day, which needs no drawing."""
    dated = [line for line in offices if line.start_date is not None]
    if len(dated) < 2:
        return None
    today = i18n.today()
    first = min(line.start_date for line in dated if line.start_date is not None)
    last = max([today, *(line.last_day for line in dated if not line.open)])
    whole = max((last - first).days, 1)
    spans = {}
    for line in dated:
        begins = line.start_date or first
        ends = today if line.open else line.last_day
        start = min((begins - first).days / whole * LENGTH, LENGTH - _SHORTEST)
        length = max((ends - begins).days / whole * LENGTH, _SHORTEST)
        spans[line.id] = Span(round(start, 2), round(min(length, LENGTH - start), 2))
    return Lifelines(first, last, spans)
