"""Mandates and posts: who holds which office when."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crm import clock
from crm.directory.actions.known import assign, refuse_known
from crm.directory.models import (
    ContactPoint,
    Membership,
    Organization,
    Person,
    PointStatus,
    Post,
    last_day,
)
from crm.directory.projection import project
from crm.extensions import db


def add_membership(
    person: Person,
    organization: Organization,
    *,
    role: str = "member",
    on_behalf_of: Organization | None = None,
    **fields: Any,
) -> Membership:
    """A new mandate. A seat in a parliament is held on behalf of a group; belonging to a party is one of its own.

    `fields` are further columns of Membership: its post, area, term, dates and source.
    """
    membership = Membership(
        person_id=person.id,
        organization_id=organization.id,
        role=role,
        on_behalf_of_id=on_behalf_of.id if on_behalf_of else None,
        **fields,
    )
    db.session.add(membership)
    db.session.flush()
    project([person.id])
    return membership


def _points_of(membership: Membership) -> list[ContactPoint]:
    return list(db.session.scalars(sa.select(ContactPoint).where(ContactPoint.membership_id == membership.id)))


def change_membership(membership: Membership, **values: Any) -> bool:
    """Set columns of a mandate and say whether any changed; addresses of an office that is over go out of use with it.

    A last day that is given is known: it takes the place of what a roster only showed to have ended.
    """
    if values.get("end_date") is not None:
        values["ended_by"] = None
    changed = assign(membership, values)
    if changed:
        if last_day(membership.end_date, membership.ended_by) < clock.today():
            for point in _points_of(membership):
                point.status = PointStatus.RETIRED
            db.session.flush()
        project([membership.person_id])
    return changed


def remove_membership(membership: Membership) -> None:
    """Take out a mandate that never was; its addresses stay the person's own."""
    person_id = membership.person_id
    for point in _points_of(membership):
        point.membership_id = None
    db.session.flush()
    db.session.delete(membership)
    db.session.flush()
    project([person_id])


def add_post(organization: Organization, label: str, **fields: Any) -> Post:
    """A new office of the organization; `fields` are its area. Raises AlreadyKnown."""
    post = Post(organization_id=organization.id, label=label, **fields)
    refuse_known(post, "organization_id", organization_id=organization.id, label=label)
    db.session.add(post)
    db.session.flush()
    return post


def change_post(post: Post, **values: Any) -> bool:
    """Set columns of an office and say whether any changed. Raises AlreadyKnown."""
    label = values.get("label", post.label)
    refuse_known(post, "organization_id", organization_id=post.organization_id, label=label)
    return assign(post, values)


def remove_post(post: Post) -> None:
    """Take out an office that is none; who held it stays in the organization."""
    for membership in db.session.scalars(sa.select(Membership).where(Membership.post_id == post.id)):
        membership.post_id = None
    db.session.flush()
    db.session.delete(post)
    db.session.flush()
