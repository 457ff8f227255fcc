"""What the directory can hold: a record with a longer or broken value becomes a bad line that names it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crm.directory.models import Identifier, Organization, Person
from crm.roster_import.readers.source import shown
from crm.roster_import.records import BadLine, Problem, Record


def _length(column: Any) -> int:
    """How many characters a column of the directory holds."""
    length: int = column.type.length
    return length


_NAME = _length(Person.name)
_PART_OF_NAME = _length(Person.given_name)
_IDENTIFIER = _length(Identifier.value)
_ORGANIZATION = _length(Organization.name)
# A body nobody has named goes by its code alone, which is then its abbreviation too.
_BODY = _length(Organization.abbreviation)


def _values(record: Record) -> Iterator[tuple[str, str, int | None]]:
    """Every text that is taken over: its field, itself, and its limit (None where a longer one is cut)."""
    yield "given_name", record.given_name or "", _PART_OF_NAME
    yield "family_name", record.family_name or "", _PART_OF_NAME
    yield "name", record.name, _NAME
    for _scheme, value in record.identifiers:
        yield "identifier", value, _IDENTIFIER
    for mandate in record.mandates:
        yield "institution", mandate.institution, _ORGANIZATION
        yield "group", mandate.group, _ORGANIZATION
        yield "role", mandate.role, None
    yield "group", record.group, _ORGANIZATION
    yield "party", record.party or "", _ORGANIZATION
    for seat in record.seats or ():
        yield "seat", seat.body, _BODY
    yield "country", record.country, None
    yield "gender", record.gender, None
    points = {
        "email": record.emails,
        "phone": record.phones,
        "address": record.addresses,
        "url": record.urls,
        "twitter": record.twitter,
    }
    for name, values in points.items():
        for value in values:
            yield name, value, None


def fitting(record: Record) -> Record | BadLine:
    """The record, or the bad line it is because of its first value that the directory cannot hold.

    PostgreSQL would refuse the whole import for it, and SQLite would take it: neither is what a person wants.
    """
    for name, value, limit in _values(record):
        if "\0" in value:
            return BadLine(record.line, shown(record.name), Problem.NUL, name, shown(value))
        if limit is not None and len(value) > limit:
            return BadLine(record.line, shown(record.name), Problem.TOO_LONG, name, shown(value))
    return record
