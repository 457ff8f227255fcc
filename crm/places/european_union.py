"""Which states are members of the European Union, on any day since it began as a Community of six."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from crm import clock

FACTS = Path(__file__).parent / "facts" / "eu_membership.csv"


@dataclass(frozen=True)
class EuMembership:
    """One state's membership: from the day it joined to its last day in the Union, None while that lasts."""

    country: str
    joined: date
    left: date | None


@lru_cache(maxsize=1)
def eu_memberships() -> tuple[EuMembership, ...]:
    """Every membership there ever was, by the country's ISO 3166-1 alpha-2."""
    with FACTS.open(encoding="utf-8", newline="") as file:
        return tuple(
            EuMembership(
                row["code"],
                date.fromisoformat(row["joined"]),
                date.fromisoformat(row["left"]) if row["left"] else None,
            )
            for row in csv.DictReader(file)
        )


@lru_cache(maxsize=64)
def _members(on: date) -> frozenset[str]:
    return frozenset(
        each.country for each in eu_memberships() if each.joined <= on and (each.left is None or on <= each.left)
    )


def eu_members(on: date | None = None) -> frozenset[str]:
    """The members on a day (default today), by ISO 3166-1 alpha-2."""
    return _members(on or clock.today())
