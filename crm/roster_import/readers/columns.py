"""The names columns of tables go by, which of them a header holds, and the key that tells headers apart."""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crm.roster_import import labels
from crm.roster_import.readers.source import shown
from crm.text import fold

# What columns are called, by field and language. Those of "either" may head the whole name or a part of it.
HEADINGS = Path(__file__).parents[1] / "facts" / "headings.csv"
_EITHER = "either"
# What a column of a table may hold, in the order of the file of headings; the first column that fits is taken.
FIELDS: tuple[str, ...]


def _headings() -> dict[str, str]:
    """Field by folded heading."""
    with HEADINGS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {fold(heading): row["field"] for row in rows for heading in row["headings"].split("|")}


_FIELD_OF = _headings()
FIELDS = tuple(name for name in dict.fromkeys(_FIELD_OF.values()) if name != _EITHER)
# A column of marks: who sits in the committee or delegation that its heading names by code.
SEAT = "seat"
# Of these a table may have several columns; of others the first that is not empty counts.
SEVERAL = frozenset({"email", "phone", "address", "url", "twitter", "committee", "substitute", "delegation"})


@dataclass(frozen=True)
class Columns:
    """Which columns (by index) hold what: `fields` by field, `seats` by committee code, `unread` by its heading."""

    fields: dict[str, tuple[int, ...]] = field(default_factory=dict)
    seats: dict[str, int] = field(default_factory=dict)
    unread: tuple[str, ...] = ()

    @property
    def has_names(self) -> bool:
        """Whether people can be told apart at all."""
        return "name" in self.fields or "family_name" in self.fields


def recognised(header: Sequence[str]) -> list[str]:
    """The field each column holds by its name, whatever case, accents and separators; "" where it tells nothing."""
    named = [_FIELD_OF.get(fold(heading.replace("_", " ")), "") for heading in header]
    found: list[str] = []
    for heading, name in zip(header, named, strict=True):
        field_name = _part(named) if name == _EITHER else name
        if not field_name and heading.strip() in labels.committee_codes():
            found.append(SEAT)
        else:
            found.append(field_name if field_name not in found else "")
    return found


def _part(named: Sequence[str]) -> str:
    """What `nom` or `name` heads in a table of these fields: beside one part of the name it is the other."""
    parts = {"given_name", "family_name"} & set(named)
    if len(parts) == 1 and "name" not in named:
        return "family_name" if "given_name" in parts else "given_name"
    return "name"


def assigned(header: Sequence[str], fields: Sequence[str]) -> Columns:
    """The columns of a header as `fields` says (one for each column, "" for none; unknown ones are none)."""
    by_field: dict[str, list[int]] = defaultdict(list)
    seats: dict[str, int] = {}
    unread: list[str] = []
    for index, heading in enumerate(header):
        field_name = fields[index] if index < len(fields) else ""
        if field_name in FIELDS:
            by_field[field_name].append(index)
        elif field_name == SEAT and heading.strip():
            seats[heading.strip()] = index
        elif heading.strip():
            unread.append(shown(heading))
    return Columns({name: tuple(indexes) for name, indexes in by_field.items()}, seats, tuple(unread))


def header_hash(header: Sequence[str]) -> str:
    """What tables with the same header share: the SHA-256 of its headings in their order, folded."""
    return hashlib.sha256("\x1f".join(fold(heading) or heading for heading in header).encode()).hexdigest()
