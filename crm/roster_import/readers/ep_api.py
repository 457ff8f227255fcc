"""Reads answers of the European Parliament's Open Data API, version 2 (JSON-LD): people, or bodies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from crm.directory.actions import InvalidAddress, normalize_address
from crm.directory.models import Category, Organization
from crm.roster_import import labels
from crm.roster_import.names import split_capitals
from crm.roster_import.readers.ep_full_list import IDENTIFIER, INSTITUTION
from crm.roster_import.readers.json_stream import ANY, Element, elements
from crm.roster_import.readers.limits import fitting
from crm.roster_import.readers.source import one_line, shown, to_date, to_gender, to_phone
from crm.roster_import.records import BadLine, Doubt, Item, Mandate, OrganizationRecord, Problem, Record, RosterFormat
from crm.roster_import.told import Told, ToldName

_PARLIAMENT = re.compile(r"org/ep-(\d+)$")
_LONG: int = Organization.name.type.length
_SHORT: int = Organization.abbreviation.type.length
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


def _category(classification: str) -> Category:
    kind = _last(classification)
    if "POLITICAL_GROUP" in kind:
        return Category.POLITICAL_GROUP
    return Category.COMMITTEE if kind.startswith(("COMMITTEE", "DELEGATION")) else Category.OTHER


def _names(entry: dict[str, Any]) -> dict[str, str]:
    """The whole names of a body by language."""
    told = entry.get("prefLabel")
    return {language: _text(name) for language, name in told.items() if _text(name)} if isinstance(told, dict) else {}


def _body(line: int, entry: dict[str, Any]) -> OrganizationRecord | BadLine:
    """A committee, delegation or group as it is now; what it was before would be taken for the one of today."""
    label, names = _text(entry.get("label")), _names(entry)
    during = entry.get("temporal")
    if isinstance(during, dict) and during.get("endDate"):
        return BadLine(line, shown(names.get("en") or label), Problem.PAST_BODY)
    category = _category(_text(entry.get("classification")))
    known = labels.known_group(label) if category is Category.POLITICAL_GROUP else labels.seat(label)
    told = names.pop("en", "") or (known.name if known and known.name != label else "")
    name = told or next(iter(names.values()), label)
    code = known.code if known and category is not Category.OTHER else ""
    problem = _unfit(name, label, *names.values())
    if problem is not None:
        return BadLine(line, shown(name or _text(entry.get("id"))), problem)
    return OrganizationRecord(
        line=line,
        name=name,
        category=category,
        told=Told(
            ref=_text(entry.get("id")),
            names=tuple(ToldName(text, language) for language, text in names.items() if text != name),
        ),
        abbreviation=known.short if known and known.short != name else "",
        identifiers=((labels.SCHEME, code),) if code else (),
    )


def _unfit(name: str, label: str, *others: str) -> Problem | None:
    if not name:
        return Problem.NO_NAME
    if any("\0" in text for text in (name, label, *others)):
        return Problem.NUL
    too_long = len(label) > _SHORT or any(len(text) > _LONG for text in (name, *others))
    return Problem.TOO_LONG if too_long else None


class ApiAnswer:
    """People or bodies of an answer. Those of a list of whoever ever sat come without mandates: it tells none."""

    format = RosterFormat.EP_API
    institution = INSTITUTION
    complete: bool | None = None
    unread: tuple[str, ...] = ("placeOfBirth", "img", "hasMembership: org/(number)")
    day: date | None = None

    def __init__(self, path: Path) -> None:
        self._path = path

    def records(self) -> Iterator[Item]:
        """Every person or body, streamed."""
        for element in elements(self._path, ("data", ANY)):
            if element.path[:1] == ("data",):
                yield self._of(element)

    def _of(self, element: Element) -> Item:
        entry = element.value
        if not isinstance(entry, dict):
            return BadLine(element.line, shown(str(entry)), Problem.NO_NAME)
        if entry.get("type") == "Organization" or _text(entry.get("id")).startswith("org/"):
            # However many they are, no member's mandate ends by them.
            self.complete, self.unread = False, ()
            return _body(element.line, entry)
        return _record(element.line, entry)
