"""Reads Popolo JSON: people with their memberships, as EveryPolitician, others and our own exports write it."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from flask_babel import gettext

from crm.directory.actions import InvalidAddress, normalize_address
from crm.directory.models import ORGANIZATION_CATEGORIES, PERSON_CATEGORIES, Category
from crm.places.countries import country_code
from crm.roster_import.names import split_sorted
from crm.roster_import.readers.everypolitician import merged
from crm.roster_import.readers.json_stream import ANY, elements
from crm.roster_import.readers.limits import fitting
from crm.roster_import.readers.source import one_line, shown, to_date, to_gender, to_handle, to_phone
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

# The key our own exports put what Popolo has no term for under.
_OURS = "ratify"
_LISTS = rb"persons|organizations|memberships|posts|areas|events"
_FIRST_KEY = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"(?:' + _LISTS + rb')"\s*:\s*\[')
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_REGION = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")
# Numbers that count within one parliament alone: two files have the same for different people.
_LOCAL_SCHEMES = frozenset({"everypolitician_legacy"})
# What directories write in `classification`, besides our own categories.
_CLASSIFICATIONS = {
    "legislature": Category.PARLIAMENT,
    "chamber": Category.PARLIAMENT,
    "house": Category.PARLIAMENT,
    "faction": Category.POLITICAL_GROUP,
    "parliamentary group": Category.POLITICAL_GROUP,
    "political party": Category.PARTY,
    "ministry": Category.GOVERNMENT,
    "cabinet": Category.GOVERNMENT,
    "executive": Category.GOVERNMENT,
    "subcommittee": Category.COMMITTEE,
    "delegation": Category.COMMITTEE,
}
_AFFILIATIONS = (Category.POLITICAL_GROUP, Category.PARTY, Category.COMMITTEE)
_PHONES = ("phone", "voice", "tel", "telephone", "cell", "mobile")


def recognises(head: bytes) -> bool:
    """Whether a file that starts so is a Popolo document: an object whose first list is one of Popolo's classes."""
    return _FIRST_KEY.match(head) is not None


@dataclass
class _Surroundings:
    """What memberships point to, by the document's own ids."""

    organizations: dict[str, dict[str, Any]] = field(default_factory=dict)
    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    areas: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    country: str = ""


class Popolo:
    """People of any organizations with their memberships; never all members of one day."""

    format = RosterFormat.POPOLO
    institution = ""
    complete: bool | None = False
    day: date | None = None
    unread: tuple[str, ...] = ("images",)

    def __init__(self, path: Path, file_name: str = "") -> None:
        self._path = path
        self._country = _country_told(path, file_name)

    def records(self) -> Iterator[Record | BadLine]:
        """Every person in the order of the document, whose lists may come in any order."""
        around = _Surroundings(country=self._country)
        # A file of SQLite's own, gone when it is closed: a document may tell memberships after, or before, its people.
        with closing(sqlite3.connect("")) as held:
            held.execute("CREATE TABLE held (person TEXT, membership TEXT)")
            for one in elements(self._path, (ANY, ANY)):
                if one.path[-1] == ANY and isinstance(one.value, dict):
                    _note(one.path[0], one.value, around, held)
            held.execute("CREATE INDEX held_person ON held (person)")
            _refuse_nameless_country(around)
            for one in elements(self._path, ("persons", ANY)):
                if one.path != ("persons", ANY):
                    continue
                if not isinstance(one.value, dict):
                    yield BadLine(one.line, shown(str(one.value)), Problem.NO_NAME)
                    continue
                rows = held.execute("SELECT membership FROM held WHERE person = ?", (_text(one.value, "id"),))
                memberships = [json.loads(text) for (text,) in rows] + _things(one.value, "memberships")
                yield _Person(one.line, one.value, memberships, around).record()


def _country_told(path: Path, file_name: str) -> str:
    """The country a document is of, which its name or EveryPolitician's folders (Country/Chamber/) may tell."""
    words = re.split(r"[^\w']+|_", Path(file_name or path.name).stem)
    spans = [
        " ".join(words[start : start + length]) for length in (4, 3, 2, 1) for start in range(len(words) - length + 1)
    ]
    # Short words may be codes of countries by accident: EP, v1.
    named = [span for span in spans if len(span) > 3]
    if path.name.startswith("ep-popolo"):
        named += [folder.replace("_", " ") for folder in path.absolute().parts[-3:-2]]
    return next((code for code in map(country_code, named) if code), None) or ""


