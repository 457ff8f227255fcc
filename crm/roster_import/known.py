"""What the directory knows of the people a batch of records may be about, read in a constant number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm.audit.authorship import columns_set_by_hand, rows_deleted_by_hand
from crm.directory.models import (
    Category,
    Contact,
    ContactLanguage,
    ContactPoint,
    Identifier,
    Membership,
    Organization,
    OtherName,
    Person,
    PointKind,
    PointStatus,
    Post,
)
from crm.extensions import db
from crm.roster_import.lookups import chunked
from crm.roster_import.models import Decision, Import, ImportRow, ImportState, Reason, RowKind

APPLY = "apply import"  # the action of the change sets imports leave


@dataclass(frozen=True)
class KnownPoint:
    """A contact point, with the columns of it that a user has set."""

    id: int
    kind: PointKind
    value: str
    status: PointStatus
    membership_id: int | None
    by_hand: frozenset[str]


@dataclass(frozen=True)
class KnownMembership:
    """A membership, with the columns of it that a user has set."""

    id: int
    organization_id: int
    organization: str
    category: Category
    on_behalf_of_id: int | None
    on_behalf_of: str
    role: str
    country: str | None
    term: str | None
    start_date: date | None
    end_date: date | None
    ended_by: date | None
    region: str | None
    constituency: str | None
    post_id: int | None
    post: str
    by_hand: frozenset[str]

    @property
    def is_open(self) -> bool:
        """Whether no end of it is known."""
        return self.end_date is None and self.ended_by is None

    def held_by_hand(self, column: str) -> Reason | None:
        """Why no import replaces the column by itself: a user has set it."""
        return Reason.HAND_MADE if column in self.by_hand else None


@dataclass(frozen=True)
class KnownContact:
    """What imports touch of people and organizations alike.

    `as_of` is the newest day an applied import describes the contact on, None where none does.
    """

    id: int
    name: str
    category: Category
    category_override: Category | None
    country: str | None
    region: str | None
    forms_of_address: dict[str, str]
    as_of: date | None
    by_hand: frozenset[str]
    identifiers: frozenset[tuple[str, str]]
    other_names: frozenset[str]
    languages: frozenset[str]
    points: tuple[KnownPoint, ...]
    removed_points: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Known(KnownContact):
    """A person of the directory as far as imports touch it.

    `said_later` names what applied imports of a later day than this one have said of the person: fields of Record that
    were not empty.
    """

    given_name: str | None
    family_name: str | None
    gender: str | None
    birth_date: date | None
    death_date: date | None
    honorific_prefix: str | None
    honorific_suffix: str | None
    said_later: frozenset[str]
    memberships: tuple[KnownMembership, ...]


# Rows in which a roster describes a person: those of applied imports that nobody has skipped.
_DESCRIBING = (
    ImportRow.kind.in_((RowKind.NEW, RowKind.CHANGED, RowKind.UNCHANGED, RowKind.SUSPICIOUS)),
    sa.or_(ImportRow.decision.is_(None), ImportRow.decision != Decision.SKIP),
    Import.state == ImportState.APPLIED,
)


def described_on(contact_ids: Sequence[int]) -> dict[int, date]:
    """The newest day an applied import describes each contact on."""
    rows = db.session.execute(
        sa.select(ImportRow.contact_id, sa.func.max(Import.as_of).label("as_of"))
        .join(Import, Import.id == ImportRow.import_id)
        .where(
            ImportRow.contact_id.in_(contact_ids),
            *_DESCRIBING,
        )
        .group_by(ImportRow.contact_id)
    )
    return {row.contact_id: row.as_of for row in rows}


def _said_later(contact_ids: Sequence[int], day: date) -> dict[int, frozenset[str]]:
    rows = db.session.execute(
        sa.select(ImportRow.contact_id, ImportRow.record)
        .join(Import, Import.id == ImportRow.import_id)
        .where(
            ImportRow.contact_id.in_(contact_ids),
            *_DESCRIBING,
            Import.as_of > day,
        )
    )
    said: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        said[row.contact_id] |= {name for name, value in row.record.items() if value not in (None, "", [])}
    return {contact_id: frozenset(names) for contact_id, names in said.items()}


def _identifiers(contact_ids: Sequence[int]) -> dict[int, set[tuple[str, str]]]:
    found: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for row in db.session.execute(
        sa.select(Identifier.contact_id, Identifier.scheme, Identifier.value).where(
            Identifier.contact_id.in_(contact_ids)
        )
    ):
        found[row.contact_id].add((row.scheme, row.value))
    return found


def _texts(column: sa.orm.InstrumentedAttribute[str], contact_ids: Sequence[int]) -> dict[int, set[str]]:
    """The texts of a column of a table that describes contacts, by contact."""
    table: Any = column.class_
    found: dict[int, set[str]] = defaultdict(set)
    for row in db.session.execute(
        sa.select(table.contact_id, column.label("text")).where(table.contact_id.in_(contact_ids))
    ):
        found[row.contact_id].add(row.text)
    return found


def _points(contact_ids: Sequence[int]) -> dict[int, list[KnownPoint]]:
    rows = db.session.execute(
        sa.select(
            ContactPoint.id,
            ContactPoint.contact_id,
            ContactPoint.kind,
            ContactPoint.value,
            ContactPoint.status,
            ContactPoint.membership_id,
        )
        .where(ContactPoint.contact_id.in_(contact_ids))
        .order_by(ContactPoint.id)
    ).all()
    by_hand = columns_set_by_hand(ContactPoint, [row.id for row in rows], but_not_by=APPLY)
    found: dict[int, list[KnownPoint]] = defaultdict(list)
    for row in rows:
        found[row.contact_id].append(
            KnownPoint(row.id, row.kind, row.value, row.status, row.membership_id, by_hand.get(row.id, frozenset()))
        )
    return found


def memberships_where(condition: sa.ColumnElement[bool]) -> dict[int, list[KnownMembership]]:
    """The memberships that meet the condition, by person, with the names of both organizations."""
    organization, behalf = aliased(Organization), aliased(Organization)
    rows = db.session.execute(
        sa.select(
            *Membership.__table__.c,
            organization.name.label("organization"),
            organization.abbreviation.label("organization_short"),
            organization.category.label("organization_category"),
            behalf.name.label("behalf"),
            behalf.abbreviation.label("behalf_short"),
            Post.label.label("post"),
        )
        .join(organization, organization.id == Membership.organization_id)
        .outerjoin(behalf, behalf.id == Membership.on_behalf_of_id)
        .outerjoin(Post, Post.id == Membership.post_id)
        .where(condition)
        .order_by(Membership.id)
    ).all()
    by_hand = columns_set_by_hand(Membership, [row.id for row in rows], but_not_by=APPLY)
    found: dict[int, list[KnownMembership]] = defaultdict(list)
    for row in rows:
        found[row.person_id].append(
            KnownMembership(
                id=row.id,
                organization_id=row.organization_id,
                organization=row.organization_short or row.organization,
                category=row.organization_category,
                on_behalf_of_id=row.on_behalf_of_id,
                on_behalf_of=row.behalf_short or row.behalf or "",
                role=row.role,
                country=row.country,
                term=row.term,
                start_date=row.start_date,
                end_date=row.end_date,
                ended_by=row.ended_by,
                region=row.region,
                constituency=row.constituency,
                post_id=row.post_id,
                post=row.post or "",
                by_hand=by_hand.get(row.id, frozenset()),
            )
        )
    return found


def removed_points() -> dict[int, frozenset[tuple[str, str]]]:
    """Kind and value of the contact points users have deleted, by contact."""
    found: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for row in rows_deleted_by_hand(ContactPoint, but_not_by=APPLY):
        found[row["contact_id"]].add((row["kind"], row["value"]))
    return {contact_id: frozenset(points) for contact_id, points in found.items()}


def descriptions(
    contact_ids: Sequence[int], removed: Mapping[int, frozenset[tuple[str, str]]]
) -> dict[int, dict[str, Any]]:
    """What rows of their own say of contacts, by the fields of KnownContact."""
    by_hand = columns_set_by_hand(Contact, contact_ids, but_not_by=APPLY)
    identifiers, points = _identifiers(contact_ids), _points(contact_ids)
    names, languages = _texts(OtherName.name, contact_ids), _texts(ContactLanguage.language, contact_ids)
    return {
        one: {
            "by_hand": by_hand.get(one, frozenset()),
            "identifiers": frozenset(identifiers.get(one, ())),
            "other_names": frozenset(names.get(one, ())),
            "languages": frozenset(languages.get(one, ())),
            "points": tuple(points.get(one, ())),
            "removed_points": removed.get(one, frozenset()),
        }
        for one in contact_ids
    }


def load_people(contact_ids: Iterable[int], day: date) -> dict[int, Known]:
    """What is known of these people, seen from an import that describes `day`."""
    removed = removed_points()
    return {
        contact_id: known for chunk in chunked(contact_ids) for contact_id, known in _load(chunk, day, removed).items()
    }


def _load(contact_ids: list[int], day: date, removed: dict[int, frozenset[tuple[str, str]]]) -> dict[int, Known]:
    described = described_on(contact_ids)
    said_later = _said_later(contact_ids, day) if any(as_of > day for as_of in described.values()) else {}
    described_by = descriptions(contact_ids, removed)
    memberships = memberships_where(Membership.person_id.in_(contact_ids))
    rows = db.session.execute(
        sa.select(
            Person.id,
            Person.name,
            Person.given_name,
            Person.family_name,
            Person.category,
            Person.category_override,
            Person.country,
            Person.region,
            Person.forms_of_address,
            Person.gender,
            Person.birth_date,
            Person.death_date,
            Person.honorific_prefix,
            Person.honorific_suffix,
        ).where(Person.id.in_(contact_ids))
    )
    nothing: frozenset[str] = frozenset()
    return {
        row.id: Known(
            **row._asdict(),
            **described_by[row.id],
            as_of=described.get(row.id),
            said_later=said_later.get(row.id, nothing),
            memberships=tuple(memberships.get(row.id, ())),
        )
        for row in rows
    }
