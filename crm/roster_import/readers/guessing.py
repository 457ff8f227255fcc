"""What a column holds by its first cells: a guess that a person confirms where no known heading stands above them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from crm.places.countries import country_code
from crm.places.regions import countries_with
from crm.roster_import.readers.columns import SEVERAL
from crm.roster_import.readers.source import to_date
from crm.text import fold

# So many of the filled cells have to look like it; one cell alone is no column of countries or dates.
_SHARE = 0.8
_EMAIL = re.compile(r"(?:mailto:)?[^@\s;,|]+@[^@\s;,|]+\.[^@\s;,|]+")
_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_TWITTER = re.compile(r"(?:https?://)?(?:www\.|mobile\.)?(?:twitter|x)\.com/\S+", re.IGNORECASE)
_PHONE = re.compile(r"(?:\+|00|\(?0)[\d\s()/.-]{6,}")
_WIKIDATA = re.compile(r"(?:https?://www\.wikidata\.org/(?:wiki|entity)/)?Q[1-9]\d*")
# Nobody in office was born later; whatever began earlier is no mandate of today.
_GROWN_UP = 18


def _is_date(cell: str) -> bool:
    try:
        return to_date(cell) is not None
    except ValueError:
        return False


def _is_country(cell: str) -> bool:
    # Codes in small letters are words of some language: no, in, is.
    return (len(cell) > 3 or cell.isupper()) and country_code(cell) is not None


def _all_match(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda cell: all(pattern.fullmatch(part.strip()) for part in re.split(r"[;|,]", cell) if part.strip())


# In the order of asking: an account at twitter.com has an address too.
_LOOKS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("email", _all_match(_EMAIL)),
    ("wikidata", _all_match(_WIKIDATA)),
    ("twitter", _all_match(_TWITTER)),
    ("url", lambda cell: bool(_URL.fullmatch(cell))),
    ("birth_date", _is_date),
    ("phone", lambda cell: bool(_PHONE.fullmatch(cell)) and sum(map(str.isdigit, cell)) >= 7),
    ("country", _is_country),
)


def _looks_like(cells: Sequence[str], today_year: int) -> str:
    for name, looks in _LOOKS:
        if sum(looks(cell) for cell in cells) < len(cells) * _SHARE:
            continue
        if name == "country" and len(set(cells)) < 2:
            continue
        if name == "birth_date":
            years = [day.year for cell in cells if _is_date(cell) and (day := to_date(cell)) is not None]
            return name if max(years) <= today_year - _GROWN_UP else "since"
        return name
    return ""


def settled(header: Sequence[str], fields: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    """The fields, with what only the cells tell of "Office", where rooms have numbers, and of "Land" or "State"."""
    found = list(fields)
    for index, known in enumerate(fields):
        cells = [cell for line in lines if index < len(line) and (cell := line[index].strip())]
        ambiguous = known == "office" and fold(header[index]) == "office"
        if ambiguous and cells and "role" not in fields and not any(map(str.isdigit, "".join(cells))):
            found[index] = "role"
        if known == "country" and "region" not in found and cells and _are_regions(cells):
            found[index] = "region"
    return found


def _are_regions(cells: Sequence[str]) -> bool:
    """Whether regions stand where countries might: under Land, or State."""
    regions = [cell for cell in cells if not country_code(cell) and countries_with(cell)]
    return len(regions) >= len(cells) * _SHARE


def guessed(fields: Sequence[str], lines: Sequence[Sequence[str]], today_year: int) -> dict[int, str]:
    """The field of columns (by index) that have none, as their cells tell; no field is given to a second column."""
    taken = set(fields) - SEVERAL
    found: dict[int, str] = {}
    for index, known in enumerate(fields):
        cells = [cell for line in lines if index < len(line) and (cell := line[index].strip())]
        name = _looks_like(cells, today_year) if cells and not known else ""
        if name and name not in taken:
            found[index] = name
            taken |= {name} - SEVERAL
    return found
