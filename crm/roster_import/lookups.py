"""Finding contacts by identifiers, addresses, names and bodies, in few queries for many records at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TypeVar

import sqlalchemy as sa

from crm.directory.models import (
    Category,
    Contact,
    ContactKind,
    ContactPoint,
    Identifier,
    Membership,
    Organization,
    OtherName,
    PointKind,
    Post,
)
from crm.extensions import db
from crm.roster_import.labels import SCHEME, Body
from crm.roster_import.models import ColumnMapping, Import, ImportState
from crm.roster_import.readers.columns import header_hash
from crm.text import fold

CHUNK = 500
# Between the end of a legislature and the first roster of the next one.
_LATELY = timedelta(days=270)
Item = TypeVar("Item")


def chunked(items: Iterable[Item], size: int = CHUNK) -> Iterator[list[Item]]:
    """The items in lists of up to `size`."""
    chunk: list[Item] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def contacts_by_identifier(identifiers: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Contact of each of these identifiers that is known."""
    by_scheme: dict[str, list[str]] = defaultdict(list)
    for scheme, value in identifiers:
        by_scheme[scheme].append(value)
    return {
        (row.scheme, row.value): row.contact_id
        for scheme, values in by_scheme.items()
        for chunk in chunked(values)
        for row in db.session.execute(
            sa.select(Identifier.scheme, Identifier.value, Identifier.contact_id).where(
                Identifier.scheme == scheme, Identifier.value.in_(chunk)
            )
        )
    }


def people_by_address(addresses: Collection[str]) -> dict[str, set[int]]:
    """People who have each of these (normalized) addresses, in use or retired."""
    found: dict[str, set[int]] = defaultdict(set)
    for chunk in chunked(addresses):
        rows = db.session.execute(
            sa.select(ContactPoint.value, ContactPoint.contact_id)
            .join(Contact, Contact.id == ContactPoint.contact_id)
            .where(
                ContactPoint.kind == PointKind.EMAIL,
                ContactPoint.value.in_(chunk),
                Contact.kind == ContactKind.PERSON,
            )
        )
        for row in rows:
            found[row.value].add(row.contact_id)
    return found


def people_by_sort_name(sort_names: Collection[str]) -> dict[str, list[tuple[int, str | None]]]:
    """Id and country of the people under each of these folded names."""
    found: dict[str, list[tuple[int, str | None]]] = defaultdict(list)
    for chunk in chunked(sort_names):
        rows = db.session.execute(
            sa.select(Contact.sort_name, Contact.id, Contact.country).where(
                Contact.sort_name.in_(chunk), Contact.kind == ContactKind.PERSON
            )
        )
        for row in rows:
            found[row.sort_name].append((row.id, row.country))
    return found


def organization_ids(bodies: Collection[Body]) -> dict[tuple[str, ...], int]:
    """Organization of each body (by `Body.key`) that the directory has.

    By its code, else its folded name or short name, else one of the other names people have given it.
    """
    coded = contacts_by_identifier([(SCHEME, body.code) for body in bodies if body.code])
    found: dict[tuple[str, ...], int] = {(code,): contact_id for (_scheme, code), contact_id in coded.items()}
    unmet = [body for body in bodies if body.key not in found]
    if unmet:
        named = _organizations_by_name(unmet)
        for body in unmet:
            same = named.get((body.category, fold(body.name)), [])
            fits = [contact_id for contact_id, country in same if not body.country or country in (None, body.country)]
            if fits:
                found[body.key] = min(fits)
    unmet = [body for body in unmet if body.key not in found]
    found |= aliased_organizations(unmet) if unmet else {}
    return found | _whatever_they_are([body for body in unmet if body.is_vague and body.key not in found])


# What the institution that somebody holds an office in may be.
INSTITUTIONS = (
    Category.GOVERNMENT,
    Category.REGIONAL_GOVERNMENT,
    Category.PARLIAMENT,
    Category.EU_INSTITUTION,
    Category.UN_BODY,
    Category.PARTNER,
    Category.OTHER,
)


def _whatever_they_are(bodies: Collection[Body]) -> dict[tuple[str, ...], int]:
    """Organization of each body of which nobody has said what it is, where one alone has the name."""
    named = institutions_called([body.name for body in bodies]) if bodies else {}
    found = {body.key: {one.id for one in named.get(fold(body.name), ())} for body in bodies}
    return {key: next(iter(ids)) for key, ids in found.items() if len(ids) == 1}


@dataclass(frozen=True)
class KnownInstitution:
    """An organization of the directory that people may hold offices in."""

    id: int
    category: Category
    country: str | None


def institutions_called(names: Iterable[str]) -> dict[str, list[KnownInstitution]]:
    """The institutions of each of these names, folded: the long one, the short one or an alias."""
    bodies = [Body(name, category) for name in names for category in INSTITUTIONS]
    found: dict[str, list[KnownInstitution]] = defaultdict(list)
    if bodies:
        for (category, name), same in organizations_called(bodies).items():
            found[name] += [KnownInstitution(one, Category(category), country) for one, country in same]
    return found


