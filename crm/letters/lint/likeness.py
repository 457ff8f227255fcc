"""Tells whether two letters say nearly the same: as strings, where they are alike in more than nine parts of ten."""

from __future__ import annotations

from rapidfuzz import fuzz

# A reader tells so little of a difference no more.
NEARLY = 92.0
# The work grows with both lengths; who begins in the same way for so long goes on in it.
_COMPARED = 4000


def nearly_the_same(one: str, other: str) -> bool:
    """Whether a reader would take the second letter for the first; of long ones their beginnings are compared."""
    return fuzz.ratio(one[:_COMPARED], other[:_COMPARED], score_cutoff=NEARLY) >= NEARLY
