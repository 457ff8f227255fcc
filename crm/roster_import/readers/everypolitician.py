"""Reads EveryPolitician's tables: the members of a term (a line per group spell), and their other names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from flask_babel import gettext

from crm.directory.actions import InvalidAddress, normalize_address
from crm.directory.models import Category
from crm.places.countries import country_code
from crm.roster_import.names import split_capitals, split_sorted
from crm.roster_import.readers.fixed_table import FixedTable, has_columns
from crm.roster_import.readers.limits import fitting
from crm.roster_import.readers.source import shown, to_date, to_gender, to_handle
from crm.roster_import.records import (
    Affiliation,
    BadLine,
    Doubt,
    Mandate,
    Problem,
    Record,
    RosterFormat,
    UnreadableRoster,
)

_IDENTIFIER = "everypolitician"
_COLUMNS = ("id", "name", "sort_name", "group", "group_id", "area_id", "chamber", "term", "start_date", "end_date")
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NAMES = re.compile(rb"(?:\xef\xbb\xbf)?name,id\r?\n[^\r\n]*," + _UUID.encode() + rb"\r?\n")
# People are merged before any is told of: a term has a few hundred.
_MAX_PEOPLE = 20_000
_DAY = timedelta(days=1)


def recognises(head: bytes) -> bool:
    """Whether a file that starts so is the members of a term, or the other names of members."""
    return has_columns(head, _COLUMNS) or _NAMES.match(head) is not None


def _country_of(path: Path, file_name: str) -> str:
    """The country a table is of, which only its name or EveryPolitician's folders (Country/Chamber/term-1.csv) tell."""
    words = re.split(r"[^\w']+|_", Path(file_name).stem)
    spans = [
        " ".join(words[start : start + length])
        for length in range(min(4, len(words)), 0, -1)
        for start in range(len(words) - length + 1)
    ]
    # Short words may be codes of countries by accident: EP, MP, no.
    named = [span for span in spans if len(span) > 3]
    if re.fullmatch(r"term-[\w-]+\.csv", path.name):
        named += [folder.replace("_", " ") for folder in path.absolute().parts[-3:-2]]
    found = next((code for code in map(country_code, named) if code), None)
    if found is None:
        raise UnreadableRoster(
            gettext(
                "The table does not say of which country's parliament it is. Give the file a name that does, "
                "such as Spain_term-10.csv, and import it again."
            )
        )
    return found


class EveryPolitician:
    """Everybody who sat in a chamber in a term, or other names of such people; never all members of a day."""

    format = RosterFormat.EVERYPOLITICIAN
    institution = ""
    complete: bool | None = False
    day: date | None = None

    def __init__(self, path: Path, file_name: str) -> None:
        self._path = path
        with path.open("rb") as file:
            self._is_names = _NAMES.match(file.read(4096)) is not None
        self._country = "" if self._is_names else _country_of(path, file_name)
        self.unread: tuple[str, ...] = () if self._is_names else ("image", "group_id", "area_id")

    def records(self) -> Iterator[Record | BadLine]:
        """Every person once, in the order of the first line of each; broken lines come first."""
        lines: dict[str, list[tuple[int, dict[str, str]]]] = {}
        for row in FixedTable(self._path).rows():
            if isinstance(row, BadLine):
                yield row
                continue
            line, cells = row
            if not cells["name"]:
                yield BadLine(line, shown(",".join(cells.values())), Problem.NO_NAME)
                continue
            lines.setdefault(cells["id"] or f"line {line}", []).append((line, cells))
            if len(lines) > _MAX_PEOPLE:
                raise UnreadableRoster(
                    gettext(
                        "Line %(line)s: the table goes on with more people than any parliament has. "
                        "Is it the right file? Nothing was changed.",
                        line=line,
                    ),
                    line,
                )
        for rows in lines.values():
            yield fitting(_names(rows) if self._is_names else _person(rows, self._country))


