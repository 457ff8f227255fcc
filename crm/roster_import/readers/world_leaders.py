"""Reads a snapshot of heads of state and government (JSON), each with the office they hold in their country."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from flask_babel import gettext

from crm.directory.models import Category
from crm.places.countries import country_code
from crm.roster_import.readers.json_stream import ANY, elements
from crm.roster_import.readers.limits import fitting
from crm.roster_import.readers.source import one_line, shown, to_date
from crm.roster_import.records import BadLine, Doubt, Mandate, Problem, Record, RosterFormat, UnreadableRoster

_ROLES = {"head_of_state": "head of state", "head_of_government": "head of government"}
# There are some two hundred states: a file with more entries is something else.
_MAX_ENTRIES = 1000
# Of the European Union the file names the presidents of two of its institutions.
_UNION_INSTITUTIONS = ("European Commission", "European Council")


def recognises(head: bytes) -> bool:
    """Whether a file that starts so is such a snapshot."""
    return (
        head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and b'"snapshot_date"' in head and b'"countries"' in head
    )


def _text(value: Any) -> str:
    return one_line(value) if isinstance(value, str) else ""


def _institution(country: dict[str, Any], title: str) -> Mandate:
    """The government of the country, or the body an office of no country is held in."""
    name, code = _text(country.get("name_en")), _text(country.get("iso_code"))
    if country_code(code):
        return Mandate(f"Government of {name or code}", category=Category.GOVERNMENT, country=code)
    union = next((label for label in _UNION_INSTITUTIONS if label in title), None)
    return Mandate(union or name or code, category=Category.EU_INSTITUTION if union else Category.OTHER)


def _holder(line: int, country: dict[str, Any], role: str, position: dict[str, Any]) -> Record | None:
    """Who holds a position, None where it is vacant."""
    holder = position.get("current_holder")
    name = _text(holder.get("name_en")) or _text(holder.get("name_local")) if isinstance(holder, dict) else ""
    if not isinstance(holder, dict) or not name:
        return None
    doubts: list[Doubt] = []

    def day(key: str, field: str) -> date | None:
        try:
            return to_date(_text(holder.get(key)))
        except ValueError:
            doubts.append(Doubt(field, shown(_text(holder.get(key))), Problem.NOT_A_DATE))
            return None

    birth_date, start = day("born", "birth_date"), day("since", "since")
    title, local = _text(position.get("title_en")), _text(holder.get("name_local"))
    identifier = _text(holder.get("wikidata_id"))
    code = _text(country.get("iso_code"))
    return Record(
        line=line,
        name=name,
        identifiers=(("wikidata", identifier),) if identifier else (),
        category=Category.NATIONAL_OFFICIAL if country_code(code) else "",
        country=code if country_code(code) else "",
        birth_date=birth_date,
        other_names=(local,) if local and local != name else (),
        mandates=(replace(_institution(country, title), role=role, start=start, post=title),),
        # Of whom the file gives no country, it does not tell which country's party is meant.
        party=(_text(holder.get("party")) or None) if country_code(code) else None,
        doubts=tuple(doubts),
    )


class WorldLeaders:
    """Heads of state and government on a day; one who holds several offices is one person with all of them."""

    format = RosterFormat.WORLD_LEADERS
    institution = ""
    complete: bool | None = False
    unread: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        self._path = path
        self.day = self._snapshot_date()

    def _snapshot_date(self) -> date | None:
        # It stands before the countries, which are not read for it.
        for element in elements(self._path, ("countries", ANY)):
            if element.path == ("snapshot_date",):
                try:
                    return to_date(str(element.value))
                except ValueError:
                    return None
            if element.path[0] == "countries":
                return None
        return None

    def records(self) -> Iterator[Record | BadLine]:
        """Every person, in the order of the file; a second office is the same line's, wherever it stands."""
        found: dict[tuple[str, ...], Record] = {}
        for element in elements(self._path, ("countries", ANY)):
            if element.path[0] != "countries" or not isinstance(element.value, dict):
                continue
            if len(found) >= _MAX_ENTRIES:
                raise UnreadableRoster(
                    gettext(
                        "Line %(line)s: the file goes on with more people than there are heads of state and "
                        "government. Is it the right file? Nothing was changed.",
                        line=element.line,
                    ),
                    element.line,
                )
            for holder in _holders(element.line, element.value):
                key = holder.identifiers[0] if holder.identifiers else (holder.name, holder.country)
                known = found.get(key)
                found[key] = holder if known is None else _joined(known, holder)
        yield from map(fitting, found.values())


def _holders(line: int, entry: dict[str, Any]) -> Iterator[Record]:
    country, positions = entry.get("country"), entry.get("positions")
    if not isinstance(country, dict) or not isinstance(positions, dict):
        return
    for key, role in _ROLES.items():
        position = positions.get(key)
        holder = _holder(line, country, role, position) if isinstance(position, dict) else None
        if holder is not None:
            yield holder


def _joined(known: Record, more: Record) -> Record:
    """One person of two entries; who holds offices in several countries is filed under none."""
    return replace(
        known,
        country=known.country if known.country == more.country else "",
        other_names=tuple(dict.fromkeys(known.other_names + more.other_names)),
        mandates=tuple(dict.fromkeys(known.mandates + more.mandates)),
        doubts=tuple(dict.fromkeys(known.doubts + more.doubts)),
    )
