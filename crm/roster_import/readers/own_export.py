"""Reads what our own Popolo exports say of a contact, value by value, so that it comes back as it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from crm.directory.actions import InvalidAddress, normalize_address
from crm.directory.models import (
    ORGANIZATION_CATEGORIES,
    PERSON_CATEGORIES,
    Category,
    ContactLanguage,
    ContactPoint,
    ContactSource,
    Identifier,
    Membership,
    Organization,
    OtherName,
    Person,
    PointKind,
    Post,
    Relationship,
    RelationshipKind,
)
from crm.places.countries import country_code
from crm.roster_import.readers.source import shown
from crm.roster_import.records import BadLine, OrganizationRecord, Problem, Record
from crm.roster_import.told import (
    Told,
    ToldMembership,
    ToldName,
    ToldOrganization,
    ToldPoint,
    ToldPost,
    ToldSource,
    ToldTie,
)

# The key that what Popolo has no term for stands under: docs/rosters.md lists it.
KEY = "ratify"
Thing = Mapping[str, Any]
_Kind = TypeVar("_Kind", bound=StrEnum)


class _Unfit(Exception):
    """A value the directory cannot hold."""

    def __init__(self, field: str, value: str, problem: Problem) -> None:
        super().__init__(field, value)
        self.field, self.value, self.problem = field, value, problem


def is_ours(thing: Thing) -> bool:
    """Whether a person or an organization of a document was written by our own export."""
    return isinstance(thing.get(KEY), dict)


def _ours(thing: Thing) -> Thing:
    value = thing.get(KEY)
    return value if isinstance(value, dict) else {}


def _things(thing: Thing, name: str) -> list[Thing]:
    value = thing.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(thing: Thing, name: str, column: Any = None, field: str = "") -> str:
    """The text as it stands; `column` is the one it goes to, `field` what a refusal calls it."""
    value = thing.get(name)
    if not isinstance(value, str):
        return ""
    if "\0" in value:
        raise _Unfit(field or name, value, Problem.NUL)
    if column is not None and len(value) > column.type.length:
        raise _Unfit(field or name, value, Problem.TOO_LONG)
    return value


def _day(thing: Thing, name: str, field: str = "") -> date | None:
    text = _text(thing, name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise _Unfit(field or name, text, Problem.NOT_A_DATE) from None


def _kind(thing: Thing, name: str, known: Iterable[_Kind], field: str) -> _Kind | None:
    text = _text(thing, name)
    found = next((kind for kind in known if kind.value == text), None)
    if text and found is None:
        raise _Unfit(field, text, Problem.UNKNOWN_KIND)
    return found


def _country(thing: Thing) -> str:
    text = _text(thing, "country")
    code = country_code(text) if text else ""
    if code is None:
        raise _Unfit("country", text, Problem.UNKNOWN_COUNTRY)
    return code


class OwnExport:
    """The contacts of one document; the organizations, posts and ties they point to are given by the document's ids."""

    def __init__(self, organizations: Mapping[str, Thing], posts: Mapping[str, Thing]) -> None:
        self._organizations = organizations
        self._posts_by_id = posts
        self._posts: dict[str, list[Thing]] = {}
        for post in posts.values():
            self._posts.setdefault(str(post.get("organization_id")), []).append(post)

    def person(self, line: int, told: Thing, memberships: Iterable[Thing], ties: Iterable[ToldTie]) -> Record | BadLine:
        """The person with their memberships, and their ties to contacts told earlier."""
        try:
            return self._person(line, told, memberships, tuple(ties))
        except _Unfit as unfit:
            return _bad_line(line, told, unfit)

    def organization(self, line: int, told: Thing, ties: Iterable[ToldTie]) -> OrganizationRecord | BadLine:
        """The organization with its posts, and its ties to contacts told earlier."""
        try:
            return self._organization(line, told, tuple(ties))
        except _Unfit as unfit:
            return _bad_line(line, told, unfit)

    def in_order(self) -> list[Thing]:
        """Our own organizations, each after the one it is part of."""
        ordered: dict[str, Thing] = {}
        for ref in self._organizations:
            above: dict[str, Thing] = {}
            reached = ref
            while reached in self._organizations and reached not in above and reached not in ordered:
                above[reached] = self._organizations[reached]
                reached = str(above[reached].get("parent_id"))
            ordered |= dict(reversed(above.items()))
        return [one for one in ordered.values() if is_ours(one)]

    def _person(
        self, line: int, told: Thing, memberships: Iterable[Thing], ties: tuple[ToldTie, ...]
    ) -> Record | BadLine:
        ours = _ours(told)
        name = _text(told, "name", Person.name)
        if not name:
            return BadLine(line, shown(_text(told, "id")), Problem.NO_NAME)
        held = (self._membership(one) for one in memberships)
        full = self._told(told, tuple(one for one in held if one is not None), ties)
        return Record(
            line=line,
            name=name,
            given_name=_text(told, "given_name", Person.given_name) or None,
            family_name=_text(told, "family_name", Person.family_name) or None,
            identifiers=_identifiers(told),
            category=_kind(ours, "category", PERSON_CATEGORIES, "category_override") or "",
            country=_country(ours),
            gender=_text(told, "gender", Person.gender),
            birth_date=_day(told, "birth_date"),
            death_date=_day(told, "death_date"),
            honorific_prefix=_text(told, "honorific_prefix", Person.honorific_prefix),
            honorific_suffix=_text(told, "honorific_suffix", Person.honorific_suffix),
            other_names=tuple(one.name for one in full.names),
            languages=_languages(ours),
            # Whom the line is about may be told by them.
            emails=tuple(point.value for point in full.points if point.kind is PointKind.EMAIL),
            told=full,
        )

    def _organization(self, line: int, told: Thing, ties: tuple[ToldTie, ...]) -> OrganizationRecord | BadLine:
        ours = _ours(told)
        ref = _text(told, "id")
        name = _text(told, "name", Organization.name)
        if not name:
            return BadLine(line, shown(ref), Problem.NO_NAME)
        parent = _text(told, "parent_id")
        return OrganizationRecord(
            line=line,
            name=name,
            category=_kind(told, "classification", ORGANIZATION_CATEGORIES, "category_override") or Category.OTHER,
            told=self._told(told, (), ties),
            country=_country(ours),
            abbreviation=_text(ours, "abbreviation", Organization.abbreviation),
            holders_are=_kind(ours, "holders_are", PERSON_CATEGORIES, "holders_are"),
            parent=parent,
            parent_name=_text(self._organizations.get(parent, {}), "name"),
            founding_date=_day(told, "founding_date"),
            dissolution_date=_day(told, "dissolution_date"),
            identifiers=_identifiers(told),
            languages=_languages(ours),
            posts=tuple(
                ToldPost(_text(one, "label", Post.label, "post"), _country(_ours(one)), _region(_ours(one)))
                for one in self._posts.get(ref, ())
                if one.get("label")
            ),
        )

    def _told(self, told: Thing, memberships: tuple[ToldMembership, ...], ties: tuple[ToldTie, ...]) -> Told:
        ours = _ours(told)
        said = ours.get("forms_of_address")
        forms: Thing = said if isinstance(said, dict) else {}
        return Told(
            ref=_text(told, "id"),
            region=_region(ours),
            forms_of_address=tuple((language, _text(forms, language, field="form_of_address")) for language in forms),
            names=tuple(
                ToldName(
                    _text(one, "name", OtherName.name, "other_name"),
                    _text(one, "lang", OtherName.language, "other_name"),
                    _text(one, "note", OtherName.note, "other_name"),
                    _day(one, "start_date", "other_name"),
                    _day(one, "end_date", "other_name"),
                )
                for one in _things(told, "other_names")
                if one.get("name")
            ),
            points=tuple(_point(one) for one in _things(told, "contact_details") if one.get("value")),
            sources=tuple(
                ToldSource(
                    _text(one, "label", ContactSource.label, "source"),
                    _text(one, "url", ContactSource.url, "source"),
                    _day(one, "as_of", "source"),
                )
                for one in _things(ours, "sources")
            ),
            memberships=memberships,
            ties=ties,
        )

    def _named(self, membership: Thing, name: str) -> ToldOrganization | None:
        """The organization a membership points to, which the document also describes."""
        ref = _text(membership, name)
        one = self._organizations.get(ref, {})
        label = _text(one, "name", Organization.name, "institution")
        if not label:
            return None
        category = _kind(one, "classification", ORGANIZATION_CATEGORIES, "category_override")
        return ToldOrganization(ref, label, category or Category.OTHER, _country(_ours(one)))

    def _membership(self, one: Thing) -> ToldMembership | None:
        organization = self._named(one, "organization_id")
        if organization is None:
            return None
        ours = _ours(one)
        return ToldMembership(
            ref=_text(one, "id"),
            organization=organization,
            on_behalf_of=self._named(one, "on_behalf_of_id"),
            post=_text(self._posts_by_id.get(_text(one, "post_id"), {}), "label", Post.label, "post"),
            role=_text(one, "role", Membership.role),
            country=_country(ours),
            region=_region(ours),
            constituency=_text(ours, "constituency", Membership.constituency),
            term=_text(ours, "term", Membership.term, "mandate"),
            start=_day(one, "start_date", "mandate_start"),
            end=_day(one, "end_date", "mandate_end"),
            ended_by=_day(ours, "ended_by", "mandate_over_by"),
            source=_text(ours, "source", Membership.source),
        )


