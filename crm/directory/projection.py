"""The derived columns of a contact: what its memberships and contact points say, kept where lists can filter on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from crm import clock
from crm.audit.bulk import RowUpdate, update_rows
from crm.directory import registry
from crm.directory.models import (
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
    made_of_holders,
)
from crm.directory.regional import in_country, region_of
from crm.directory.sort_names import sort_name_of, sort_name_of_organization
from crm.directory.standing import Affiliation, Mandate, Standing, standing
from crm.extensions import db
from crm.places.countries import country_name
from crm.search_index.actions import TextChange, Words, keep_words, words_of
from crm.text import fold

CHUNK = 500
# Counted up with every change of this module by which contacts that are there already would be written otherwise: the
# next start writes all of them anew.
RULES = 1
# Columns of an organization that the derived columns of its people repeat, or follow from.
TOLD_OF_MEMBERS = frozenset(
    {"name", "abbreviation", "category_override", "holders_are", "country", "region"},
)
_DEFERRED = "contacts to project"


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
        Membership.region,
        _organization.id.label("organization_id"),
        _organization.name.label("organization_name"),
        _organization.abbreviation.label("organization_abbreviation"),
        _organization.category.label("organization_category"),
        _organization.holders_are,
        _organization.country.label("organization_country"),
        _organization.region.label("organization_region"),
        _behalf.id.label("behalf_id"),
        _behalf.name.label("behalf_name"),
        _behalf.abbreviation.label("behalf_abbreviation"),
        _behalf.category.label("behalf_category"),
    )
    .join(_organization, Membership.organization_id == _organization.id)
    .outerjoin(_behalf, Membership.on_behalf_of_id == _behalf.id)
    .order_by(Membership.id)
)


def _affiliation(
    contact_id: int,
    name: str,
    abbreviation: str | None,
    category: Category,
    holders_are: Category | None,
    country: str | None,
    region: str | None,
) -> Affiliation:
    here = region_of(name, category, country, region, holders_are)
    return Affiliation(contact_id, name, abbreviation, category, made_of_holders(category, holders_are, here), here)


def _mandates(contact_ids: Sequence[int]) -> dict[int, list[Mandate]]:
    found = db.session.execute(_MANDATES.where(Membership.person_id.in_(contact_ids)))
    mandates: dict[int, list[Mandate]] = defaultdict(list)
    # To read a region out of a name takes its time, and five hundred people sit in few institutions.
    institutions: dict[int, Affiliation] = {}
    for row in found:
        if row.organization_id not in institutions:
            institutions[row.organization_id] = _affiliation(
                row.organization_id,
                row.organization_name,
                row.organization_abbreviation,
                row.organization_category,
                row.holders_are,
                row.organization_country,
                row.organization_region,
            )
        mandates[row.person_id].append(
            Mandate(
                last_day(row.end_date, row.ended_by),
                row.start_date,
                institutions[row.organization_id],
                Affiliation(row.behalf_id, row.behalf_name, row.behalf_abbreviation, row.behalf_category)
                if row.behalf_id
                else None,
                row.region,
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
        Organization.country,
        Organization.region,
    )
    ordered = sorted(organization_ids)
    return {
        row.id: _affiliation(*row)
        for start in range(0, len(ordered), CHUNK)
        for row in db.session.execute(sa.select(*columns).where(Organization.id.in_(ordered[start : start + CHUNK])))
    }


def _addresses(contact_ids: Sequence[int]) -> dict[int, str]:
    """The oldest current e-mail address of each contact that has one; one that bounced only where there is no other."""
    found = db.session.execute(
        sa.select(ContactPoint.contact_id, ContactPoint.value)
        .where(
            ContactPoint.contact_id.in_(contact_ids),
            ContactPoint.kind == PointKind.EMAIL,
            ContactPoint.status == PointStatus.CURRENT,
        )
        .order_by(ContactPoint.bounced_at.is_not(None).desc(), ContactPoint.id.desc())
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
        region = region_of(row.name, row.category_override, row.country, row.region, row.holders_are)
    else:
        sort_name = sort_name_of(row.name, row.given_name, row.family_name, row.country)
        region = row.region or (held.region if in_country(held.region, row.country) else None)
    return {
        "category": row.category_override or held.category or Category.OTHER,
        "effective_region": region,
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
    updates, texts, renamed = [], [], []
    for row in db.session.execute(sa.select(*contacts.c).where(contacts.c.id.in_(contact_ids))):
        held = standing(mandates.get(row.id, ()), clock.today())
        after = derived_columns(row, held, addresses.get(row.id), names.get(row.id, ()))
        changed = {name: value for name, value in after.items() if getattr(row, name) != value}
        if changed:
            updates.append(RowUpdate(row.id, {name: getattr(row, name) for name in changed}, changed))
        if "sort_name" in changed:
            renamed.append(row.id)
        if {"sort_name", "search_text"} & changed.keys():
            known = words_of(row.sort_name, row.search_text)
            texts.append(TextChange(row.id, known, words_of(after["sort_name"], after["search_text"])))
    update_rows(Contact, updates)
    keep_words(texts)
    if renamed:
        registry.renamed(renamed)


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
