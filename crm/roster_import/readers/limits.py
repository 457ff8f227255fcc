"""What the directory can hold: a record with a longer or broken value becomes a bad line that names it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from crm.directory.models import ContactPoint, Identifier, Membership, Organization, OtherName, Person, Post
from crm.roster_import.readers.source import shown
from crm.roster_import.records import BadLine, Doubt, Problem, Record


def _length(column: Any) -> int:
    """How many characters a column of the directory holds."""
    length: int = column.type.length
    return length


_NAME = _length(Person.name)
_PART_OF_NAME = _length(Person.given_name)
_IDENTIFIER = _length(Identifier.value)
_ORGANIZATION = _length(Organization.name)
_OTHER_NAME = _length(OtherName.name)
_HONORIFIC = _length(Person.honorific_prefix)
_POINT = _length(ContactPoint.value)
_POINT_LABEL = _length(ContactPoint.label)
_ROLE = _length(Membership.role)
_POST = _length(Post.label)
_CONSTITUENCY = _length(Membership.constituency)
_TERM = _length(Membership.term)
# A body nobody has named goes by its code alone, which is then its abbreviation too.
_BODY = _length(Organization.abbreviation)


# Fields of ways to reach somebody, and what a doubt about one calls it.
POINTS = {
    "emails": "email",
    "phones": "phone",
    "faxes": "fax",
    "addresses": "address",
    "urls": "url",
    "twitter": "twitter",
    "facebook": "facebook",
    "instagram": "instagram",
}


def _values(record: Record) -> Iterator[tuple[str, str, int | None]]:
    """Every text that is taken over: its field, itself, and its limit (None where a longer one is left out)."""
    yield "given_name", record.given_name or "", _PART_OF_NAME
    yield "family_name", record.family_name or "", _PART_OF_NAME
    yield "name", record.name, _NAME
    for name in record.other_names:
        yield "other_name", name, _OTHER_NAME
    yield "honorific_prefix", record.honorific_prefix, _HONORIFIC
    yield "honorific_suffix", record.honorific_suffix, _HONORIFIC
    for _scheme, value in record.identifiers:
        yield "identifier", value, _IDENTIFIER
    for mandate in record.mandates:
        yield "institution", mandate.institution, _ORGANIZATION
        yield "group", mandate.group, _ORGANIZATION
        yield "post", mandate.post, _POST
        yield "constituency", mandate.constituency, _CONSTITUENCY
        yield "mandate", mandate.term, _TERM
        yield "role", mandate.role, None
    for affiliation in record.affiliations:
        yield "affiliation", affiliation.organization, _ORGANIZATION
        yield "role", affiliation.role, None
    yield "group", record.group, _ORGANIZATION
    yield "party", record.party or "", _ORGANIZATION
    for seat in record.seats or ():
        yield "seat", seat.body, _BODY
    yield "country", record.country, None
    yield "country", record.citizenship, None
    yield "region", record.region, None
    yield "gender", record.gender, None
    for field, name in POINTS.items():
        for value in getattr(record, field):
            yield name, value, None


def _shortened(record: Record) -> Record:
    """The record without the contact points and roles the directory cannot hold: each of them a doubt, none cut."""
    doubts = list(record.doubts)
    changed: dict[str, Any] = {}
    for field, name in POINTS.items():
        values = getattr(record, field)
        if any(len(value) > _POINT for value in values):
            changed[field] = tuple(value for value in values if len(value) <= _POINT)
            doubts += [Doubt(name, shown(value), Problem.TOO_LONG) for value in values if len(value) > _POINT]
    for field in ("mandates", "affiliations", "seats"):
        held = getattr(record, field) or ()
        if any(len(one.role) > _ROLE for one in held):
            changed[field] = tuple(replace(one, role="member") if len(one.role) > _ROLE else one for one in held)
            doubts += [Doubt("role", shown(one.role), Problem.TOO_LONG) for one in held if len(one.role) > _ROLE]
    if any(len(label) > _POINT_LABEL for _value, label in record.point_labels):
        changed["point_labels"] = tuple((value, label[:_POINT_LABEL]) for value, label in record.point_labels)
    return replace(record, **changed, doubts=tuple(doubts)) if changed else record


def fitting(record: Record) -> Record | BadLine:
    """The record, or the bad line it is because of its first value that the directory cannot hold.

    PostgreSQL would refuse the whole import for it, and SQLite would take it: neither is what a person wants. Of a
    person who can be reached in other ways too, a way that is too long is left out and told as a doubt.
    """
    for name, value, limit in _values(record):
        if "\0" in value:
            return BadLine(record.line, shown(record.name), Problem.NUL, name, shown(value))
        if limit is not None and len(value) > limit:
            return BadLine(record.line, shown(record.name), Problem.TOO_LONG, name, shown(value))
    return _shortened(record)
