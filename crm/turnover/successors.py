"""Who came after somebody: told by a relationship, or by who took the same post, office or seat when it fell free."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from typing import Any, TypeAlias

import sqlalchemy as sa

from crm.directory.models import OPEN_END, Category, Contact, Membership, Relationship, RelationshipKind, last_day
from crm.extensions import db
from crm.policy import visible_to

AnyRow: TypeAlias = sa.Row[*tuple[Any, ...]]


class Ground(IntEnum):
    """Why somebody is taken for a successor, the surest first."""

    TOLD = 1  # somebody noted that they succeeded
    SAME_POST = 2
    SAME_OFFICE = 3  # the same role in the same organization
    SAME_SEAT = 4  # a seat of the same country, for the same party or group


@dataclass(frozen=True)
class Successor:
    """Somebody who came after, why we think so, and since when."""

    contact_id: int
    name: str
    ground: Ground
    since: date | None


# A successor takes up the office so long after it fell free; a seat is filled sooner than a post.
_WITHIN = {Ground.SAME_POST: 365, Ground.SAME_OFFICE: 120, Ground.SAME_SEAT: 60}
# An office is sometimes taken up just before the old mandate ends on paper.
_BEFORE = timedelta(days=7)
_SHOWN = 3
_LOYALTIES = (Category.POLITICAL_GROUP, Category.PARTY, Category.COMMITTEE)
_holder, _body = (Contact.__table__.alias(name) for name in ("successor", "body"))


def _memberships() -> sa.Select[*tuple[Any, ...]]:
    columns = (
        Membership.id,
        Membership.person_id,
        Membership.organization_id,
        Membership.on_behalf_of_id,
        Membership.post_id,
        Membership.role,
        Membership.start_date,
        Membership.end_date,
        Membership.ended_by,
        sa.func.coalesce(Membership.country, _holder.c.country).label("country"),
    )
    return (
        sa.select(*columns, _holder.c.name, _holder.c.party_id)
        .join(_holder, _holder.c.id == Membership.person_id)
        .join(_body, _body.c.id == Membership.organization_id)
        .where(_body.c.category.not_in(_LOYALTIES))
    )


def _ended(contact_ids: Collection[int], today: date) -> dict[int, list[AnyRow]]:
    """The offices of each that are over."""
    found: dict[int, list[AnyRow]] = defaultdict(list)
    for row in db.session.execute(_memberships().where(Membership.person_id.in_(contact_ids))):
        if last_day(row.end_date, row.ended_by) < today:
            found[row.person_id].append(row)
    return found


def _ground(gone: AnyRow, come: AnyRow) -> Ground | None:
    """Why the second membership may be the first one's office, taken over."""
    if gone.post_id is not None and gone.post_id == come.post_id:
        ground = Ground.SAME_POST
    elif gone.organization_id != come.organization_id or gone.role.lower() != come.role.lower():
        return None
    elif gone.role.lower() != "member":
        ground = Ground.SAME_OFFICE
    elif gone.country is not None and gone.country == come.country and _same_side(gone, come):
        ground = Ground.SAME_SEAT
    else:
        return None
    over = last_day(gone.end_date, gone.ended_by)
    begun = come.start_date
    in_time = begun is not None and over - _BEFORE <= begun <= over + timedelta(days=_WITHIN[ground])
    return ground if in_time else None


def _same_side(gone: AnyRow, come: AnyRow) -> bool:
    """Whether both sit for one party, or (where parties are not known) for one group."""
    if gone.party_id and come.party_id:
        return bool(gone.party_id == come.party_id)
    return gone.on_behalf_of_id is not None and gone.on_behalf_of_id == come.on_behalf_of_id


def _told(contact_ids: Collection[int], team_id: int | None) -> dict[int, list[Successor]]:
    found: dict[int, list[Successor]] = defaultdict(list)
    rows = db.session.execute(
        sa.select(Relationship.object_id, Relationship.subject_id, Relationship.start_date, _holder.c.name)
        .join(_holder, _holder.c.id == Relationship.subject_id)
        .where(
            Relationship.kind == RelationshipKind.SUCCEEDED,
            Relationship.object_id.in_(contact_ids),
            visible_to(Relationship.team_id, team_id),
        )
    )
    for row in rows:
        found[row.object_id].append(Successor(row.subject_id, row.name, Ground.TOLD, row.start_date))
    return found


def _come(ended: Mapping[int, list[AnyRow]]) -> dict[int, list[AnyRow]]:
    """Memberships in the organizations of the ended ones that began about when those ended, by organization."""
    windows = {_window(row) for rows in ended.values() for row in rows}
    if not windows:
        return {}
    found: dict[int, list[AnyRow]] = defaultdict(list)
    begun = Membership.__table__.alias("begun")
    # Each by its own part of the index: a parliament has seen thousands come over the years.
    taken_up = sa.select(begun.c.id).where(
        sa.or_(
            *(
                sa.and_(begun.c.organization_id == organization_id, begun.c.start_date.between(first, last))
                for organization_id, first, last in sorted(windows)
            )
        )
    )
    for row in db.session.execute(_memberships().where(Membership.id.in_(taken_up))):
        found[row.organization_id].append(row)
    return found


def _window(gone: AnyRow) -> tuple[int, date, date]:
    """The organization of an office that is over, and the days on which a successor may have taken it up."""
    over = last_day(gone.end_date, gone.ended_by)
    seat = gone.post_id is None and gone.role.lower() == "member"
    longest = _WITHIN[Ground.SAME_SEAT] if seat else max(_WITHIN.values())
    return gone.organization_id, over - _BEFORE, min(over + timedelta(days=longest), OPEN_END)


def successors_of(
    contact_ids: Collection[int], today: date, *, team_id: int | None = None
) -> dict[int, list[Successor]]:
    """Up to three likely successors of each contact whose office is over, the surest first; in three queries.

    Where more fit than that by their seats alone, as when a parliament is elected anew, none of these is named.
    """
    found = _told(contact_ids, team_id)
    ended = _ended(contact_ids, today)
    come = _come(ended)
    for contact_id, offices in ended.items():
        # The office that ended last is the one to fill.
        newest = max(last_day(row.end_date, row.ended_by) for row in offices)
        last = [row for row in offices if last_day(row.end_date, row.ended_by) == newest]
        found[contact_id] += _by_office(last, come)
    return {contact_id: _best(successors, contact_id) for contact_id, successors in found.items()}


def _by_office(gone: Iterable[AnyRow], come: Mapping[int, list[AnyRow]]) -> list[Successor]:
    return [
        Successor(other.person_id, other.name, ground, other.start_date)
        for one in gone
        for other in come.get(one.organization_id, ())
        if other.person_id != one.person_id and (ground := _ground(one, other)) is not None
    ]


def _best(successors: Iterable[Successor], contact_id: int) -> list[Successor]:
    by_contact: dict[int, Successor] = {}
    for each in sorted(successors, key=lambda each: (each.ground, each.since or OPEN_END, each.contact_id)):
        if each.contact_id != contact_id:
            by_contact.setdefault(each.contact_id, each)
    found = list(by_contact.values())
    if len(found) > _SHOWN:
        found = [each for each in found if each.ground is not Ground.SAME_SEAT]
    return found[:_SHOWN]
