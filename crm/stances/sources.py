"""Statements whose source is a row of ours: of what a conversation tells, and when the reply it was came."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from crm.directory.models import Contact
from crm.extensions import db
from crm.policy import visible_to
from crm.stances.models import Statement, Withdrawal
from crm.timeline.models import EntryKind, TimelineEntry
from crm.treaties.models import Treaty

# When they wrote what the statement was taken from, where its source is a reply of theirs; for a select of statements.
REPLIED_AT = (
    sa.select(sa.func.min(TimelineEntry.at))
    .where(
        TimelineEntry.reference == Statement.source_reference,
        TimelineEntry.contact_id == Statement.contact_id,
        TimelineEntry.kind == EntryKind.REPLY,
    )
    .correlate(Statement)
    .scalar_subquery()
    .label("replied_at")
)


def stated_in(reference: str, contact_ids: Collection[int], team_id: int) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """What was written down from a row of ours about these contacts, and still stands, the earliest first.

    Rows hold contact_id, contact, treaty_id, treaty, stance, said_on, quote, recorded_by and team_id.
    """
    return db.session.execute(
        sa.select(
            Statement.contact_id,
            Contact.name.label("contact"),
            Statement.treaty_id,
            Treaty.code.label("treaty"),
            Statement.stance,
            Statement.said_on,
            Statement.quote,
            Statement.recorded_by,
            Statement.team_id,
        )
        .join(Contact, Contact.id == Statement.contact_id)
        .join(Treaty, Treaty.id == Statement.treaty_id)
        .where(
            Statement.contact_id.in_(contact_ids),
            Statement.source_reference == reference,
            visible_to(Statement.team_id, team_id),
            ~sa.exists().where(Withdrawal.statement_id == Statement.id),
        )
        .order_by(Statement.id)
    ).all()
