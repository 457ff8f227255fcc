"""Reads Parltrack's dumps of members of the European Parliament, with their dated mandates, groups and committees."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from crm.directory.actions import InvalidAddress, normalize_address
from crm.directory.models import Category
from crm.roster_import import labels
from crm.roster_import.names import split_capitals
from crm.roster_import.readers.ep_full_list import IDENTIFIER, INSTITUTION
from crm.roster_import.readers.json_stream import ANY, elements
from crm.roster_import.readers.limits import fitting
from crm.roster_import.readers.source import one_line, shown, to_date, to_gender, to_phone
from crm.roster_import.records import Affiliation, BadLine, Doubt, Mandate, Problem, Record, RosterFormat

# What stands for "still running" in place of a last day.
_OPEN = date(9999, 12, 31)
# Places of work, each with a phone, a fax and an address of its own.
_PLACES = ("Brussels", "Strasbourg")
_IN_ADDRESS = ("Organization", "Building", "Office", "Street", "Zip", "Zip1", "Zip2", "City")
_GROUP, _PARTY, _COMMITTEE = Category.POLITICAL_GROUP, Category.PARTY, Category.COMMITTEE


def recognises(head: bytes) -> bool:
    """Whether a file that starts so is a dump: one list of members, alone or under `meps`."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return (start == b"{" and b'"meps"' in head) or (start == b"[" and b'"UserID"' in head)


def _text(value: Any) -> str:
    return one_line(value.replace("\xa0", " ")) if isinstance(value, str) else ""


def _entries(mep: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = mep.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _texts(value: Any) -> list[str]:
    """A text or a list of texts."""
    return [text for text in map(_text, value if isinstance(value, list) else [value]) if text]


class _Member:
    """One entry of the dump, and the doubts met while reading it."""

    def __init__(self, mep: dict[str, Any]) -> None:
        self.mep = mep
        self.doubts: list[Doubt] = []

    def day(self, entry: dict[str, Any], key: str, field: str) -> date | None:
        text = _text(entry.get(key))
        try:
            day = to_date(text)
        except ValueError:
            self.doubts.append(Doubt(field, shown(text), Problem.NOT_A_DATE))
            return None
        return None if day == _OPEN else day

    def emails(self) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for text in _texts(self.mep.get("Mail")):
            for part in re.split(r"[|;,\s]+", text):
                try:
                    found[normalize_address(part)] = None
                except InvalidAddress:
                    self.doubts.append(Doubt("email", shown(part), Problem.NOT_AN_ADDRESS))
        return tuple(found)

    def affiliations(self, key: str, category: Category) -> Iterator[Affiliation]:
        for entry in _entries(self.mep, key):
            name = _text(entry.get("Organization"))
            if not name:
                continue
            code = _text(entry.get("committee_id")) or _text(entry.get("abbr"))
            group = _text(entry.get("groupid"))
            if category is _GROUP and labels.known_group(name) is None and labels.known_group(group) is not None:
                name = group
            yield Affiliation(
                name,
                category,
                institution=INSTITUTION,
                code=code,
                role=_text(entry.get("role")).lower() or "member",
                start=self.day(entry, "start", "affiliation_start"),
                end=self.day(entry, "end", "affiliation_end"),
            )


def _overlap(one: Affiliation, mandate: Mandate) -> bool:
    began = one.start is None or mandate.end is None or one.start <= mandate.end
    went_on = one.end is None or mandate.start is None or one.end >= mandate.start
    return began and went_on


def _mandates(member: _Member, groups: Sequence[Affiliation]) -> list[tuple[Mandate, str, str]]:
    """Mandates, the last first, each with the labels of its party and country."""
    found = []
    for entry in _entries(member.mep, "Constituencies"):
        start, end = member.day(entry, "start", "since"), member.day(entry, "end", "until")
        mandate = Mandate(INSTITUTION, start=start, end=end)
        spells = [one for one in groups if _overlap(one, mandate)]
        last = max(spells, key=lambda one: (one.end or date.max, one.start or date.min), default=None)
        mandate = Mandate(INSTITUTION, group=last.organization if last else "", start=start, end=end)
        found.append((mandate, _text(entry.get("party")), _text(entry.get("country"))))
    return sorted(found, key=lambda one: (one[0].end or date.max, one[0].start or date.min), reverse=True)


def _parties(mandates: Sequence[tuple[Mandate, str, str]]) -> Iterator[Affiliation]:
    """The parties of earlier mandates, where they were others than the last one's; one spell for one party."""
    spells: list[Affiliation] = []
    for mandate, party, country in reversed(mandates):
        if spells and spells[-1].organization == party:
            spells[-1] = Affiliation(party, _PARTY, start=spells[-1].start, end=mandate.end)
        elif party and labels.party(party, country) is not None:
            spells.append(Affiliation(party, _PARTY, start=mandate.start, end=mandate.end))
    last = mandates[0][1] if mandates else ""
    yield from (spell for spell in spells if spell.organization != last and spell.end is not None)


def _points(mep: dict[str, Any]) -> tuple[list[tuple[str, str]], list[tuple[str, str]], list[tuple[str, str]]]:
    """Phones, faxes and addresses, each with the place it is in."""
    phones, faxes, addresses = [], [], []
    found = mep.get("Addresses")
    places = found if isinstance(found, dict) else {}
    for place in _PLACES:
        entry = places.get(place)
        if not isinstance(entry, dict):
            continue
        phones += [(to_phone(text), place) for text in _texts(entry.get("Phone"))]
        faxes += [(to_phone(text), place) for text in _texts(entry.get("Fax"))]
        parts = entry.get("Address")
        lines = [_text(parts.get(name)) for name in _IN_ADDRESS] if isinstance(parts, dict) else _texts(parts)
        addresses += [(", ".join(filter(None, lines)), place)] if any(lines) else []
    addresses += [(text, "Postal") for text in _texts(places.get("Postal"))]
    return phones, faxes, addresses


def _values(points: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value, _place in points))


def _record(line: int, mep: dict[str, Any]) -> Record | BadLine:
    naming = mep.get("Name")
    name_parts = naming if isinstance(naming, dict) else {}
    # `sur` is the given name, whatever the word says.
    given_name, family_name = _text(name_parts.get("sur")) or None, _text(name_parts.get("family")) or None
    name = " ".join(filter(None, (given_name, family_name))) or _text(name_parts.get("full"))
    if not name:
        return BadLine(line, shown(_text(mep.get("UserID"))), Problem.NO_NAME)
    if family_name is None:
        given_name, family_name = split_capitals(name)
    member = _Member(mep)
    groups = tuple(member.affiliations("Groups", _GROUP))
    mandates = _mandates(member, groups)
    bodies = [one for key in ("Committees", "Delegations", "Staff") for one in member.affiliations(key, _COMMITTEE)]
    phones, faxes, addresses = _points(mep)
    birth = mep.get("Birth")
    birth_date = member.day(birth, "date", "birth_date") if isinstance(birth, dict) else None
    user_id = mep.get("UserID")
    identifier = str(user_id) if isinstance(user_id, int) else _text(user_id)
    return fitting(
        Record(
            line=line,
            name=name,
            given_name=given_name,
            family_name=family_name,
            identifiers=((IDENTIFIER, identifier),) if identifier else (),
            category=Category.MEP,
            country=mandates[0][2] if mandates else "",
            gender=to_gender(_text(mep.get("Gender"))),
            birth_date=birth_date,
            honorific_prefix=_text(name_parts.get("title")),
            emails=member.emails(),
            phones=_values(phones),
            faxes=_values(faxes),
            addresses=_values(addresses),
            urls=tuple(dict.fromkeys(_texts(mep.get("Homepage")))),
            point_labels=tuple(dict.fromkeys([*phones, *faxes, *addresses])),
            mandates=tuple(mandate for mandate, _party, _country in mandates),
            affiliations=tuple(dict.fromkeys([*groups, *_parties(mandates), *bodies])),
            party=(mandates[0][1] if mandates else "") or None,
            doubts=tuple(dict.fromkeys(member.doubts)),
        )
    )


class Parltrack:
    """Members of the European Parliament, present and past ones, as Parltrack has gathered them."""

    format = RosterFormat.PARLTRACK
    institution = INSTITUTION
    complete: bool | None = False
    unread: tuple[str, ...] = ("Name.aliases", "Birth.place", "CV", "Photo")
    day: date | None = None

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            in_a_list = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
        self._where = (ANY,) if in_a_list else ("meps", ANY)

    def records(self) -> Iterator[Record | BadLine]:
        """Every member, streamed."""
        for element in elements(self._path, self._where):
            if len(element.path) != len(self._where):
                continue
            if isinstance(element.value, dict):
                yield _record(element.line, element.value)
            else:
                yield BadLine(element.line, shown(str(element.value)), Problem.NO_NAME)