def _refuse_nameless_country(around: _Surroundings) -> None:
    """A parliament's terms without its country: every other National Assembly would be taken for the same one."""
    terms = any(_text(event, "classification") == "legislative period" for event in around.events.values())
    if terms and not around.country:
        raise UnreadableRoster(
            gettext(
                "The file does not say of which country's parliament it is. Give the file a name that does, "
                "such as Spain_ep-popolo-v1.0.json, and import it again."
            )
        )


def _note(name: str, thing: dict[str, Any], around: _Surroundings, held: sqlite3.Connection) -> None:
    if name == "memberships":
        text = json.dumps(thing, default=str)
        held.execute("INSERT INTO held VALUES (?, ?)", (_text(thing, "person_id"), text))
    elif name in ("organizations", "posts", "areas", "events"):
        getattr(around, name)[_text(thing, "id")] = thing
        for post in _things(thing, "posts"):
            around.posts[_text(post, "id")] = {"organization_id": thing.get("id"), **post}


def _text(thing: dict[str, Any], name: str) -> str:
    value = thing.get(name)
    return one_line(str(value)) if isinstance(value, str | int) else ""


def _things(thing: dict[str, Any], name: str) -> list[dict[str, Any]]:
    value = thing.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _ours(thing: dict[str, Any]) -> dict[str, Any]:
    value = thing.get(_OURS)
    return value if isinstance(value, dict) else {}


def _category(organization: dict[str, Any]) -> Category:
    word = _text(organization, "classification").lower()
    if word in _CLASSIFICATIONS:
        return _CLASSIFICATIONS[word]
    return Category(word) if word in set(ORGANIZATION_CATEGORIES) else Category.OTHER


