"""Finds what is odd in the values of one reader's placeholders: no word at all, null, capitals, parts of a program."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

from crm.letters.lint.found import Found, together
from crm.letters.models import FindingCode

# What programs and spreadsheets write where there is nothing; some of them are somebody's name.
_NOTHING = frozenset(
    "null none nil nan n/a n.a. na #n/a #ref! #value! undefined unknown tbd tbc test xxx ? - vacant".split()  # noqa: SIM905
)
_NAMES = frozenset({"name", "given_name", "family_name"})
_IN_NAMES = re.compile(r"[\d@_/\\|;<>*#]")
_ANYWHERE = re.compile(r"[{}<>\ufffd]|\[|\]|%\(|&(?:amp|lt|gt|quot|nbsp);|Ã[\u0080-\u00bf©¨ª]")
_CAPITALS = re.compile(r"[^\W\d_]{2,}(?:['’ -][^\W\d_]+)*")
# Abbreviations are shorter: EPP, SPÖ, SYRIZA.
_LONGEST_ABBREVIATION = 8


def _is_odd(name: str, value: str) -> bool:
    if value.casefold() in _NOTHING or _ANYWHERE.search(value):
        return True
    if value.count("(") != value.count(")"):
        return True
    if name in _NAMES and _IN_NAMES.search(value):
        return True
    words = _CAPITALS.fullmatch(value)
    in_capitals = words is not None and value == value.upper() and value != value.lower()
    return in_capitals and (len(value) > _LONGEST_ABBREVIATION or (name in _NAMES and len(value) > 2))


@lru_cache(maxsize=20_000)
def _of_value(name: str, value: str) -> tuple[Found, ...]:
    if not any(letter.isalnum() for letter in value):
        return (Found(FindingCode.EMPTY_VALUE, f"{name}: {value}".strip(": ")),)
    return (Found(FindingCode.ODD_VALUE, f"{name}: {value}"),) if _is_odd(name, value) else ()


def _each(values: Mapping[str, str], fields: Collection[str]) -> Iterator[Found]:
    for name in fields:
        yield from _of_value(name, values.get(name, ""))


def odd_values(values: Mapping[str, str], fields: Collection[str]) -> list[Found]:
    """What is odd in the values of the placeholders that a wording uses."""
    return together(_each(values, sorted(fields)))
