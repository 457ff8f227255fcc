"""What a person's memberships come to on a day: the office that counts, category, institution, group, party, region."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from crm.directory.models import HOLDERS_BY_RANK, Category

# Belonging to these is a loyalty; belonging to anything else is an office or a mandate.
LOYALTIES = (Category.POLITICAL_GROUP, Category.PARTY)


@dataclass(frozen=True)
class Affiliation:
    """An organization as a membership names it; `makes` is what holding an office in it makes of a person.

    `region` (ISO 3166-2) is the one it is of.
    """

    id: int
    name: str
    abbreviation: str | None
    category: Category
    makes: Category | None = None
    region: str | None = None

    @property
    def label(self) -> str:
        """What lists call it: the short name where it has one."""
        return self.abbreviation or self.name


@dataclass(frozen=True)
class Mandate:
    """One membership as the projection reads it; `region` is the area it is for, where that is told."""

    last_day: date
    start_date: date | None
    organization: Affiliation
    on_behalf_of: Affiliation | None
    region: str | None = None

    @property
    def is_office(self) -> bool:
        """Whether it is a mandate rather than mere belonging to a group or party."""
        return self.organization.category not in LOYALTIES

    @property
    def affiliations(self) -> tuple[Affiliation, ...]:
        """Both organizations it names."""
        return (self.organization, self.on_behalf_of) if self.on_behalf_of else (self.organization,)


@dataclass(frozen=True)
class Standing:
    """What a person's mandates come to on a day."""

    mandate_end: date | None
    category: Category | None
    institution: Affiliation | None
    group: Affiliation | None
    party: Affiliation | None
    affiliations: tuple[Affiliation, ...]
    region: str | None = None


def _running_or_last(mandates: Sequence[Mandate], day: date) -> list[Mandate]:
    running = [mandate for mandate in mandates if mandate.last_day >= day]
    if running or not mandates:
        return running
    newest = max(mandate.last_day for mandate in mandates)
    return [mandate for mandate in mandates if mandate.last_day == newest]


def standing(mandates: Iterable[Mandate], day: date) -> Standing:
    """The mandates that run on `day`, or the last ones where none does, and the group and party they were held for."""
    ordered = sorted(mandates, key=lambda mandate: (mandate.last_day, mandate.start_date or date.min), reverse=True)
    offices = [mandate for mandate in ordered if mandate.is_office]
    loyalties = [mandate for mandate in ordered if not mandate.is_office]
    held = _running_or_last(offices, day) + _running_or_last(loyalties, day)
    affiliations = tuple(dict.fromkeys(named for mandate in held for named in mandate.affiliations))

    def first(category: Category) -> Affiliation | None:
        return next((named for named in affiliations if named.category is category), None)

    # The highest office; among equals (a seat and the committees it brings) the oldest one.
    office = min(
        _running_or_last(offices, day)[::-1],
        key=lambda mandate: HOLDERS_BY_RANK.get(mandate.organization.makes or Category.OTHER, len(HOLDERS_BY_RANK)),
        default=None,
    )
    return Standing(
        mandate_end=max((mandate.last_day for mandate in offices), default=None),
        category=office.organization.makes if office else None,
        institution=office.organization if office else None,
        group=first(Category.POLITICAL_GROUP),
        party=first(Category.PARTY),
        affiliations=affiliations,
        region=_region(office, _running_or_last(offices, day)),
    )


def _region(office: Mandate | None, held: Sequence[Mandate]) -> str | None:
    """The region of the highest office; where that has none, the one of all others held, if it is one."""
    if office is not None and (office.region or office.organization.region):
        return office.region or office.organization.region
    regions = {region for mandate in held if (region := mandate.region or mandate.organization.region)}
    return regions.pop() if len(regions) == 1 else None
