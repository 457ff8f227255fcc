"""Reading the timeline of a contact."""

from __future__ import annotations

import sqlalchemy as sa

from crm.paging import Page, SortKey, page
from crm.timeline.models import EntryKind, TimelineEntry

ENTRIES_SHOWN = 20


def entries_of(contact_id: int, team_id: int, cursor: str | None = None, *, size: int = ENTRIES_SHOWN) -> Page:
    """One page of what happened with a contact, newest first, in one query; other teams' private entries left out.

    Rows hold id, at, kind, reference, summary, details and actor.
    """
    entry = TimelineEntry
    statement = sa.select(
        entry.id, entry.at, entry.kind, entry.reference, entry.summary, entry.details, entry.actor
    ).where(
        entry.contact_id == contact_id,
        sa.or_(entry.team_id.is_(None), entry.team_id == team_id),
        entry.kind != EntryKind.EDIT_UNDONE,
    )
    return page(statement, [SortKey(entry.at, descending=True), SortKey(entry.id, descending=True)], cursor, size)
