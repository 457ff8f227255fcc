"""The derived columns of a contact: what its memberships and contact points say, kept where lists can filter on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from crm import clock
from crm.audit.bulk import RowUpdate, update_rows
from crm.directory.models import (
    CATEGORY_OF_HOLDERS,
    HOLDERS_BY_RANK,
    SEARCH_TEXT_LENGTH,
    Category,
    Contact,
    ContactKind,
    ContactPoint,
    Membership,
    Organization,
    OtherName,
    PointKind,
    PointStatus,
    last_day,
)
from crm.directory.sort_names import sort_name_of, sort_name_of_organization
from crm.extensions import db
from crm.places.countries import country_name
from crm.search_index.actions import TextChange, Words, keep_words, words_of
from crm.text import fold

CHUNK = 500
_DEFERRED = "contacts to project"
# Belonging to these is a loyalty; belonging to anything else is an office or a mandate.
LOYALTIES = (Category.POLITICAL_GROUP, Category.PARTY)


@dataclass(frozen=True)
class Affiliation:
    """An organization as a membership names it; `makes` is what holding an office in it makes of a person."""

    id: int
    name: str
    abbreviation: str | None
    category: Category
    makes: Category | None = None

    @property
    def label(self) -> str:
        """What lists call it: the short name where it has one."""
        return self.abbreviation or self.name


@dataclass(frozen=True)
class Mandate:
    """One membership as the projection reads it."""

    last_day: date
    start_date: date | None
    organization: Affiliation
    on_behalf_of: Affiliation | None

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
    )


def search_text_of(name: str, country: str | None, labels: Iterable[str | None]) -> str:
    """Everything a text filter looks through, folded: the name, the country, what the contact belongs to."""
    whole = fold(" ".join([name, country_name(country), *(label for label in labels if label)]))
    # Each word once: the shorter the texts, the sooner a list of all of them is walked.
    return " ".join(dict.fromkeys(whole.split()))[:SEARCH_TEXT_LENGTH]


@contextmanager
def projected_together() -> Iterator[None]:
    """Put off the projections asked for inside to the end of the block, so that an import costs few queries."""
    info = db.session().info
    if _DEFERRED in info:
        yield
        return
    info[_DEFERRED] = set()
    try:
        yield
        waiting = info.pop(_DEFERRED)
    finally:
        info.pop(_DEFERRED, None)
    project(waiting)


# Written once: to alias a table and to say its columns again takes longer than the query itself.
_organization = sa.orm.aliased(Organization)
_behalf = sa.orm.aliased(Organization)
_MANDATES = (
    sa.select(
        Membership.person_id,
        Membership.start_date,
        Membership.end_date,
        Membership.ended_by,
        _organization.id.label("organization_id"),
        _organization.name.label("organization_name"),
        _organization.abbreviation.label("organization_abbreviation"),
        _organization.category.label("organization_category"),
        _organization.holders_are,
        _behalf.id.label("behalf_id"),
        _behalf.name.label("behalf_name"),
        _behalf.abbreviation.label("behalf_abbreviation"),
        _behalf.category.label("behalf_category"),
    )
    .join(_organization, Membership.organization_id == _organization.id)
    .outerjoin(_behalf, Membership.on_behalf_of_id == _behalf.id)
    .order_by(Membership.id)
)


def _mandates(contact_ids: Sequence[int]) -> dict[int, list[Mandate]]:
    found = db.session.execute(_MANDATES.where(Membership.person_id.in_(contact_ids)))
    mandates: dict[int, list[Mandate]] = defaultdict(list)
    for row in found:
        mandates[row.person_id].append(
            Mandate(
                last_day(row.end_date, row.ended_by),
                row.start_date,
                Affiliation(
                    row.organization_id,
                    row.organization_name,
                    row.organization_abbreviation,
                    row.organization_category,
                    row.holders_are or CATEGORY_OF_HOLDERS.get(row.organization_category),
                ),
                Affiliation(row.behalf_id, row.behalf_name, row.behalf_abbreviation, row.behalf_category)
                if row.behalf_id
                else None,
            )
        )
    return mandates


def affiliations(organization_ids: Collection[int]) -> dict[int, Affiliation]:
    """These organizations as memberships name them, by their ids."""
    columns = (
        Organization.id,
        Organization.name,
        Organization.abbreviation,
        Organization.category,
        Organization.holders_are,
    )
    ordered = sorted(organization_ids)
    return {
        row.id: Affiliation(
            row.id,
            row.name,
            row.abbreviation,
            row.category,
            row.holders_are or CATEGORY_OF_HOLDERS.get(row.category),
        )
        for start in range(0, len(ordered), CHUNK)
        for row in db.session.execute(sa.select(*columns).where(Organization.id.in_(ordered[start : start + CHUNK])))
    }


def _addresses(contact_ids: Sequence[int]) -> dict[int, str]:
    """The oldest current e-mail address of each contact that has one."""
    found = db.session.execute(
        sa.select(ContactPoint.contact_id, ContactPoint.value)
        .where(
            ContactPoint.contact_id.in_(contact_ids),
            ContactPoint.kind == PointKind.EMAIL,
            ContactPoint.status == PointStatus.CURRENT,
        )
        .order_by(ContactPoint.id.desc())
    )
    return {row.contact_id: row.value for row in found}


def _other_names(contact_ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for row in db.session.execute(
        sa.select(OtherName.contact_id, OtherName.name)
        .where(OtherName.contact_id.in_(contact_ids))
        .order_by(OtherName.id)
    ):
        found[row.contact_id].append(row.name)
    return found


def derived_columns(row: Any, held: Standing, address: str | None, other_names: Sequence[str]) -> dict[str, Any]:
    """The derived columns of one contact; `row` has the columns a person or organization is described by."""
    labels = [*other_names, *(label for named in held.affiliations for label in (named.abbreviation, named.name))]
    if row.kind is ContactKind.ORGANIZATION:
        sort_name = sort_name_of_organization(row.name, row.abbreviation)
        labels.append(row.abbreviation)
    else:
        sort_name = sort_name_of(row.name, row.given_name, row.family_name, row.country)
    return {
        "category": row.category_override or held.category or Category.OTHER,
        "sort_name": sort_name,
        "country_sort": fold(country_name(row.country)),
        "search_text": search_text_of(row.name, row.country, labels),
        "institution_id": held.institution.id if held.institution else None,
        "group_id": held.group.id if held.group else None,
        "group_sort": fold(held.group.label) if held.group else "",
        "party_id": held.party.id if held.party else None,
        "mandate_end": held.mandate_end,
        "email": address,
    }


def _project_chunk(contact_ids: Sequence[int]) -> None:
    mandates, addresses, names = _mandates(contact_ids), _addresses(contact_ids), _other_names(contact_ids)
    # Rows rather than objects: of a person found as a contact, the session would load the rest one by one.
    contacts = Contact.__table__
    updates, texts = [], []
    for row in db.session.execute(sa.select(*contacts.c).where(contacts.c.id.in_(contact_ids))):
        held = standing(mandates.get(row.id, ()), clock.today())
        after = derived_columns(row, held, addresses.get(row.id), names.get(row.id, ()))
        changed = {name: value for name, value in after.items() if getattr(row, name) != value}
        if changed:
            updates.append(RowUpdate(row.id, {name: getattr(row, name) for name in changed}, changed))
        if {"sort_name", "search_text"} & changed.keys():
            known = words_of(row.sort_name, row.search_text)
            texts.append(TextChange(row.id, known, words_of(after["sort_name"], after["search_text"])))
    update_rows(Contact, updates)
    keep_words(texts)


def project(contact_ids: Iterable[int]) -> None:
    """Write the derived columns of these contacts anew, in the running unit of work; a few queries per 500."""
    wanted = set(contact_ids)
    waiting = db.session().info.get(_DEFERRED)
    if waiting is not None:
        waiting |= wanted
        return
    ordered = sorted(wanted)
    for start in range(0, len(ordered), CHUNK):
        _project_chunk(ordered[start : start + CHUNK])


def _indexed(contact_ids: Iterable[int]) -> Iterator[tuple[int, Words]]:
    """The words of each contact that is there, as its columns say them."""
    ordered = sorted(set(contact_ids))
    for start in range(0, len(ordered), CHUNK):
        known = sa.select(Contact.id, Contact.sort_name, Contact.search_text).where(
            Contact.id.in_(ordered[start : start + CHUNK])
        )
        for contact_id, name, text in db.session.execute(known):
            yield contact_id, words_of(name, text)


def forget(contact_ids: Iterable[int]) -> None:
    """Take contacts that are about to go out of the search index; called before their rows are deleted."""
    keep_words(TextChange(contact_id, known, {}) for contact_id, known in _indexed(contact_ids))


def remember(contact_ids: Iterable[int]) -> None:
    """Put contacts whose rows were written with all their columns into the search index."""
    keep_words(TextChange(contact_id, {}, known) for contact_id, known in _indexed(contact_ids))


def project_members(organization_id: int) -> None:
    """Write anew everyone whose derived columns carry this organization's name."""
    project(
        db.session.scalars(
            sa.select(Membership.person_id).where(
                sa.or_(Membership.organization_id == organization_id, Membership.on_behalf_of_id == organization_id)
            )
        )
    )
