"""What the directory answers: a contact's record and its mandates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import with_polymorphic

from crm import clock
from crm.directory.finding import HIT_COLUMNS
from crm.directory.models import (
    Contact,
    ContactMerge,
    ContactPoint,
    Identifier,
    Membership,
    PointKind,
    last_day,
)
from crm.extensions import db

AnyRow: TypeAlias = sa.Row[*tuple[Any, ...]]

MEMBERS_SHOWN = 50

# The table under short names, for what a row points to; made once, because an alias copies every column.
_holder, _organization, _behalf = (Contact.__table__.alias(name) for name in ("holder", "organization", "behalf"))
_whole = with_polymorphic(Contact, "*")


@dataclass(frozen=True)
class MembershipLine:
    """One mandate as screens show it, from either side of it; `holder` is the person."""

    id: int
    holder_id: int
    holder: str
    organization_id: int
    organization: str
    on_behalf_of_id: int | None
    on_behalf_of: str | None
    role: str
    term: str | None
    start_date: date | None
    last_day: date
    end_is_known: bool
    source: str

    @property
    def ended(self) -> bool:
        """Whether it is over today."""
        return self.last_day < clock.today()


def _membership_lines(statement: sa.Select[*tuple[Any, ...]]) -> list[MembershipLine]:
    found = db.session.execute(
        statement.add_columns(
            _holder.c.name.label("holder"), _organization.c.name.label("organization"), _behalf.c.name.label("behalf")
        )
        .join(_holder, _holder.c.id == Membership.person_id)
        .join(_organization, _organization.c.id == Membership.organization_id)
        .outerjoin(_behalf, _behalf.c.id == Membership.on_behalf_of_id)
    )
    lines = [
        MembershipLine(
            id=row.id,
            holder_id=row.person_id,
            holder=row.holder,
            organization_id=row.organization_id,
            organization=row.organization,
            on_behalf_of_id=row.on_behalf_of_id,
            on_behalf_of=row.behalf,
            role=row.role,
            term=row.term,
            start_date=row.start_date,
            last_day=last_day(row.end_date, row.ended_by),
            end_is_known=row.end_date is not None,
            source=row.source,
        )
        for row in found
    ]
    return sorted(lines, key=lambda line: (line.last_day, line.start_date or date.min, line.id), reverse=True)


_MEMBERSHIP_COLUMNS = [column for column in Membership.__table__.c if column.name != "country"]


def memberships_of(person_id: int) -> list[MembershipLine]:
    """A person's mandates, running ones first, then the latest, in one query."""
    return _membership_lines(sa.select(*_MEMBERSHIP_COLUMNS).where(Membership.person_id == person_id))


def members_of(organization_id: int, limit: int = MEMBERS_SHOWN) -> list[MembershipLine]:
    """Up to `limit` running memberships in an organization, in one query; what it is chosen for is not looked at."""
    return _membership_lines(
        sa.select(*_MEMBERSHIP_COLUMNS)
        .where(
            Membership.organization_id == organization_id,
            Membership.ended_by.is_(None),
            sa.or_(Membership.end_date.is_(None), Membership.end_date >= clock.today()),
        )
        .order_by(Membership.id)
        .limit(limit)
    )


def whole_contact(contact_id: int) -> Contact | None:
    """A person or organization with all its columns, in one query."""
    return db.session.scalar(sa.select(_whole).where(_whole.id == contact_id))


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