class _Person:
    """One person of a document, and the doubts met while reading them."""

    def __init__(
        self, line: int, told: dict[str, Any], memberships: list[dict[str, Any]], around: _Surroundings
    ) -> None:
        self._line = line
        self._told = told
        self._memberships = memberships
        self._around = around
        self._doubts: list[Doubt] = []

    def record(self) -> Record | BadLine:
        told = self._told
        given_name, family_name = _text(told, "given_name") or None, _text(told, "family_name") or None
        name = _text(told, "name") or " ".join(filter(None, (given_name, family_name)))
        if not name:
            return BadLine(self._line, shown(_text(told, "id")), Problem.NO_NAME)
        if family_name is None:
            given_name, family_name = split_sorted(name, _text(told, "sort_name"))
        mandates, affiliations = self._offices()
        ours = _ours(told)
        category = ours.get("category", "")
        languages = ours.get("languages")
        return fitting(
            Record(
                line=self._line,
                name=name,
                given_name=given_name,
                family_name=family_name,
                identifiers=self._identifiers(),
                category=category if category in set(PERSON_CATEGORIES) else "",
                country=_text(ours, "country") or self._around.country,
                citizenship=_text(told, "national_identity"),
                gender=to_gender(_text(told, "gender")),
                birth_date=self._day(told, "birth_date", "birth_date"),
                death_date=self._day(told, "death_date", "death_date"),
                honorific_prefix=_text(told, "honorific_prefix"),
                honorific_suffix=_text(told, "honorific_suffix"),
                other_names=tuple(
                    dict.fromkeys(filter(None, (_text(one, "name") for one in _things(told, "other_names"))))
                ),
                languages=tuple(str(one) for one in languages) if isinstance(languages, list) else (),
                mandates=mandates,
                affiliations=affiliations,
                **self._points(),
                doubts=tuple(self._doubts),
            )
        )

    def _identifiers(self) -> tuple[tuple[str, str], ...]:
        found = {(_text(one, "scheme"), _text(one, "identifier")): None for one in _things(self._told, "identifiers")}
        # Ids of documents are their own affair, unless they are unique the world over: EveryPolitician's are.
        own = _text(self._told, "id")
        if _UUID.fullmatch(own):
            found["everypolitician", own] = None
        return tuple(
            (scheme[:40], value) for scheme, value in found if scheme and value and scheme not in _LOCAL_SCHEMES
        )

    def _day(self, thing: dict[str, Any], name: str, called: str) -> date | None:
        text = _text(thing, name)
        # Popolo allows a year or a month alone, which is no day to write down and no mistake either.
        if re.fullmatch(r"\d{4}(-\d{2})?", text):
            return None
        try:
            found = to_date(text)
        except ValueError:
            self._doubts.append(Doubt(called, shown(text), Problem.NOT_A_DATE))
            return None
        # How some directories write that there is no end.
        return None if found is not None and found.year == date.max.year else found

    def _points(self) -> dict[str, Any]:
        """Ways to reach the person by the field of a record; those out of use are left out."""
        found: dict[str, dict[str, None]] = {}
        labels = []
        details = [
            (one, _text(one, "type").lower(), _text(one, "value")) for one in _things(self._told, "contact_details")
        ]
        details += [({}, "email", _text(self._told, "email"))]
        details += [(one, _text(one, "note").lower(), _text(one, "url")) for one in _things(self._told, "links")]
        for detail, kind, value in details:
            if not value or _ours(detail).get("status") == "retired" or ("://" not in value and kind == "website"):
                continue
            field_name, kept = self._point(kind, value)
            if field_name and kept:
                found.setdefault(field_name, {})[kept] = None
                if _text(detail, "label"):
                    labels.append((kept, _text(detail, "label")))
        return {name: tuple(values) for name, values in found.items()} | {"point_labels": tuple(labels)}

    def _point(self, kind: str, value: str) -> tuple[str, str]:
        if kind == "email":
            try:
                return "emails", normalize_address(value.removeprefix("mailto:"))
            except InvalidAddress:
                self._doubts.append(Doubt("email", shown(value), Problem.NOT_AN_ADDRESS))
                return "", ""
        if kind in _PHONES:
            return "phones", to_phone(value)
        simple = {"fax": "faxes", "address": "addresses", "facebook": "facebook", "instagram": "instagram"}
        if kind == "twitter":
            return "twitter", to_handle(value)
        if kind in ("url", "website", "homepage"):
            return "urls", value
        return simple.get(kind, ""), value

    def _offices(self) -> tuple[tuple[Mandate, ...], tuple[Affiliation, ...]]:
        spells: list[Mandate] = []
        affiliations: list[Affiliation] = []
        for one in self._memberships:
            organization = self._organization(one, "organization")
            name = _text(organization, "name")
            if not name:
                continue
            start = self._day(one, "start_date", "since")
            end = self._day(one, "end_date", "until")
            category = _category(organization)
            role = _text(one, "role") or "member"
            if category in _AFFILIATIONS:
                affiliations.append(Affiliation(name, category, role=role, start=start, end=end))
            else:
                spells.append(self._mandate(one, organization, role, start, end))
        mandates, groups = merged(spells)
        return mandates, (*affiliations, *groups)

    def _organization(self, membership: dict[str, Any], name: str) -> dict[str, Any]:
        embedded = membership.get(name)
        if isinstance(embedded, dict):
            return embedded
        return self._around.organizations.get(_text(membership, f"{name}_id"), {})

    def _mandate(
        self, one: dict[str, Any], organization: dict[str, Any], role: str, start: date | None, end: date | None
    ) -> Mandate:
        ours = _ours(one)
        post = self._around.posts.get(_text(one, "post_id"), {})
        area = self._around.areas.get(_text(one, "area_id"), {})
        region = next((code for code in (_text(area, "identifier"), _text(area, "id")) if _REGION.fullmatch(code)), "")
        term = self._around.events.get(_text(one, "legislative_period_id"), {})
        place = "" if region or _text(area, "classification") == "country" else _text(area, "name")
        return Mandate(
            _text(organization, "name"),
            role=role,
            group=_text(self._organization(one, "on_behalf_of"), "name"),
            start=start,
            end=end,
            category=_category(organization),
            country=_text(_ours(organization), "country") or self._around.country,
            post=_text(post, "label"),
            term=_text(ours, "term") or _text(term, "name")[:40],
            constituency=_text(ours, "constituency") or place,
            region=region,
        )