def tie(one: Thing, other: str, other_name: str, *, is_object: bool) -> ToldTie | None:
    """A tie seen from its later end, None for what is no tie this version knows."""
    try:
        kind = _kind(one, "classification", RelationshipKind, "relationship")
        if kind is None:
            return None
        return ToldTie(
            kind,
            other,
            other_name,
            is_object,
            _day(one, "start_date"),
            _day(one, "end_date"),
            _text(one, "note", Relationship.note),
            _text(one, "source", Relationship.source),
        )
    except _Unfit:
        return None


def _bad_line(line: int, told: Thing, unfit: _Unfit) -> BadLine:
    return BadLine(line, shown(str(told.get("name", ""))), unfit.problem, unfit.field, shown(unfit.value))


def _identifiers(told: Thing) -> tuple[tuple[str, str], ...]:
    found = {
        (
            _text(one, "scheme", Identifier.scheme, "identifier"),
            _text(one, "identifier", Identifier.value, "identifier"),
        ): None
        for one in _things(told, "identifiers")
    }
    return tuple((scheme, value) for scheme, value in found if scheme and value)


def _languages(ours: Thing) -> tuple[str, ...]:
    languages = ours.get("languages")
    told = languages if isinstance(languages, list) else []
    return tuple(
        dict.fromkeys(
            _text({"language": one}, "language", ContactLanguage.language) for one in told if isinstance(one, str)
        )
    )


def _region(ours: Thing) -> str:
    return _text(ours, "region", Organization.region)


def _point(one: Thing) -> ToldPoint:
    ours = _ours(one)
    kind = _kind(one, "type", PointKind, "contact_detail")
    if kind is None:
        raise _Unfit("contact_detail", "", Problem.UNKNOWN_KIND)
    value = _text(one, "value", ContactPoint.value, kind.value)
    if kind is PointKind.EMAIL:
        try:
            value = normalize_address(value)
        except InvalidAddress:
            raise _Unfit("email", value, Problem.NOT_AN_ADDRESS) from None
    return ToldPoint(
        kind,
        value,
        _text(one, "label", ContactPoint.label, kind.value),
        ours.get("status") == "retired",
        _text(ours, "source", ContactPoint.source, kind.value),
        _text(ours, "membership_id"),
    )
