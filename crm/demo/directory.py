"""The demo's contacts, read from two tables: real institutions, invented people, parties and partners."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from crm.directory.actions import add_membership, add_point, create_organization, create_person
from crm.directory.models import Category, Organization, Person, PointKind
from crm.directory.projection import projected_together
from crm.extensions import db
from crm.text import fold

_HERE = Path(__file__).parent
SOURCE = "Roster of the rehearsal"
TERM = "10"
TERM_BEGAN = date(2024, 7, 16)
# A rehearsal's parliament by its name too: the roster of the real one ends nobody's seat in it.
_PARLIAMENT = "EP"


@dataclass(frozen=True)
class Contact:
    """A person with the words the campaign needs: their row of `people.csv`."""

    person: Person
    row: dict[str, str]


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (_HERE / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _address(row: dict[str, str], domain: str) -> str:
    given, family = (fold(row[part]).replace(" ", "-").replace("'", "") for part in ("given_name", "family_name"))
    return f"{given}.{family}@{domain}.example"


class _Organizations:
    """Organizations by their code or name; groups and parties are made when first named."""

    def __init__(self) -> None:
        self._known: dict[str, Organization] = {}
        self.domains: dict[str, str] = {}
        for row in _rows("organizations.csv"):
            code = row["code"]
            self._known[code] = create_organization(
                row["name"],
                category=Category(row["category"]),
                abbreviation=row["abbreviation"] or None,
                country=row["country"] or None,
                holders_are=Category.MEP if code == _PARLIAMENT else None,
            )
            self.domains[code] = row["domain"]
            if row["domain"]:
                add_point(self._known[code], PointKind.EMAIL, f"office@{row['domain']}.example", source=SOURCE)

    def __getitem__(self, code: str) -> Organization:
        return self._known[code]

    def named(self, name: str, category: Category, country: str | None = None) -> Organization:
        if name not in self._known:
            self._known[name] = create_organization(name, category=category, country=country)
        return self._known[name]


def _create_contact(row: dict[str, str], organizations: _Organizations) -> Contact:
    seat = row["seat"]
    person = create_person(
        given_name=row["given_name"],
        family_name=row["family_name"],
        gender=row["gender"] or None,
        country=row["country"],
    )
    add_point(person, PointKind.EMAIL, _address(row, organizations.domains[seat]), source=SOURCE)
    if seat == _PARLIAMENT:
        add_membership(
            person,
            organizations[seat],
            on_behalf_of=organizations.named(row["group"], Category.POLITICAL_GROUP),
            country=row["country"],
            term=TERM,
            start_date=TERM_BEGAN,
            source=SOURCE,
        )
        add_membership(person, organizations.named(row["party"], Category.PARTY, row["country"]), source=SOURCE)
        add_membership(person, organizations[row["committee"]], start_date=TERM_BEGAN, source=SOURCE)
    else:
        add_membership(person, organizations[seat], role=row["role"], source=SOURCE)
    return Contact(person, row)


def group_of(row: dict[str, str]) -> Organization:
    """The political group a member sits for."""
    return db.session.scalars(sa.select(Organization).where(Organization.name == row["group"])).one()


def create_contacts() -> list[Contact]:
    """Add organizations and people; the people are returned, in the table's order."""
    with projected_together():
        organizations = _Organizations()
        return [_create_contact(row, organizations) for row in _rows("people.csv")]
