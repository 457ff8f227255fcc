"""Finds slips in the words themselves: gaps where something is missing, brackets that do not close, broken letters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crm.letters.lint.found import Found
from crm.letters.models import FindingCode

_GAPS = (
    re.compile(r"\S+ +,(?=\s)"),  # "Dear ,"; no language writes it
    re.compile(r"(?<=\S) {2,}(?=\S)"),
    re.compile(r"\(\s*\)|\[\s*\]|“\s*”|„\s*“|«\s*»"),
)
# UTF-8 that was read as another encoding, and letters that were lost altogether.
_BROKEN_LETTERS = re.compile(r"Ã[\u0080-\u00bf©¨ª]|â€[™œ\u009d“”]|\ufffd|&(?:amp|lt|gt|nbsp|quot);")
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_NEAR = 20


def _around(text: str, start: int, end: int) -> str:
    """The place with a few words round it, of its line."""
    begin = max(text.rfind("\n", 0, start) + 1, start - _NEAR)
    stop = text.find("\n", end)
    return " ".join(text[begin : min(end + _NEAR, stop if stop >= 0 else len(text))].split())


def _unclosed(text: str) -> str | None:
    """The bracket that a paragraph opens and does not close, or closes and did not open."""
    for opening, closing in _PAIRS.items():
        # A list may be lettered: a), b).
        counted = re.sub(r"(?m)(?:^|\s)\w{1,2}\)", " ", text) if closing == ")" else text
        if counted.count(opening) != counted.count(closing):
            return opening if counted.count(opening) > counted.count(closing) else closing
    return None


def slips(text: str) -> Iterator[Found]:
    """What looks like a slip; none of it is certain."""
    for pattern in (*_GAPS, _BROKEN_LETTERS):
        for match in pattern.finditer(text):
            yield Found(FindingCode.ODD_TEXT, _around(text, *match.span()))
            break
    for paragraph in text.split("\n\n"):
        if bracket := _unclosed(paragraph):
            place = paragraph.find(bracket)
            yield Found(FindingCode.ODD_TEXT, _around(paragraph, max(place, 0), max(place, 0) + 1))
            break
