"""Reads answers of the European Parliament's Open Data API, version 2 (JSON-LD): people, with their memberships."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from flask_babel import gettext

from crm.directory.actions import InvalidAddress, normalize_address
from crm.directory.models import Category
from crm.roster_import.names import split_capitals
from crm.roster_import.readers.ep_full_list import IDENTIFIER, INSTITUTION
from crm.roster_import.readers.json_stream import ANY, Element, elements
from crm.roster_import.readers.limits import fitting
from crm.roster_import.readers.source import one_line, shown, to_date, to_gender, to_phone
from crm.roster_import.records import BadLine, Doubt, Mandate, Problem, Record, RosterFormat, UnreadableRoster

_PARLIAMENT = re.compile(r"org/ep-(\d+)$")
_HONORIFICS = {"MR": "Mr", "MS": "Ms", "MRS": "Ms"}


def recognises(head: bytes) -> bool:
    """Whether a file that starts so is an answer of the API."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    told = re.search(rb'"id"\s*:\s*"(?:person|org)/', head) or b"data.europarl.europa.eu" in head
    return start == b"{" and b'"data"' in head and bool(told)


def _text(value: Any) -> str:
    return one_line(value) if isinstance(value, str) else ""


def _last(value: Any) -> str:
    """What an authority's address ends in: `BEL`, `MALE`."""
    return _text(value).rsplit("/", 1)[-1]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


class _Person:
    """One person of an answer, and the doubts met while reading them."""

    def __init__(self, person: dict[str, Any]) -> None:
        self.person = person
        self.doubts: list[Doubt] = []
        self.phones: dict[str, None] = {}
        self.addresses: dict[str, None] = {}
        self.country = _text(person.get("api:country-of-representation"))

    def day(self, entry: dict[str, Any], key: str, field: str) -> date | None:
        try:
            return to_date(_text(entry.get(key)))
        except ValueError:
            self.doubts.append(Doubt(field, shown(_text(entry.get(key))), Problem.NOT_A_DATE))
            return None

    def emails(self) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for text in map(_text, _listed(self.person.get("hasEmail"))):
            try:
                found[normalize_address(text.removeprefix("mailto:"))] = None
            except InvalidAddress:
                self.doubts.append(Doubt("email", shown(text), Problem.NOT_AN_ADDRESS))
        return tuple(found)

    def mandates(self) -> tuple[Mandate, ...]:
        """Mandates in the Parliament itself, the last first; other bodies have a number alone, and no name, here."""
        found = []
        group = _text(self.person.get("api:political-group"))
        for membership in _listed(self.person.get("hasMembership")):
            if not isinstance(membership, dict):
                continue
            term = _PARLIAMENT.match(_text(membership.get("organization")))
            if term is None:
                continue
            during = membership.get("memberDuring")
            period = during if isinstance(during, dict) else {}
            found.append(
                Mandate(
                    INSTITUTION,
                    group=group,
                    start=self.day(period, "startDate", "since"),
                    end=self.day(period, "endDate", "until"),
                    term=term.group(1),
                )
            )
            self._points(membership)
            represented = [_last(one) for one in _listed(membership.get("represents"))]
            self.country = self.country or next(iter(represented), "")
        if not found and group:
            found.append(Mandate(INSTITUTION, group=group))
        return tuple(sorted(found, key=lambda one: (one.end or date.max, one.start or date.min), reverse=True))

    def _points(self, membership: dict[str, Any]) -> None:
        for point in _listed(membership.get("contactPoint")):
            if not isinstance(point, dict):
                continue
            for phone in _listed(point.get("hasTelephone")):
                number = _text(phone.get("hasValue")) if isinstance(phone, dict) else ""
                if number:
                    self.phones[to_phone(number.removeprefix("tel:"))] = None
            office = ", ".join(filter(None, (_last(point.get("hasSite")), _text(point.get("officeAddress")))))
            if office:
                self.addresses[f"{INSTITUTION}, {office}"] = None


def _record(line: int, entry: dict[str, Any]) -> Record | BadLine:
    label = _text(entry.get("label"))
    given_name, family_name = _text(entry.get("givenName")) or None, _text(entry.get("familyName")) or None
    name = " ".join(filter(None, (given_name, family_name))) or label
    if not name:
        return BadLine(line, shown(_text(entry.get("id"))), Problem.NO_NAME)
    if family_name is None:
        given_name, family_name = split_capitals(name)
    person = _Person(entry)
    mandates = person.mandates()
    identifier = _text(entry.get("identifier")) or _last(entry.get("id"))
    honorific = _last(entry.get("hasHonorificPrefix"))
    birth_date, death_date = person.day(entry, "bday", "birth_date"), person.day(entry, "deathDate", "death_date")
    return fitting(
        Record(
            line=line,
            name=name,
            given_name=given_name,
            family_name=family_name,
            identifiers=((IDENTIFIER, identifier),) if identifier else (),
            category=Category.MEP if mandates else "",
            country=person.country,
            citizenship=_last(next(iter(_listed(entry.get("citizenship"))), "")),
            gender=to_gender(_last(entry.get("hasGender")).lower()),
            birth_date=birth_date,
            death_date=death_date,
            honorific_prefix=_HONORIFICS.get(honorific, honorific),
            emails=person.emails(),
            phones=tuple(person.phones),
            addresses=tuple(person.addresses),
            urls=tuple(filter(None, map(_text, _listed(entry.get("homepage"))))),
            mandates=mandates,
            doubts=tuple(person.doubts),
        )
    )


class ApiAnswer:
    """People of an answer. Those of a list of whoever ever sat come without mandates, which it does not tell."""

    format = RosterFormat.EP_API
    institution = INSTITUTION
    complete: bool | None = None
    unread: tuple[str, ...] = ("placeOfBirth", "img", "hasMembership: org/(number)")
    day: date | None = None

    def __init__(self, path: Path) -> None:
        self._path = path

    def records(self) -> Iterator[Record | BadLine]:
        """Every person, streamed. Raises UnreadableRoster for an answer about bodies."""
        for element in elements(self._path, ("data", ANY)):
            if element.path[:1] == ("data",):
                yield self._of(element)

    def _of(self, element: Element) -> Record | BadLine:
        entry = element.value
        if not isinstance(entry, dict):
            return BadLine(element.line, shown(str(entry)), Problem.NO_NAME)
        if entry.get("type") == "Organization" or _text(entry.get("id")).startswith("org/"):
            raise UnreadableRoster(
                gettext(
                    "Line %(line)s: this answer of the Open Data API is about committees and other bodies, not about "
                    "people. Import an answer of its “meps”; nothing was changed.",
                    line=element.line,
                ),
                element.line,
            )
        return _record(element.line, entry)
