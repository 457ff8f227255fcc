"""The pure rules: where a state stands on a day, and what cannot be on record together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from crm.treaties.models import ActionKind, Conflict, Standing, conflict, standing

TODAY = date(2026, 1, 1)


@dataclass(frozen=True)
class Done:
    kind: ActionKind
    done_on: date


def _acts(words: str) -> list[Done]:
    """`signature 2000, ratification 2005`: each on the first of July of its year."""
    pairs = (each.split() for each in words.split(",") if each.strip())
    return [Done(ActionKind(kind), date(int(year), 7, 1)) for kind, year in pairs]


@pytest.mark.parametrize(
    ("acts", "on", "expected"),
    [
        ("", "2010-01-01", "neither"),
        ("signature 2000", "2000-06-30", "neither"),
        ("signature 2000", "2000-07-01", "signed"),
        ("ratification 2005, signature 2000", "2004-01-01", "signed"),
        ("ratification 2005, signature 2000", "2005-07-01", "party"),
        ("signature 2000, ratification 2000", "2000-07-01", "party"),
        ("ratification 2000, signature 2000", "2000-07-01", "party"),
        ("accession 2001", "2010-01-01", "party"),
        ("succession 2001", "2010-01-01", "party"),
        ("accession 2001, denunciation 2008", "2008-06-30", "party"),
        ("accession 2001, denunciation 2008", "2008-07-01", "neither"),
        ("signature 2000, ratification 2001, denunciation 2008", "2010-01-01", "neither"),
        ("accession 2001, denunciation 2008, accession 2012", "2013-01-01", "party"),
        # A signature after the deposit takes nothing away.
        ("accession 2001, signature 2003", "2010-01-01", "party"),
    ],
)
def test_where_a_state_stands(acts: str, on: str, expected: str) -> None:
    assert standing(_acts(acts), date.fromisoformat(on)) is Standing(expected)


@pytest.mark.parametrize(
    ("others", "act", "expected"),
    [
        ("", "signature 2000", None),
        ("", "accession 2000", None),
        ("signature 2000", "ratification 2005", None),
        ("accession 2001", "denunciation 2008", None),
        ("accession 2001", "denunciation 2030", None),
        ("accession 2001, denunciation 2008", "accession 2012", None),
        ("", "signature 2030", Conflict.FUTURE),
        ("", "signature 1989", Conflict.BEFORE_ADOPTION),
        ("signature 2000", "signature 2001", Conflict.SIGNED_ALREADY),
        ("ratification 2000", "accession 2001", Conflict.PARTY_ALREADY),
        ("accession 2001", "accession 2000", Conflict.PARTY_ALREADY),
        ("signature 2000", "denunciation 2001", Conflict.NOT_A_PARTY),
        ("accession 2005", "denunciation 2001", Conflict.NOT_A_PARTY),
    ],
)
def test_what_cannot_stand_together(others: str, act: str, expected: Conflict | None) -> None:
    [done] = _acts(act)
    assert conflict(_acts(others), done, adopted_on=date(1990, 12, 18), today=TODAY) is expected
