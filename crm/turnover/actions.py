"""What turnover asks for: hand a target over to a successor, and follow mandates whose last day has passed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import sqlalchemy as sa

from crm import clock
from crm.audit.bulk import RowUpdate
from crm.directory.bulk import update_points
from crm.directory.models import Contact, ContactPoint, Membership, PointStatus
from crm.directory.projection import project
from crm.extensions import db
from crm.pipeline.actions import add_targets, close_target, update_target
from crm.pipeline.models import CloseReason, Stage, Target
from crm.turnover.models import TurnoverSweep

_CHUNK = 500


class NoSuchTarget(Exception):
    """There is no such open target."""


def hand_over(target_id: int, successor_id: int) -> Target:
    """Make the successor a target with the same owner, ask and priority, and close the target whose mandate ended.

    A successor who is a target already keeps what is said there, and gets an owner and an ask where none is. Raises
    NoSuchTarget.
    """
    gone = db.session.get(Target, target_id, with_for_update=True)
    successor = db.session.get(Contact, successor_id)
    if gone is None or gone.stage is Stage.CLOSED or successor is None:
        raise NoSuchTarget
    name, owner_id, ask, priority = successor.name, gone.owner_id, gone.ask, gone.priority
    added = add_targets(gone.campaign_id, [successor_id], owner_id=owner_id, priority=priority).added
    following = db.session.scalars(
        sa.select(Target).where(Target.campaign_id == gone.campaign_id, Target.contact_id == successor_id)
    ).one()
    if added or not following.ask:
        update_target(following.id, ask=ask)
    if following.owner_id is None:
        update_target(following.id, owner_id=owner_id)
    close_target(target_id, CloseReason.MANDATE_ENDED, f"→ {name}"[:300])
    return following


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]


def ended_between(first: date | None, day: date) -> Sequence[sa.Row[int, int]]:
    """Id and holder of the memberships whose last day lies between `first` (None: ever) and the day before `day`."""
    ends = sa.or_(
        sa.and_(Membership.end_date.is_not(None), Membership.end_date < day),
        sa.and_(Membership.end_date.is_(None), Membership.ended_by <= day),
    )
    statement = sa.select(Membership.id, Membership.person_id).where(ends)
    if first is not None:
        known = sa.or_(Membership.end_date >= first, Membership.ended_by > first)
        statement = statement.where(known)
    return db.session.execute(statement.order_by(Membership.id)).all()


def follow(memberships: Sequence[sa.Row[int, int]]) -> int:
    """Compute anew whoever held these, take the addresses of the offices out of use; how many addresses went."""
    retired = 0
    for some in _chunks([row.id for row in memberships]):
        points = db.session.execute(
            sa.select(ContactPoint.id, ContactPoint.contact_id, ContactPoint.status).where(
                ContactPoint.membership_id.in_(some), ContactPoint.status == PointStatus.CURRENT
            )
        ).all()
        updates = [RowUpdate(row.id, {"status": row.status}, {"status": PointStatus.RETIRED}) for row in points]
        update_points(updates, [row.contact_id for row in points])
        retired += len(points)
    project(row.person_id for row in memberships)
    return retired


def swept_until() -> date | None:
    """The day up to which ended mandates have been followed."""
    return db.session.scalar(sa.select(TurnoverSweep.swept_until).limit(1))


def sweep() -> int:
    """Follow the mandates whose last day has passed since the last sweep; how many those were."""
    today = clock.today()
    stored = db.session.scalars(sa.select(TurnoverSweep)).first()
    ended = ended_between(stored.swept_until if stored else None, today)
    follow(ended)
    if stored is None:
        db.session.add(TurnoverSweep(swept_until=today))
    else:
        stored.swept_until = today
    db.session.flush()
    return len(ended)
