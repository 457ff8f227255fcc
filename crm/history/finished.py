"""What was done stands on the timeline of whom it was about: one line for each task that is done, who did it and when.

A target's next step that is done becomes a task that was done the moment it was written down; its line says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from crm.audit.models import Change
from crm.extensions import db
from crm.history.models import Task
from crm.pipeline.models import Target
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind, TimelineEntry

_CHUNK = 500
_DONE = (EntryKind.TASK_DONE, EntryKind.STEP_DONE)
_TOLD = ("contact_id", "at", "kind", "summary", "team_id", "actor")


def reference_of(task_id: int) -> str:
    """What names the task in the timeline."""
    return f"{Task.__tablename__}:{task_id}"


def _event(row: Any) -> Event:
    kind = EntryKind.STEP_DONE if row.done_at == row.created_at else EntryKind.TASK_DONE
    reference = reference_of(row.id)
    return Event(row.about, row.done_at, kind, reference, row.title, team_id=row.team_id, actor=row.done_by)


def tell_done(task_ids: Iterable[int]) -> None:
    """Bring the lines of these tasks up to date, in the running unit of work: a task that is not done has none.

    Lines that are right already stay as they are, so that a merge which moved them can be taken back.
    """
    ordered = sorted(set(task_ids))
    for start in range(0, len(ordered), _CHUNK):
        _tell(ordered[start : start + _CHUNK])


def _tell(task_ids: Collection[int]) -> None:
    about = sa.func.coalesce(Task.contact_id, Target.contact_id)
    columns = (Task.id, Task.title, Task.created_at, Task.done_at, Task.done_by, Task.team_id, about.label("about"))
    rows = db.session.execute(
        sa.select(*columns)
        .outerjoin(Target, Target.id == Task.target_id)
        .where(Task.id.in_(task_ids), Task.done_at.is_not(None), about.is_not(None))
        .order_by(Task.id)
    )
    wanted = {reference_of(row.id): _event(row) for row in rows}
    entry = TimelineEntry
    there = db.session.execute(
        sa.select(entry.id, entry.reference, *(getattr(entry, name) for name in _TOLD)).where(
            entry.reference.in_([reference_of(number) for number in task_ids]), entry.kind.in_(_DONE)
        )
    ).all()
    wrong = set()
    for row in there:
        event = wanted.get(row.reference)
        if event is not None:
            # What was called a step once is one for good.
            event = wanted[row.reference] = replace(event, kind=row.kind)
        if event is not None and all(getattr(row, name) == getattr(event, name) for name in _TOLD):
            del wanted[row.reference]
        else:
            wrong.add(row.id)
    if wrong:
        db.session.execute(sa.delete(entry).where(entry.id.in_(wrong)))
    if wanted:
        add_events(list(wanted.values()))


def tell_undone(changes: Collection[Change]) -> None:
    """Bring the lines of every task the changes bear on up to date; called after the audit's undo."""
    tell_done(change.row_id for change in changes if change.table_name == Task.__tablename__)


def rebuild() -> None:
    """Bring the lines of all tasks up to date."""
    tell_done(db.session.scalars(sa.select(Task.id)).all())
