"""Writing the timeline."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crm.audit.models import Change, ChangeKind
from crm.extensions import db
from crm.many_rows import insert_columns
from crm.timeline.models import REACHING, EntryKind, TimelineEntry
from crm.unit_of_work import current_unit_of_work

_CHUNK = 500
# Called with the contacts whose last contact may be another one now: the one of that moment, where nothing but new
# entries of it is the reason.
ContactListener = Callable[[Collection[int], datetime | None], None]
_listeners: list[ContactListener] = []


def on_contact(listener: ContactListener) -> None:
    """Call `listener` with contacts that something reached (or did not, after all), in the same transaction."""
    if listener not in _listeners:
        _listeners.append(listener)


def contacts_changed(contact_ids: Collection[int]) -> None:
    """Tell whoever follows last contacts that those of these contacts are to be looked up anew."""
    _tell(contact_ids, None)


def _tell(contact_ids: Collection[int], reached_at: datetime | None) -> None:
    if contact_ids:
        for listener in _listeners:
            listener(contact_ids, reached_at)


@dataclass(frozen=True)
class Event:
    """One event to write; see TimelineEntry. Without an `actor` it is the running unit of work's."""

    contact_id: int
    at: datetime
    kind: EntryKind
    reference: str
    summary: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    team_id: int | None = None
    actor: str | None = None


def add_events(events: Sequence[Event]) -> None:
    """Write events in one statement, in the running unit of work."""
    columns: dict[str, Sequence[Any]] = {
        name: [getattr(event, name) for event in events] for name in Event.__dataclass_fields__
    }
    acting = current_unit_of_work().actor
    columns["actor"] = [event.actor or acting for event in events]
    insert_columns(db.session.connection(), TimelineEntry.__table__, columns)  # type: ignore[arg-type]  # it is a table
    reaching = [event for event in events if event.kind in REACHING and event.team_id is None]
    moments = {event.at for event in reaching}
    # The letters of a claim are of one moment, and nobody has to look it up for each of a hundred contacts.
    _tell({event.contact_id for event in reaching}, moments.pop() if len(moments) == 1 else None)


def forget_undone(changes: Sequence[Change]) -> None:
    """Take the entries of rows whose insertion was undone off the timeline; called by the audit's undo."""
    references = [f"{change.table_name}:{change.row_id}" for change in changes if change.kind is ChangeKind.INSERT]
    forget(references)


def forget(references: Sequence[str]) -> None:
    """Take the entries of these references (`import:7`) off the timeline."""
    for start in range(0, len(references), _CHUNK):
        named = TimelineEntry.reference.in_(references[start : start + _CHUNK])
        reached = sa.select(TimelineEntry.contact_id).where(named, TimelineEntry.kind.in_(REACHING)).distinct()
        contacts = set(db.session.scalars(reached))
        db.session.execute(sa.delete(TimelineEntry).where(named))
        contacts_changed(contacts)
