"""When something last reached a target: derived of the timeline, so that every feature that writes there counts.

What a team keeps to itself does not count here: it would tell other teams when. Filters look at it beside this
(`crm.pipeline.filters`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import cast

import sqlalchemy as sa

from crm.audit.models import Change
from crm.database import among
from crm.extensions import db
from crm.pipeline.models import Target
from crm.policy import visible_to
from crm.timeline.models import REACHING, TimelineEntry

_CHUNK = 500


def _chunks(ids: Collection[int]) -> Iterator[Sequence[int]]:
    ordered = sorted(set(ids))
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]


def _following() -> sa.Update:
    entry, table = TimelineEntry, cast("sa.Table", Target.__table__)
    last = (
        sa.select(entry.at)
        .where(entry.contact_id == table.c.contact_id, entry.kind.in_(REACHING), visible_to(entry.team_id, None))
        .order_by(entry.at.desc())
        .limit(1)
        .scalar_subquery()
    )
    written = table.c.last_contact_at
    other = written.is_distinct_from(last) | (table.c.quiet_since != sa.func.coalesce(written, table.c.created_at))
    return (
        sa.update(table)
        .where(among(table.c.contact_id, "contacts"), other)
        .values(last_contact_at=last, quiet_since=sa.func.coalesce(last, table.c.created_at))
    )


# Rows that say so already are left alone: to write one costs ten times as much as to look.
_FOLLOW = _following()


def follow_contacts(contact_ids: Collection[int]) -> None:
    """Look up anew when something last reached the targets of these contacts; one statement for 500."""
    for chunk in _chunks(contact_ids):
        db.session.execute(_FOLLOW, {"contacts": chunk})


def _reaching() -> sa.Update:
    table = cast("sa.Table", Target.__table__)
    moment = sa.bindparam("moment", type_=table.c.quiet_since.type)
    earlier = table.c.last_contact_at.is_(None) | (table.c.last_contact_at < moment)
    return (
        sa.update(table)
        .where(among(table.c.contact_id, "contacts"), earlier)
        .values(last_contact_at=moment, quiet_since=moment)
    )


_REACHED = _reaching()


def follow(contact_ids: Collection[int], reached_at: datetime | None) -> None:
    """Follow what changed on the timelines of these contacts; where something reached them, at `reached_at`."""
    if reached_at is None:
        follow_contacts(contact_ids)
        return
    for chunk in _chunks(contact_ids):
        db.session.execute(_REACHED, {"contacts": chunk, "moment": reached_at})


def follow_undone(changes: Sequence[Change]) -> None:
    """Look it up for targets that came back as they once were; called after an undo."""
    rows = [change.row_id for change in changes if change.table_name == Target.__tablename__]
    for chunk in _chunks(rows):
        follow_contacts(db.session.scalars(sa.select(Target.contact_id).where(Target.id.in_(chunk))).all())


def rebuild_last_contacts() -> int:
    """Look it up for every target, and return how many contacts they are."""
    contacts = db.session.scalars(sa.select(Target.contact_id).distinct()).all()
    follow_contacts(contacts)
    return len(contacts)
