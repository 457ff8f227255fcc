"""Who stands how close to whom: ties between contacts, and the small organizations they share."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from crm import i18n
from crm.directory.models import Category, Contact, Membership, Relationship, RelationshipKind
from crm.directory.offices import running
from crm.extensions import db
from crm.policy import visible_to

# In a larger organization sharing a membership says nothing: both in a parliament is no acquaintance.
SMALL = 60
# Belonging to one of these is no acquaintance either, however few of its people the directory knows.
_LOOSE = (Category.PARLIAMENT,)
# Weaker than the longest way over ties alone, all of them over: what somebody noted comes first.
_SHARED = 4.75
# How many rows one step looks at, so that it costs the same in a directory of any size.
STEP_LIMIT = 4000

# Ties over which nobody introduces anybody.
CLOSED_TIES = (RelationshipKind.OPPONENT,)

_mine, _theirs = Membership.__table__.alias("mine"), Membership.__table__.alias("theirs")
_shared, _place = Contact.__table__.alias("shared"), Contact.__table__.alias("place")


@dataclass(frozen=True)
class Link:
    """One step from `near` to `far`: a tie of a kind (`backwards` where `far` is its subject), or an organization.

    With `organization_id` equal to `near` or `far` the step is belonging to it; otherwise both belong to it now.
    """

    near: int
    far: int
    kind: RelationshipKind | None = None
    backwards: bool = False
    over: bool = False
    since: date | None = None
    organization_id: int | None = None
    organization: str = ""
    size: int = 0

    @property
    def cost(self) -> float:
        """How weak the step is: a tie of today counts as one, a shared organization the less the larger it is.

        A way over noted ties alone is always stronger than one over a shared organization.
        """
        if self.kind is not None:
            return 1.5 if self.over else 1.0
        return 1.25 if self.organization_id in (self.near, self.far) else _SHARED + self.size / SMALL


def ties_from(contact_ids: Collection[int], team_id: int) -> list[Link]:
    """The ties of these contacts that the team may see, in one query."""
    row = Relationship
    visible = visible_to(row.team_id, team_id)
    found = db.session.execute(
        sa.select(row.subject_id, row.object_id, row.kind, row.start_date, row.end_date)
        .where(
            sa.or_(row.subject_id.in_(contact_ids), row.object_id.in_(contact_ids)),
            row.kind.not_in(CLOSED_TIES),
            visible,
        )
        .order_by(row.id)
        .limit(STEP_LIMIT)
    )
    links = []
    for tie in found:
        over = tie.end_date is not None and tie.end_date < i18n.today()
        for near, far, backwards in (
            (tie.subject_id, tie.object_id, False),
            (tie.object_id, tie.subject_id, True),
        ):
            if near in contact_ids:
                links.append(Link(near, far, tie.kind, backwards, over, tie.start_date))
    return links


def _is_small(organization: Any) -> sa.ColumnElement[bool]:
    member = Membership.__table__.alias("member")
    one_too_many = (
        sa.select(member.c.id)
        .where(member.c.organization_id == organization, running(member.c, i18n.today()))
        .limit(1)
        .offset(SMALL)
    )
    return ~one_too_many.correlate(_mine).exists()


def shared_from(contact_ids: Collection[int]) -> list[Link]:
    """From these contacts to the small organizations they belong to and to all who do too, in one query.

    From an organization among them, of any size and kind, the links lead to its own people.
    """
    today = i18n.today()
    small = (
        sa.select(_mine.c.organization_id)
        .join(_place, _place.c.id == _mine.c.organization_id)
        .where(
            sa.or_(
                _mine.c.organization_id.in_(contact_ids),
                sa.and_(
                    _mine.c.person_id.in_(contact_ids),
                    _place.c.category.not_in(_LOOSE),
                    _is_small(_mine.c.organization_id),
                ),
            ),
            running(_mine.c, today),
        )
        .distinct()
    )
    rows = db.session.execute(
        sa.select(_theirs.c.organization_id, _theirs.c.person_id, _shared.c.name)
        .join(_shared, _shared.c.id == _theirs.c.organization_id)
        .where(_theirs.c.organization_id.in_(small), running(_theirs.c, today))
        .order_by(_theirs.c.organization_id, _theirs.c.id)
        .limit(STEP_LIMIT)
    ).all()
    return _links_of(rows, contact_ids)


def _links_of(rows: Sequence[Any], contact_ids: Collection[int]) -> list[Link]:
    people: dict[int, list[int]] = {}
    names: dict[int, str] = {}
    for row in rows:
        people.setdefault(row.organization_id, []).append(row.person_id)
        names[row.organization_id] = row.name
    links = []
    for organization_id, members in people.items():
        said: dict[str, Any] = {
            "organization_id": organization_id,
            "organization": names[organization_id],
            "size": len(members),
        }
        present = dict.fromkeys(members)
        if organization_id in contact_ids:
            links += [Link(organization_id, person_id, **said) for person_id in present]
        for near in present:
            if near in contact_ids:
                links.append(Link(near, organization_id, **said))
                links += [Link(near, far, **said) for far in present if far != near]
    return links
