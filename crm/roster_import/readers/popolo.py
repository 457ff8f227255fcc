"""Reads Popolo JSON: people with their memberships, as EveryPolitician, others and our own exports write it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
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
from crm.roster_import.readers.own_export import OwnExport
from crm.roster_import.readers.own_values import is_ours
from crm.roster_import.readers.popolo_document import Around, ours_of, text_of, things_of
from crm.roster_import.readers.source import shown, to_date, to_gender, to_handle, to_phone
from crm.roster_import.records import (
    Affiliation,
    BadLine,
    Doubt,
    Item,
    Mandate,
    Problem,
    Record,
    RosterFormat,
    UnreadableRoster,
)

_LISTS = rb"persons|organizations|memberships|posts|areas|events|relationships"
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

    def records(self) -> Iterator[Item]:
        """Our own organizations, then every person in the order of the document, whose lists may come in any order."""
        with closing(Around(self._country)) as around:
            for one in elements(self._path, (ANY, ANY)):
                if one.path[-1] == ANY and isinstance(one.value, dict):
                    around.note(one.path[0], one.value, one.line)
            _refuse_nameless_country(around)
            # Names of contacts by id: a tie is told by whichever of its ends comes later.
            earlier: dict[str, str] = {}
            own = OwnExport(around.organizations, around.posts)
            for organization in own.in_order():
                ref = text_of(organization, "id")
                yield own.organization(around.lines.get(ref, 1), organization, around.ties(ref, earlier))
                earlier[ref] = text_of(organization, "name")
            for one in elements(self._path, ("persons", ANY)):
                if one.path != ("persons", ANY):
                    continue
                if not isinstance(one.value, dict):
                    yield BadLine(one.line, shown(str(one.value)), Problem.NO_NAME)
                    continue
                ref = text_of(one.value, "id")
                memberships = around.memberships(ref) + things_of(one.value, "memberships")
                if is_ours(one.value):
                    yield own.person(one.line, one.value, memberships, around.ties(ref, earlier))
                else:
                    yield _Person(one.line, one.value, memberships, around).record()
                earlier[ref] = text_of(one.value, "name")


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


def _refuse_nameless_country(around: Around) -> None:
    """A parliament's terms without its country: every other National Assembly would be taken for the same one."""
    terms = any(text_of(event, "classification") == "legislative period" for event in around.events.values())
    if terms and not around.country:
        raise UnreadableRoster(
            gettext(
                "The file does not say of which country's parliament it is. Give the file a name that does, "
                "such as Spain_ep-popolo-v1.0.json, and import it again."
            )
        )


def _category(organization: dict[str, Any]) -> Category:
    word = text_of(organization, "classification").lower()
    if word in _CLASSIFICATIONS:
        return _CLASSIFICATIONS[word]
    return Category(word) if word in set(ORGANIZATION_CATEGORIES) else Category.OTHER


class _Person:
    """One person of a document, and the doubts met while reading them."""

    def __init__(self, line: int, told: dict[str, Any], memberships: list[dict[str, Any]], around: Around) -> None:
        self._line = line
        self._told = told
        self._memberships = memberships
        self._around = around
        self._doubts: list[Doubt] = []

    def record(self) -> Record | BadLine:
        told = self._told
        given_name, family_name = text_of(told, "given_name") or None, text_of(told, "family_name") or None
        name = text_of(told, "name") or " ".join(filter(None, (given_name, family_name)))
        if not name:
            return BadLine(self._line, shown(text_of(told, "id")), Problem.NO_NAME)
        if family_name is None:
            given_name, family_name = split_sorted(name, text_of(told, "sort_name"))
        mandates, affiliations = self._offices()
        ours = ours_of(told)
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
                country=text_of(ours, "country") or self._around.country,
                citizenship=text_of(told, "national_identity"),
                gender=to_gender(text_of(told, "gender")),
                birth_date=self._day(told, "birth_date", "birth_date"),
                death_date=self._day(told, "death_date", "death_date"),
                honorific_prefix=text_of(told, "honorific_prefix"),
                honorific_suffix=text_of(told, "honorific_suffix"),
                other_names=tuple(
                    dict.fromkeys(filter(None, (text_of(one, "name") for one in things_of(told, "other_names"))))
                ),
                languages=tuple(str(one) for one in languages) if isinstance(languages, list) else (),
                mandates=mandates,
                affiliations=affiliations,
                **self._points(),
                doubts=tuple(self._doubts),
            )
        )

    def _identifiers(self) -> tuple[tuple[str, str], ...]:
        found = {
            (text_of(one, "scheme"), text_of(one, "identifier")): None for one in things_of(self._told, "identifiers")
        }
        # Ids of documents are their own affair, unless they are unique the world over: EveryPolitician's are.
        own = text_of(self._told, "id")
        if _UUID.fullmatch(own):
            found["everypolitician", own] = None
        return tuple(
            (scheme[:40], value) for scheme, value in found if scheme and value and scheme not in _LOCAL_SCHEMES
        )

    def _day(self, thing: dict[str, Any], name: str, called: str) -> date | None:
        text = text_of(thing, name)
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
            (one, text_of(one, "type").lower(), text_of(one, "value"))
            for one in things_of(self._told, "contact_details")
        ]
        details += [({}, "email", text_of(self._told, "email"))]
        details += [(one, text_of(one, "note").lower(), text_of(one, "url")) for one in things_of(self._told, "links")]
        for detail, kind, value in details:
            if not value or ours_of(detail).get("status") == "retired" or ("://" not in value and kind == "website"):
                continue
            field_name, kept = self._point(kind, value)
            if field_name and kept:
                found.setdefault(field_name, {})[kept] = None
                if text_of(detail, "label"):
                    labels.append((kept, text_of(detail, "label")))
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
            name = text_of(organization, "name")
            if not name:
                continue
            start = self._day(one, "start_date", "since")
            end = self._day(one, "end_date", "until")
            category = _category(organization)
            role = text_of(one, "role") or "member"
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
        return self._around.organizations.get(text_of(membership, f"{name}_id"), {})

    def _mandate(
        self, one: dict[str, Any], organization: dict[str, Any], role: str, start: date | None, end: date | None
    ) -> Mandate:
        ours = ours_of(one)
        post = self._around.posts.get(text_of(one, "post_id"), {})
        area = self._around.areas.get(text_of(one, "area_id"), {})
        region = next(
            (code for code in (text_of(area, "identifier"), text_of(area, "id")) if _REGION.fullmatch(code)), ""
        )
        term = self._around.events.get(text_of(one, "legislative_period_id"), {})
        place = "" if region or text_of(area, "classification") == "country" else text_of(area, "name")
        return Mandate(
            text_of(organization, "name"),
            role=role,
            group=text_of(self._organization(one, "on_behalf_of"), "name"),
            start=start,
            end=end,
            category=_category(organization),
            country=text_of(ours_of(organization), "country") or self._around.country,
            post=text_of(post, "label"),
            term=text_of(ours, "term") or text_of(term, "name")[:40],
            constituency=text_of(ours, "constituency") or place,
            region=region,
        )
