"""A crowd of invented people of any size, for trying out and measuring how the product bears it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

import sqlalchemy as sa

from crm import clock
from crm.database import Base
from crm.directory.actions import create_organization
from crm.directory.models import (
    OPEN_END,
    Category,
    Contact,
    ContactKind,
    ContactPoint,
    Membership,
    Organization,
    PointKind,
    PointStatus,
)
from crm.directory.projection import projected_together, search_text_of, sort_name_of
from crm.extensions import db
from crm.places.countries import country_name
from crm.places.european_union import eu_members
from crm.search_index.actions import TextChange, keep_words, words_of
from crm.text import fold
from crm.timeline.models import EntryKind, TimelineEntry
from crm.unit_of_work import current_unit_of_work

SOURCE = "demo"
PARLIAMENT = "Parliament of the Crowd"
HISTORY = 10
CHUNK = 5_000
PARTIES_A_COUNTRY = 4
GROUPS = ("Amber", "Birch", "Cedar", "Delta", "Elm", "Fjord", "Granite", "Harbour")
TERM_BEGAN = date(2024, 7, 16)


def _words(*lines: str) -> list[str]:
    return " ".join(lines).split()


_GIVEN = _words(
    "Ada Bérénice Ciarán Dáša Élodie Fañch Győző Hélder Inês Jürgen Łucja Maëlle",
    "Niamh Ödön Petr Rūta Søren Tõnu Ümit Věra Yannis Žiga",
)
_BEGINNINGS = _words(
    "Alver Brand Cas Dom Ester Fern Grön Hav Ilv Jan Kov Lind Mar Nov",
    "Ost Pal Quin Ros Sal Tor Ulv Vald Wes Zab",
)
_MIDDLES = ("", "a", "e", "i", "o", "em", "er", "in", "ob", "ul")
_ENDINGS = _words("berg ček dóttir eanu ford gaard hof iņš kis lainen mann nova ová poulos ques ridge sson tti vić zzi")


@dataclass(frozen=True)
class _Person:
    """One invented person, with the organizations they belong to."""

    given_name: str
    family_name: str
    country: str
    group: Organization
    party: Organization
    ended: date | None
    email: str | None

    @property
    def name(self) -> str:
        """The whole name."""
        return f"{self.given_name} {self.family_name}"


class _Organizations:
    """The parliament, its groups and four parties a country."""

    def __init__(self) -> None:
        self.parliament = create_organization(PARLIAMENT, category=Category.PARLIAMENT, holders_are=Category.MEP)
        self.groups = [
            create_organization(f"{name} Group", category=Category.POLITICAL_GROUP, abbreviation=name)
            for name in GROUPS
        ]
        self.parties = {
            country: [
                create_organization(
                    f"Party {number} of {country_name(country)}", category=Category.PARTY, country=country
                )
                for number in range(1, PARTIES_A_COUNTRY + 1)
            ]
            for country in sorted(eu_members(TERM_BEGAN))
        }


def _people(size: int, organizations: _Organizations) -> Iterator[_Person]:
    """The same people for the same size, in uneven shares: the first countries have many, the last few."""
    random = Random(size)  # noqa: S311 - invented names, not secrets
    countries = sorted(eu_members(TERM_BEGAN))
    weights = [1 / (rank + 1) for rank in range(len(countries))]
    for number in range(size):
        given, country = random.choice(_GIVEN), random.choices(countries, weights)[0]
        family = random.choice(_BEGINNINGS) + random.choice(_MIDDLES) + random.choice(_ENDINGS)
        yield _Person(
            given_name=given,
            family_name=family,
            country=country,
            group=random.choice(organizations.groups),
            party=random.choice(organizations.parties[country]),
            ended=TERM_BEGAN + timedelta(days=random.randrange(400)) if random.random() < 0.06 else None,
            email=f"{fold(given)}.{fold(family)}.{number}@crowd.example" if random.random() < 0.96 else None,
        )


def _contact_row(person: _Person, parliament: Organization, at: Any) -> dict[str, Any]:
    labels = (PARLIAMENT, person.group.abbreviation, person.group.name, person.party.name)
    return {
        "kind": ContactKind.PERSON,
        "category": Category.MEP,
        "name": person.name,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "country": person.country,
        "created_at": at,
        "updated_at": at,
        "sort_name": sort_name_of(person.name, person.given_name, person.family_name),
        "country_sort": fold(country_name(person.country)),
        "search_text": search_text_of(person.name, person.country, labels),
        "group_id": person.group.id,
        "group_sort": fold(person.group.abbreviation or person.group.name),
        "institution_id": parliament.id,
        "party_id": person.party.id,
        "mandate_end": person.ended or OPEN_END,
        "email": person.email,
    }


def _insert(table: type[Base], rows: list[dict[str, Any]]) -> None:
    if rows:
        db.session.execute(sa.insert(table.__table__), rows)  # type: ignore[arg-type]  # a mapped class has a Table


def _insert_people(people: list[_Person], organizations: _Organizations) -> None:
    at = clock.now()
    contacts = sa.insert(Contact.__table__).returning(Contact.__table__.c.id, sort_by_parameter_order=True)  # type: ignore[arg-type]
    rows = [_contact_row(person, organizations.parliament, at) for person in people]
    ids = list(db.session.scalars(contacts, rows))
    keep_words(
        TextChange(id_, {}, words_of(row["sort_name"], row["search_text"])) for id_, row in zip(ids, rows, strict=True)
    )
    known = list(zip(ids, people, strict=True))
    seat = {"organization_id": organizations.parliament.id, "term": "10", "start_date": TERM_BEGAN}
    blank = {"role": "member", "source": SOURCE}
    _insert(
        Membership,
        [
            blank | seat | {"person_id": id_, "on_behalf_of_id": person.group.id, "end_date": person.ended}
            for id_, person in known
        ],
    )
    _insert(Membership, [blank | {"person_id": id_, "organization_id": person.party.id} for id_, person in known])
    point = {"kind": PointKind.EMAIL, "status": PointStatus.CURRENT, "source": SOURCE}
    _insert(ContactPoint, [point | {"contact_id": id_, "value": person.email} for id_, person in known if person.email])
    event = {"kind": EntryKind.IMPORTED, "reference": "crowd:1", "details": {}, "actor": current_unit_of_work().actor}
    _insert(
        TimelineEntry,
        [
            event | {"contact_id": id_, "at": at - timedelta(days=30 * age), "summary": f"Roster of {age} months ago"}
            for id_ in ids
            for age in range(HISTORY)
        ],
    )


def create_crowd(size: int) -> None:
    """Add `size` invented people with seats, parties, addresses and ten events each, in the running unit of work.

    Written in bulk, about 10,000 people a second; the trail holds how many, not each of them.
    """
    with projected_together():
        organizations = _Organizations()
    waiting: list[_Person] = []
    for person in _people(size, organizations):
        waiting.append(person)
        if len(waiting) == CHUNK:
            _insert_people(waiting, organizations)
            waiting = []
    if waiting:
        _insert_people(waiting, organizations)
    current_unit_of_work().notes["invented people"] = size
