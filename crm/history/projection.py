"""The timeline entries of interactions: which follow from them, and writing those anew.

An interaction stands on the timeline of each contact that took part. Rows that are right already stay as they are, so
that a merge which moved them can be taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from crm.audit.models import Change
from crm.extensions import db
from crm.history.models import Interaction, InteractionAttachment, InteractionContact
from crm.timeline.actions import Event, add_events, contacts_changed
from crm.timeline.models import REACHING, EntryKind, TimelineEntry

CHUNK = 500
# So much of the notes is told beside the one line.
EXCERPT = 280
_TOLD = ("at", "kind", "summary", "details", "team_id", "actor")


def reference_of(interaction_id: int) -> str:
    """What names the interaction in the timeline and in statements."""
    return f"{Interaction.__tablename__}:{interaction_id}"


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    ordered = sorted(set(ids))
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def _excerpt(notes: str) -> str:
    words = " ".join(notes.split())
    return words if len(words) <= EXCERPT else words[:EXCERPT].rsplit(" ", 1)[0] + "…"


def _event(row: Any) -> Event:
    details = {
        "notes": _excerpt(row.notes),
        "edited": row.edited_at is not None,
        "files": row.files,
    }
    return Event(
        row.contact_id,
        row.at,
        EntryKind(row.kind),
        reference_of(row.id),
        row.summary,
        {name: value for name, value in details.items() if value},
        row.team_id,
        row.recorded_by,
    )


def _wanted(ids: Sequence[int]) -> dict[tuple[str, int], Event]:
    files = (
        sa.select(sa.func.count())
        .where(InteractionAttachment.interaction_id == Interaction.id)
        .correlate(Interaction)
        .scalar_subquery()
    )
    rows = db.session.execute(
        sa.select(
            Interaction.id,
            Interaction.kind,
            Interaction.at,
            Interaction.summary,
            Interaction.notes,
            Interaction.team_id,
            Interaction.recorded_by,
            Interaction.edited_at,
            InteractionContact.contact_id,
            files.label("files"),
        )
        .join(InteractionContact, InteractionContact.interaction_id == Interaction.id)
        .where(Interaction.id.in_(ids), Interaction.withdrawn_at.is_(None))
        .order_by(Interaction.id, InteractionContact.id)
    )
    return {(reference_of(row.id), row.contact_id): _event(row) for row in rows}


def project(interaction_ids: Iterable[int]) -> None:
    """Bring the timeline entries of these interactions up to date, in the running unit of work."""
    for ids in _chunks(interaction_ids):
        _project(ids)


def _project(ids: Sequence[int]) -> None:
    wanted = _wanted(ids)
    entry = TimelineEntry
    there = db.session.execute(
        sa.select(entry.id, entry.reference, entry.contact_id, *(getattr(entry, name) for name in _TOLD)).where(
            entry.reference.in_([reference_of(number) for number in ids])
        )
    ).all()
    wrong: set[int] = set()
    for row in there:
        event = wanted.get((row.reference, row.contact_id))
        if event is not None and all(getattr(row, name) == getattr(event, name) for name in _TOLD):
            del wanted[row.reference, row.contact_id]
        else:
            wrong.add(row.id)
    if wrong:
        db.session.execute(sa.delete(entry).where(entry.id.in_(wrong)))
    if wanted:
        add_events(list(wanted.values()))
    contacts_changed({row.contact_id for row in there if row.id in wrong and row.kind in REACHING})


def project_contacts(contact_ids: Iterable[int]) -> None:
    """Bring the entries of every interaction of these contacts up to date."""
    for ids in _chunks(contact_ids):
        taking_part = sa.select(InteractionContact.interaction_id).where(InteractionContact.contact_id.in_(ids))
        project(db.session.scalars(taking_part))


def project_undone(changes: Sequence[Change]) -> None:
    """Bring the entries of every interaction the changes bear on up to date; called after the audit's undo."""
    touched = {change.row_id for change in changes if change.table_name == Interaction.__tablename__}
    parts = (InteractionContact.__tablename__, InteractionAttachment.__tablename__)
    for change in changes:
        if change.table_name in parts:
            touched |= {values["interaction_id"] for values in (change.before, change.after) if values}
    project(touched)


def rebuild() -> int:
    """Bring the entries of every interaction up to date and return how many interactions there are."""
    every = list(db.session.scalars(sa.select(Interaction.id)))
    project(every)
    return len(every)
