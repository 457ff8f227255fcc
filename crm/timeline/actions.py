"""Writing the timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from crm.extensions import db
from crm.timeline.models import EntryKind, TimelineEntry
from crm.unit_of_work import current_unit_of_work


@dataclass(frozen=True)
class Event:
    """One event to write; see TimelineEntry."""

    contact_id: int
    at: datetime
    kind: EntryKind
    reference: str
    summary: str = ""
    team_id: int | None = None


def add_events(events: Sequence[Event]) -> None:
    """Write events in one statement, in the running unit of work and in its actor's name."""
    actor = current_unit_of_work().actor
    if events:
        db.session.execute(sa.insert(TimelineEntry), [{**asdict(event), "actor": actor} for event in events])
