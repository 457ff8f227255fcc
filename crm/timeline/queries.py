"""Reading the timeline of a contact."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from crm.paging import Page, SortKey, page
from crm.policy import visible_to
from crm.timeline.models import EntryKind, TimelineEntry

ENTRIES_SHOWN = 20


def entries_of(
    contact_id: int,
    team_id: int,
    cursor: str | None = None,
    *,
    kinds: Collection[EntryKind] = (),
    size: int = ENTRIES_SHOWN,
) -> Page:
    """One page of what happened with a contact, newest first, in one query; other teams' private entries left out.

    With `kinds`, of these alone. Rows hold id, at, kind, reference, summary, details, actor and team_id.
    """
    entry = TimelineEntry
    statement = sa.select(
        entry.id, entry.at, entry.kind, entry.reference, entry.summary, entry.details, entry.actor, entry.team_id
    ).where(
        entry.contact_id == contact_id,
        visible_to(entry.team_id, team_id),
        entry.kind.in_(kinds) if kinds else entry.kind != EntryKind.EDIT_UNDONE,
    )
    return page(statement, [SortKey(entry.at, descending=True), SortKey(entry.id, descending=True)], cursor, size)
