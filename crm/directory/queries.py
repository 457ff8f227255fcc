"""What the directory answers: a contact's record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import with_polymorphic

from crm.directory.finding import HIT_COLUMNS
from crm.directory.models import (
    Contact,
    ContactMerge,
    ContactPoint,
    Identifier,
    PointKind,
    Restriction,
)
from crm.extensions import db

AnyRow: TypeAlias = sa.Row[*tuple[Any, ...]]

_whole = with_polymorphic(Contact, "*")


def whole_contact(contact_id: int) -> Contact | None:
    """A person or organization with all its columns, in one query."""
    return db.session.scalar(sa.select(_whole).where(_whole.id == contact_id))


def names_at(address: str, *, but_not: int) -> Sequence[str]:
    """Up to three contacts, beside this one, that an e-mail address is noted with too."""
    statement = (
        sa.select(Contact.name)
        .join(ContactPoint, ContactPoint.contact_id == Contact.id)
        .where(ContactPoint.kind == PointKind.EMAIL, ContactPoint.value == address, Contact.id != but_not)
    )
    return db.session.scalars(statement.order_by(Contact.id).limit(3)).all()


def points_of(contact_id: int) -> Sequence[AnyRow]:
    """Id, kind, value, status and source of every contact point, those in use first."""
    return db.session.execute(
        sa.select(ContactPoint.id, ContactPoint.kind, ContactPoint.value, ContactPoint.status, ContactPoint.source)
        .where(ContactPoint.contact_id == contact_id)
        .order_by(ContactPoint.status, ContactPoint.id)
    ).all()


def identifiers_of(contact_id: int) -> Sequence[AnyRow]:
    """Scheme and value of every identifier."""
    return db.session.execute(
        sa.select(Identifier.scheme, Identifier.value)
        .where(Identifier.contact_id == contact_id)
        .order_by(Identifier.scheme, Identifier.value)
    ).all()


def possible_duplicates(addresses: Iterable[str], sort_name: str, *, limit: int = 5) -> Sequence[AnyRow]:
    """Contacts that have one of these (normalized) addresses, in use or retired, or the very same folded name."""
    by_address = sa.select(ContactPoint.contact_id).where(
        ContactPoint.kind == PointKind.EMAIL, ContactPoint.value.in_(list(addresses))
    )
    return db.session.execute(
        sa.select(*HIT_COLUMNS, Contact.email)
        .where(sa.or_(Contact.id.in_(by_address), Contact.sort_name == sort_name))
        .order_by(Contact.sort_name, Contact.id)
        .limit(limit)
    ).all()


def survivor_of(contact_id: int) -> int | None:
    """The contact that one who is gone became part of, perhaps over several merges; None if it was never merged."""
    seen: set[int] = set()
    found = contact_id
    while found not in seen:
        seen.add(found)
        following = db.session.scalar(
            sa.select(ContactMerge.survivor_id)
            .where(ContactMerge.absorbed_id == found, ContactMerge.unmerged_at.is_(None))
            .order_by(ContactMerge.id.desc())
            .limit(1)
        )
        if following is None:
            break
        found = following
    return found if found != contact_id else None


def restricted_among(contact_ids: Collection[int]) -> set[int]:
    """Those of these contacts whose data must not be used any more."""
    return set(db.session.scalars(sa.select(Restriction.contact_id).where(Restriction.contact_id.in_(contact_ids))))
