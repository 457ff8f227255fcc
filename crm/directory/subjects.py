"""Contacts as likeness sees them, read from the directory."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, TypeAlias

import sqlalchemy as sa

from crm import clock
from crm.directory.likeness import Subject, phone_key
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
from crm.directory.portfolios import government_of
from crm.extensions import db
from crm.text import fold

Where: TypeAlias = sa.ColumnElement[bool]
# Whoever belongs to these has no office there that would tell them from others.
_NO_OFFICE = (Category.POLITICAL_GROUP, Category.PARTY, Category.COMMITTEE)


def _grouped(statement: sa.Select[int, str]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for contact_id, value in db.session.execute(statement):
        found[contact_id].add(value)
    return found


def _phones(among: Where) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    told = sa.select(ContactPoint.contact_id, ContactPoint.value).where(ContactPoint.kind == PointKind.PHONE, among)
    for contact_id, number in db.session.execute(told):
        if key := phone_key(number):
            found[contact_id].add(key)
    return found


def _offices(among: Where) -> dict[int, set[tuple[str, str]]]:
    """The running offices of people: institution and role, folded; one that has a label of its own goes by it."""
    rows = db.session.execute(
        sa.select(Membership.person_id, Organization.name, Membership.role, Post.label)
        .join(Organization, Organization.id == Membership.organization_id)
        .outerjoin(Post, Post.id == Membership.post_id)
        .where(
            among,
            Membership.ended_by.is_(None),
            sa.or_(Membership.end_date.is_(None), Membership.end_date >= clock.today()),
            Organization.category.not_in(_NO_OFFICE),
        )
    )
    folded: dict[str, str] = {}
    found: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for person_id, name, role, label in rows:
        words = [folded.get(text) or folded.setdefault(text, fold(text)) for text in (name, label or role)]
        found[person_id].add((words[0], words[1]))
    return found


def subjects(where: Where | None = None) -> dict[int, Subject]:
    """Contacts as likeness sees them, in six queries: all, or those that `where` finds."""
    table = Contact.__table__
    whose: Where = sa.true() if where is None else where
    ids = sa.select(table.c.id).where(whose)

    def among(column: Any) -> Where:
        return sa.true() if where is None else column.in_(ids)

    addresses = _grouped(
        sa.select(ContactPoint.contact_id, ContactPoint.value).where(
            ContactPoint.kind == PointKind.EMAIL, among(ContactPoint.contact_id)
        )
    )
    phones, offices = _phones(among(ContactPoint.contact_id)), _offices(among(Membership.person_id))
    names = _grouped(sa.select(OtherName.contact_id, OtherName.name).where(among(OtherName.contact_id)))
    registers: dict[int, list[tuple[str, str]]] = defaultdict(list)
    entries = sa.select(Identifier.contact_id, Identifier.scheme, Identifier.value)
    for contact_id, scheme, value in db.session.execute(entries.where(among(Identifier.contact_id))):
        registers[contact_id].append((scheme, value))
    columns = ("id", "kind", "name", "sort_name", "category", "country", "birth_date", "party_id", "abbreviation")
    found: dict[int, Subject] = {}
    none: frozenset[str] = frozenset()
    for row in db.session.execute(sa.select(*(table.c[name] for name in columns)).where(whose)):
        person = row.kind is ContactKind.PERSON
        found[row.id] = Subject(
            id=row.id,
            kind=row.kind,
            name=row.sort_name if person else fold(row.name),
            category=row.category,
            country=row.country,
            birth_date=row.birth_date,
            party_id=row.party_id,
            short_name=fold(row.abbreviation or ""),
            addresses=frozenset(addresses[row.id]) if row.id in addresses else none,
            phones=frozenset(phones[row.id]) if row.id in phones else none,
            offices=frozenset(offices[row.id]) if row.id in offices else frozenset(),
            registers=tuple(registers[row.id]) if row.id in registers else (),
            governs="" if person else government_of(row.name, row.category, row.country),
            other_names=frozenset(map(fold, names[row.id])) if row.id in names else none,
        )
    return found