def _names(rows: Sequence[tuple[int, dict[str, str]]]) -> Record:
    line, first = rows[0]
    names = tuple(dict.fromkeys(cells["name"] for _line, cells in rows))
    given_name, family_name = split_capitals(first["name"])
    return Record(
        line=line,
        name=first["name"],
        given_name=given_name,
        family_name=family_name,
        identifiers=((_IDENTIFIER, first["id"]),) if first["id"] else (),
        other_names=names,
    )


def _person(rows: Sequence[tuple[int, dict[str, str]]], country: str) -> Record:
    """One person of all their lines: what a later line leaves out, an earlier one tells."""
    doubts: list[Doubt] = []

    def texts(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(cells[name] for _line, cells in rows if cells.get(name)))

    def day(cells: dict[str, str], column: str, field: str) -> date | None:
        try:
            return to_date(cells[column])
        except ValueError:
            doubts.append(Doubt(field, shown(cells[column]), Problem.NOT_A_DATE))
            return None

    spells = []
    for _line, cells in rows:
        mandate = Mandate(
            cells["chamber"],
            group=cells["group"],
            start=day(cells, "start_date", "since"),
            end=day(cells, "end_date", "until"),
            category=Category.PARLIAMENT,
            country=country,
            term=cells["term"],
            constituency=cells.get("area", ""),
        )
        spells.append(mandate)
    line, first = rows[0]
    name = first["name"]
    given_name, family_name = split_sorted(name, first["sort_name"])
    emails: list[str] = []
    for address in texts("email"):
        try:
            emails.append(normalize_address(address))
        except InvalidAddress:
            doubts.append(Doubt("email", shown(address), Problem.NOT_AN_ADDRESS))
    # What one line alone says is the mandate's; several lines are its groups, one after the other.
    mandates, affiliations = merged(spells)
    return Record(
        line=line,
        name=name,
        given_name=given_name,
        family_name=family_name,
        identifiers=((_IDENTIFIER, first["id"]),) if first["id"] else (),
        category=Category.NATIONAL_MP,
        country=country,
        gender=to_gender(next(iter(texts("gender")), "")),
        other_names=texts("name")[1:],
        emails=tuple(dict.fromkeys(emails)),
        twitter=tuple(filter(None, map(to_handle, texts("twitter")))),
        facebook=texts("facebook"),
        mandates=mandates,
        affiliations=affiliations,
        doubts=tuple(doubts),
    )


def merged(spells: Sequence[Mandate]) -> tuple[tuple[Mandate, ...], tuple[Affiliation, ...]]:
    """Mandates out of spells (one per group), the last first, and the groups as affiliations with their own days.

    Spells of one chamber and term that follow each other without a day between are one mandate, held for the last
    group. A mandate held for one group throughout needs no affiliation to say so.
    """
    ordered = sorted(dict.fromkeys(spells), key=lambda one: (one.term, one.start or date.min, one.end or date.max))
    chains: list[list[Mandate]] = []
    for spell in ordered:
        chain = chains[-1] if chains else []
        if chain and _goes_on(chain, spell):
            chain.append(spell)
        else:
            chains.append([spell])
    mandates, affiliations = [], []
    for chain in chains:
        last = max(chain, key=lambda one: (one.end or date.max, one.start or date.min))
        mandates.append(replace(last, start=chain[0].start))
        if len(chain) > 1:
            affiliations += [
                Affiliation(
                    one.group, Category.POLITICAL_GROUP, institution=one.institution, start=one.start, end=one.end
                )
                for one in chain
                if one.group
            ]
    return tuple(reversed(mandates)), tuple(affiliations)


def _goes_on(chain: Sequence[Mandate], spell: Mandate) -> bool:
    before = chain[-1]
    if (before.institution, before.term, before.constituency) != (spell.institution, spell.term, spell.constituency):
        return False
    ends = [one.end or date.max for one in chain]
    return spell.start is None or max(ends) == date.max or spell.start <= max(ends) + _DAY
