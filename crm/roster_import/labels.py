"""What the labels of rosters stand for: institutions, political groups, committees, terms, and "belongs to no party".

The tables behind it are the CSV files in `facts/`, one label a line; a new spelling is one more line.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from crm.directory.models import Category
from crm.directory.regional import region_of
from crm.places.countries import country_code
from crm.roster_import.records import Affiliation, Mandate
from crm.text import fold

FACTS = Path(__file__).parent / "facts"

# The register in which the codes of this module name an organization of the directory.
SCHEME = "europarl-body"
EUROPEAN_PARLIAMENT = "EP"
EUROPEAN_COMMISSION = "EC"


@dataclass(frozen=True)
class Body:
    """An organization as a roster names it. `code` is its name in `SCHEME`, empty for one nobody has coded.

    `holders_are` is what an office in it makes of a person, where its category does not tell. `ref` is the id by which
    a document names an organization that it describes itself. Of a vague one nobody has said what it is.
    """

    name: str
    category: Category
    code: str = ""
    abbreviation: str | None = None
    country: str | None = None
    holders_are: Category | None = None
    ref: str = ""
    is_vague: bool = False

    @property
    def region(self) -> str | None:
        """The region (ISO 3166-2) of one that is of a region, where its name says which; None for others."""
        return region_of(self.name, self.category, self.country, None, self.holders_are)

    @property
    def short(self) -> str:
        """What lists call it."""
        return self.abbreviation or self.name

    @property
    def key(self) -> tuple[str, ...]:
        """What makes two labels one organization: the code, or else category, country and folded name."""
        if self.ref:
            return ("document", self.ref)
        return (self.code,) if self.code else (self.category.value, self.country or "", fold(self.name))


def _rows(file_name: str) -> Iterator[dict[str, str]]:
    with (FACTS / file_name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@lru_cache(maxsize=1)
def _groups() -> dict[str, Body]:
    bodies = {
        row["code"]: Body(row["name"], Category.POLITICAL_GROUP, row["code"], row["abbreviation"])
        for row in _rows("groups.csv")
    }
    labels = {fold(label): body for body in bodies.values() for label in (body.name, body.abbreviation or body.name)}
    return labels | {fold(row["label"]): bodies[row["code"]] for row in _rows("group_aliases.csv")}


@lru_cache(maxsize=1)
def _institutions() -> dict[str, str]:
    return {fold(row["label"]): row["code"] for row in _rows("institutions.csv")}


@lru_cache(maxsize=1)
def _seats() -> dict[str, Body]:
    return {row["code"]: Body(row["name"], Category.COMMITTEE, row["code"], row["code"]) for row in _rows("bodies.csv")}


@lru_cache(maxsize=1)
def _independents() -> frozenset[str]:
    return frozenset(fold(row["label"]) for row in _rows("no_party.csv"))


@lru_cache(maxsize=1)
def _terms() -> tuple[tuple[date, str], ...]:
    return tuple((date.fromisoformat(row["starts"]), row["term"]) for row in _rows("terms.csv"))


def is_listed(label: str) -> bool:
    """Whether the tables have an institution of that label."""
    return fold(label) in _institutions()


def institution(label: str, category: str = "", country: str | None = None, holders: str = "") -> Body:
    """The institution of that label; one without a code is an organization of just that name, category and country."""
    code = _institutions().get(fold(label))
    if code == EUROPEAN_PARLIAMENT:
        return Body("European Parliament", Category.PARLIAMENT, EUROPEAN_PARLIAMENT, "EP", holders_are=Category.MEP)
    if code == EUROPEAN_COMMISSION:
        return Body("European Commission", Category.EU_INSTITUTION, holders_are=Category.COMMISSIONER)
    holders_are = Category(holders) if holders else None
    return Body(
        label, Category(category or Category.OTHER), country=country, holders_are=holders_are, is_vague=not category
    )


def institution_of(mandate: Mandate) -> Body:
    """The institution a mandate is held in."""
    return institution(
        mandate.institution,
        mandate.category,
        country_code(mandate.country) if mandate.country else None,
        mandate.holders,
    )


def affiliated(affiliation: Affiliation, country: str | None) -> Body:
    """The body somebody is affiliated with; `country` is the person's."""
    if fold(affiliation.organization) in _institutions():
        return institution(affiliation.organization)
    parliament = institution(affiliation.institution) if affiliation.institution else None
    european = parliament is not None and parliament.code == EUROPEAN_PARLIAMENT
    if affiliation.category == Category.POLITICAL_GROUP and parliament is not None:
        return group(affiliation.organization, parliament, country)
    if affiliation.category == Category.COMMITTEE and european:
        return _seats().get(affiliation.code) or seat_named(affiliation.organization)
    return Body(affiliation.organization, Category(affiliation.category), country=None if european else country)


def known_group(label: str) -> Body | None:
    """The political group of the European Parliament behind a label, None for a label that is not in the tables."""
    return _groups().get(fold(label))


def group(label: str, parliament: Body, country: str | None) -> Body:
    """The group behind a label of any language; an unknown label is a group of just that name.

    Labels such as "Greens" mean a group of the European Parliament there, and a country's own group elsewhere.
    """
    if parliament.code == EUROPEAN_PARLIAMENT:
        return known_group(label) or Body(label, Category.POLITICAL_GROUP)
    return Body(label, Category.POLITICAL_GROUP, country=country)


def party(label: str, country: str | None) -> Body | None:
    """The national party of that name in that country, None for a label that says "independent"."""
    if fold(label) in _independents():
        return None
    return Body(label, Category.PARTY, country=country)


def committee_codes() -> frozenset[str]:
    """The codes of every committee and delegation known by name."""
    return frozenset(_seats())


def seat(code: str) -> Body:
    """The committee or delegation of that code."""
    return _seats().get(code) or Body(code, Category.COMMITTEE, code, code)


@lru_cache(maxsize=1)
def _seats_by_name() -> dict[str, Body]:
    return {fold(body.name): body for body in _seats().values()}


def seat_named(label: str) -> Body:
    """The committee or delegation of the European Parliament of that name."""
    return _seats_by_name().get(fold(label)) or Body(label, Category.COMMITTEE)


@dataclass(frozen=True)
class Term:
    """A legislative term: its number, its first day and the first day of the one after it, where those are known."""

    number: str
    starts: date | None
    next_starts: date | None


def term_numbered(number: str) -> Term | None:
    """The term of the European Parliament of that number."""
    terms = _terms()
    for position, (starts, own) in enumerate(terms):
        if own == number:
            return Term(own, starts, terms[position + 1][0] if position + 1 < len(terms) else None)
    return None


def term_on(body: Body, day: date) -> Term | None:
    """The term of the European Parliament that `day` lies in; None for other institutions and unknown days."""
    if body.code != EUROPEAN_PARLIAMENT:
        return None
    following: date | None = None
    for starts, number in reversed(_terms()):
        if day >= starts:
            return Term(number, starts, following)
        following = starts
    return None