def ids_by_name(bodies: Collection[Body]) -> dict[tuple[str, ...], int]:
    """Organization of each body (by `Body.key`) that the directory has, whatever its document calls it by."""
    plain = {body.key: replace(body, ref="") for body in bodies}
    found = organization_ids(list(plain.values()))
    return {key: found[body.key] for key, body in plain.items() if body.key in found}


def organizations_called(bodies: Collection[Body]) -> dict[tuple[str, str], list[tuple[int, str | None]]]:
    """Id and country of every organization of each category and folded name, short name or alias among the bodies'."""
    found = _organizations_by_name(bodies)
    for key, same in _organizations_by_alias(bodies).items():
        found[key] = list(dict.fromkeys([*found.get(key, ()), *same]))
    return found


def aliased_organizations(bodies: Collection[Body]) -> dict[tuple[str, ...], int]:
    """Organization of each body (by `Body.key`) whose label is one of the organization's other names."""
    named = _organizations_by_alias(bodies)
    found: dict[tuple[str, ...], int] = {}
    for body in bodies:
        same = named.get((body.category, fold(body.name)), ())
        fits = [contact_id for contact_id, country in same if not body.country or country in (None, body.country)]
        if fits and not body.code:
            found[body.key] = min(fits)
    return found


def names_of(organization_ids: Collection[int]) -> dict[int, str]:
    """What the directory calls these."""
    found = sa.select(Organization.id, Organization.name).where(Organization.id.in_(organization_ids))
    return {row.id: row.name for row in db.session.execute(found)} if organization_ids else {}


def _organizations_by_alias(bodies: Collection[Body]) -> dict[tuple[str, str], list[tuple[int, str | None]]]:
    """Id and country of the organizations of each category and folded other name."""
    categories = {body.category for body in bodies}
    named: dict[tuple[str, str], list[tuple[int, str | None]]] = defaultdict(list)
    for row in db.session.execute(
        sa.select(OtherName.name, Organization.id, Organization.category, Organization.country)
        .join(Organization, Organization.id == OtherName.contact_id)
        .where(Organization.category.in_(categories))
    ):
        named[row.category, fold(row.name)].append((row.id, row.country))
    return named


def post_ids(labels: Collection[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Post of each organization and label that the directory has."""
    found: dict[tuple[int, str], int] = {}
    for chunk in chunked({organization_id for organization_id, _label in labels}):
        rows = db.session.execute(
            sa.select(Post.organization_id, Post.label, Post.id).where(Post.organization_id.in_(chunk))
        )
        found |= {
            (row.organization_id, row.label): row.id for row in rows if (row.organization_id, row.label) in labels
        }
    return found


def _organizations_by_name(bodies: Collection[Body]) -> dict[tuple[str, str], list[tuple[int, str | None]]]:
    """Id and country of the organizations of each category and folded name, be it the long or the short one."""
    columns = (
        Organization.id,
        Organization.category,
        Organization.name,
        Organization.abbreviation,
        Organization.country,
    )
    # The name in sort_name has the short name after it, where there is one: those few are looked through whole.
    conditions = [Organization.sort_name.in_(chunk) for chunk in chunked({fold(body.name) for body in bodies})]
    conditions.append(Organization.abbreviation.is_not(None))
    categories = {body.category for body in bodies}
    named: dict[tuple[str, str], list[tuple[int, str | None]]] = defaultdict(list)
    for condition in conditions:
        for row in db.session.execute(sa.select(*columns).where(Organization.category.in_(categories), condition)):
            for name in {fold(row.name), fold(row.abbreviation or row.name)}:
                named[row.category, name].append((row.id, row.country))
    return named


def members_on(organization_id: int, day: date) -> set[int]:
    """People whose membership in the organization had begun by `day`, for all we know, and has no known end."""
    return set(
        db.session.scalars(
            sa.select(Membership.person_id).where(
                Membership.organization_id == organization_id,
                Membership.end_date.is_(None),
                Membership.ended_by.is_(None),
                sa.or_(Membership.start_date.is_(None), Membership.start_date <= day),
            )
        )
    )


def members_lately(organization_id: int, day: date) -> set[int]:
    """People whose membership in the organization was over by `day`, but not long: those of the last legislature."""
    over = sa.func.coalesce(Membership.end_date, Membership.ended_by)
    return set(
        db.session.scalars(
            sa.select(Membership.person_id).where(
                Membership.organization_id == organization_id, over <= day, over >= day - _LATELY
            )
        )
    )


def complete_rosters_after(institution: str, day: date) -> list[date]:
    """The days later than `day` that applied complete rosters of the institution describe, in their order."""
    return list(
        db.session.scalars(
            sa.select(Import.as_of)
            .where(
                Import.institution == institution,
                Import.complete,
                Import.state == ImportState.APPLIED,
                Import.as_of > day,
            )
            .order_by(Import.as_of)
            .distinct()
        )
    )


def saved_mapping(header: Sequence[str]) -> list[str] | None:
    """The field of each column that somebody has said for a table with this header, None where nobody has."""
    statement = sa.select(ColumnMapping.fields).where(ColumnMapping.header_hash == header_hash(header))
    return db.session.scalar(statement)
