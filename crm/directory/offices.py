"""Mandates as a contact's page shows them: a person's offices, an organization's people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from crm import i18n
from crm.directory.models import (
    HOLDERS_BY_RANK,
    OPEN_END,
    Category,
    Contact,
    Membership,
    Post,
    last_day,
    made_of_holders,
)
from crm.directory.standing import LOYALTIES
from crm.extensions import db

MEMBERS_SHOWN = 50

_CONTACT = sa.bindparam("contact", type_=sa.BigInteger)
_TODAY = sa.bindparam("today", type_=sa.Date)
_holder, _organization, _behalf = (Contact.__table__.alias(name) for name in ("holder", "organization", "behalf"))
_post = Post.__table__.alias("post_held")


def running(membership: Any, today: Any) -> sa.ColumnElement[bool]:
    """Whether a membership (the class, an alias or a table's columns) runs on `today`, as far as is known."""
    return sa.and_(membership.ended_by.is_(None), sa.or_(membership.end_date.is_(None), membership.end_date >= today))


@dataclass(frozen=True)
class Mandate:
    """One membership as the page shows it, from either side of it; `holder` is the person."""

    id: int
    holder_id: int
    holder: str
    organization_id: int
    organization: str
    category: Category
    on_behalf_of_id: int | None
    on_behalf_of: str | None
    post_id: int | None
    post: str | None
    role: str
    country: str | None
    region: str | None
    constituency: str | None
    term: str | None
    start_date: date | None
    last_day: date
    end_is_known: bool
    source: str
    # What holding it makes of a person; None where that says nothing, as in a committee.
    makes: Category | None = None

    @property
    def rank(self) -> int:
        """Its place among what somebody holds: offices by their rank, other bodies, then groups and parties."""
        if self.category in LOYALTIES:
            return len(HOLDERS_BY_RANK) + 1
        return len(HOLDERS_BY_RANK) if self.makes is None else HOLDERS_BY_RANK[self.makes]

    @property
    def ended(self) -> bool:
        """Whether it is over today."""
        return self.last_day < i18n.today()

    @property
    def open(self) -> bool:
        """Whether no last day is known."""
        return self.last_day == OPEN_END


_MANDATES = (
    sa.select(
        Membership.id,
        Membership.person_id,
        _holder.c.name.label("holder"),
        Membership.organization_id,
        _organization.c.name.label("organization"),
        _organization.c.category,
        _organization.c.holders_are,
        _organization.c.effective_region.label("organization_region"),
        Membership.on_behalf_of_id,
        _behalf.c.name.label("behalf"),
        Membership.post_id,
        _post.c.label.label("post"),
        Membership.role,
        Membership.country,
        Membership.region,
        Membership.constituency,
        Membership.term,
        Membership.start_date,
        Membership.end_date,
        Membership.ended_by,
        Membership.source,
    )
    .join(_holder, _holder.c.id == Membership.person_id)
    .join(_organization, _organization.c.id == Membership.organization_id)
    .outerjoin(_behalf, _behalf.c.id == Membership.on_behalf_of_id)
    .outerjoin(_post, _post.c.id == Membership.post_id)
)
_OFFICES = _MANDATES.where(Membership.person_id == _CONTACT)
_MEMBERS = _MANDATES.where(Membership.organization_id == _CONTACT).order_by(Membership.id).limit(MEMBERS_SHOWN + 1)
_PRESENT = _MEMBERS.where(running(Membership, _TODAY))
_FORMER = _MEMBERS.where(sa.not_(running(Membership, _TODAY)))


def _mandates(statement: sa.Select[*tuple[Any, ...]], contact_id: int) -> list[Mandate]:
    parameters = {"contact": contact_id, "today": i18n.today()}
    lines = [
        Mandate(
            id=row.id,
            holder_id=row.person_id,
            holder=row.holder,
            organization_id=row.organization_id,
            organization=row.organization,
            category=row.category,
            on_behalf_of_id=row.on_behalf_of_id,
            on_behalf_of=row.behalf,
            post_id=row.post_id,
            post=row.post,
            role=row.role,
            country=row.country,
            region=row.region,
            constituency=row.constituency,
            term=row.term,
            start_date=row.start_date,
            last_day=last_day(row.end_date, row.ended_by),
            end_is_known=row.end_date is not None,
            source=row.source,
            makes=made_of_holders(row.category, row.holders_are, row.organization_region),
        )
        for row in db.session.execute(statement, parameters)
    ]
    return sorted(lines, key=lambda line: (line.last_day, line.start_date or date.min, line.id), reverse=True)


def offices_of(person_id: int) -> list[Mandate]:
    """A person's mandates, running ones first by their rank, then the latest, in one query."""
    lines = _mandates(_OFFICES, person_id)
    return sorted(lines, key=lambda line: (line.ended, line.category in LOYALTIES if line.ended else line.rank))


def members_of(organization_id: int, *, former: bool = False) -> list[Mandate]:
    """Who is in an organization now, or was once: up to one more than MEMBERS_SHOWN, in one query."""
    return _mandates(_FORMER if former else _PRESENT, organization_id)


def mandate_of(contact_id: int, membership_id: int) -> Mandate | None:
    """One mandate that the contact holds, or that is held in it; None where there is no such."""
    mine = sa.or_(Membership.person_id == _CONTACT, Membership.organization_id == _CONTACT)
    return next(iter(_mandates(_MANDATES.where(Membership.id == membership_id, mine), contact_id)), None)
