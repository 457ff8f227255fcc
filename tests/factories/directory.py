"""People and organizations for tests, made by the directory's own actions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date

import sqlalchemy as sa

from crm.directory.actions import add_membership, add_point, create_organization, create_person
from crm.directory.models import Category, Identifier, Organization, Person, PointKind
from crm.directory.projection import projected_together
from crm.extensions import db
from crm.text import fold
from crm.unit_of_work import current_unit_of_work, unit_of_work

_numbers = itertools.count(1)


@contextmanager
def _work() -> Iterator[None]:
    """The running unit of work, or one of its own; what is derived is written once at the end."""
    try:
        current_unit_of_work()
    except RuntimeError:
        with unit_of_work("make contacts", actor="test"), projected_together():
            yield
    else:
        with projected_together():
            yield


def make_organization(
    name: str | None = None,
    *,
    category: Category = Category.PARTNER,
    abbreviation: str | None = None,
    country: str | None = None,
    email: str | None = None,
) -> Organization:
    """An organization, with an address where one is given."""
    with _work():
        organization = create_organization(
            name or f"Organization {next(_numbers)}", category=category, abbreviation=abbreviation, country=country
        )
        if email:
            add_point(organization, PointKind.EMAIL, email, source="test")
    return organization


def organization_named(label: str, category: Category) -> Organization:
    """The organization of that name or abbreviation, made where it is missing."""
    known = db.session.scalar(
        sa.select(Organization).where(
            Organization.category == category, sa.or_(Organization.name == label, Organization.abbreviation == label)
        )
    )
    return known or make_organization(label, category=category)


def make_person(
    name: str | None = None,
    *,
    country: str | None = "ES",
    group: str | None = "Green Group",
    party: str | None = None,
    email: str | None = "",
    identifiers: Mapping[str, str] | None = None,
    category: Category = Category.MEP,
    parliament: str | None = "European Parliament",
    start: date | None = date(2024, 7, 16),
    ended: date | None = None,
    term: str | None = "10",
) -> Person:
    """Somebody with a seat in a parliament for a group, and a party.

    The last word of `name` is the family name. `email` None means no address, by default one under .example is made.
    `ended` ends the seat that day; `parliament` None gives no seat at all.
    """
    given, _, family = (name or f"Ada Invented{next(_numbers)}").rpartition(" ")
    with _work():
        person = create_person(category=category, given_name=given or None, family_name=family, country=country)
        if parliament:
            add_membership(
                person,
                organization_named(parliament, Category.PARLIAMENT),
                on_behalf_of=organization_named(group, Category.POLITICAL_GROUP) if group else None,
                country=country,
                term=term,
                start_date=start,
                end_date=ended,
                source="test",
            )
        if party:
            add_membership(person, organization_named(party, Category.PARTY), source="test")
        if email is not None:
            address = email or f"{fold(person.name).replace(' ', '.')}.{person.id}@parliament.example"
            add_point(person, PointKind.EMAIL, address, source="test")
        for scheme, value in (identifiers or {}).items():
            person.identifiers.append(Identifier(scheme=scheme, value=value))
        db.session.flush()
    return person
