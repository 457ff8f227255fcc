"""Writing interactions down, changing and withdrawing them; tasks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from crm import clock
from crm.attachments.models import Attachment
from crm.extensions import db
from crm.history.finished import reference_of, tell_done
from crm.history.models import (
    NOTES_LENGTH,
    SUMMARY_LENGTH,
    TITLE_LENGTH,
    Interaction,
    InteractionAttachment,
    InteractionContact,
    InteractionKind,
    InteractionUser,
    StepFate,
    Task,
)
from crm.history.projection import project
from crm.pipeline.actions import update_target
from crm.pipeline.models import Target
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind
from crm.unit_of_work import current_unit_of_work


@dataclass(frozen=True)
class What:
    """What happened, when (an aware moment), and with whom: ids of contacts and of our own people."""

    kind: InteractionKind
    at: datetime
    summary: str
    contact_ids: Sequence[int]
    user_ids: Sequence[int] = ()
    notes: str = ""
    campaign_id: int | None = None
    team_id: int | None = None


@dataclass(frozen=True)
class ToDo:
    """Something to be done by the user `owner_id`, about a contact, a target, or neither."""

    title: str
    owner_id: int
    due_on: date | None = None
    contact_id: int | None = None
    target_id: int | None = None
    team_id: int | None = None


def record_interaction(what: What, attachments: Collection[Attachment] = ()) -> Interaction:
    """Write down what happened; it stands on the timeline of every contact that took part. ValueError without one."""
    if not what.contact_ids:
        raise ValueError("an interaction without a contact")
    happened = Interaction(recorded_by=current_unit_of_work().actor, kind=what.kind, at=what.at, summary="")
    _write(happened, what)
    db.session.add(happened)
    db.session.flush()
    _take_part(happened, what)
    _attach(happened, attachments)
    project([happened.id])
    return happened


def change_interaction(
    happened: Interaction, what: What, attachments: Collection[Attachment] = (), *, gone: Collection[int] = ()
) -> None:
    """Say anew what happened; the trail keeps what was said before. Nothing is written where nothing differs.

    `gone` are the ids of files that belong to it no more; undo brings them back.
    """
    _write(happened, what)
    differs = db.session.is_modified(happened)
    others = _take_part(happened, what)
    _attach(happened, attachments)
    detached = _detach(happened, gone)
    if differs or others or attachments or detached:
        happened.edited_at = clock.now()
        for file in _files(happened.id):
            file.team_id = happened.team_id
    db.session.flush()
    project([happened.id])


def withdraw_interaction(happened: Interaction) -> None:
    """Let it count for nothing any more; undo brings it back."""
    happened.withdrawn_at = clock.now()
    db.session.flush()
    project([happened.id])


def _write(happened: Interaction, what: What) -> None:
    happened.kind, happened.at = what.kind, what.at
    happened.summary, happened.notes = what.summary[:SUMMARY_LENGTH], what.notes[:NOTES_LENGTH]
    happened.campaign_id, happened.team_id = what.campaign_id, what.team_id


def _take_part(happened: Interaction, what: What) -> bool:
    """Let those take part, and nobody else; returns whether anybody came or went."""
    changed = False
    for model, column, wanted in (
        (InteractionContact, InteractionContact.contact_id, what.contact_ids),
        (InteractionUser, InteractionUser.user_id, what.user_ids),
    ):
        rows = db.session.scalars(sa.select(model).where(model.interaction_id == happened.id)).all()
        there = {getattr(row, column.key): row for row in rows}
        for gone in there.keys() - set(wanted):
            db.session.delete(there[gone])
            changed = True
        # One after the other: they are shown in the order they were named.
        for number in dict.fromkeys(wanted):
            if number not in there:
                db.session.add(model(interaction_id=happened.id, **{column.key: number}))
                db.session.flush()
                changed = True
    db.session.flush()
    return changed


def _attach(happened: Interaction, attachments: Collection[Attachment]) -> None:
    for file in attachments:
        db.session.add(InteractionAttachment(interaction_id=happened.id, attachment_id=file.id))
    db.session.flush()


def _detach(happened: Interaction, gone: Collection[int]) -> int:
    rows = db.session.scalars(
        sa.select(InteractionAttachment).where(
            InteractionAttachment.interaction_id == happened.id, InteractionAttachment.attachment_id.in_(gone)
        )
    ).all()
    for row in rows:
        db.session.delete(row)
    db.session.flush()
    return len(rows)


def _files(interaction_id: int) -> Sequence[Attachment]:
    belonging = sa.select(InteractionAttachment.attachment_id).where(
        InteractionAttachment.interaction_id == interaction_id
    )
    return db.session.scalars(sa.select(Attachment).where(Attachment.id.in_(belonging))).all()


def add_task(to_do: ToDo) -> Task:
    """Write down something to be done."""
    task = Task(created_by=current_unit_of_work().actor, title="", owner_id=to_do.owner_id)
    change_task(task, to_do)
    db.session.add(task)
    db.session.flush()
    return task


def change_task(task: Task, to_do: ToDo) -> None:
    """Say anew what is to be done."""
    task.title, task.owner_id, task.due_on = to_do.title[:TITLE_LENGTH], to_do.owner_id, to_do.due_on
    task.contact_id, task.target_id, task.team_id = to_do.contact_id, to_do.target_id, to_do.team_id
    db.session.flush()
    if task.done_at is not None:
        tell_done([task.id])


def finish_task(task: Task) -> None:
    """Mark it as done, now, and tell it on the timeline; one that is done already stays as it is."""
    if task.done_at is None:
        _finish(task, clock.now())


def _finish(task: Task, at: datetime) -> None:
    task.done_at, task.done_by = at, current_unit_of_work().actor
    db.session.flush()
    tell_done([task.id])


def settle_step(target_id: int, fate: StepFate, user_id: int) -> str:
    """Take the next step off the target; it stays on record as a task, done or still to be done. Returns what it was.

    The task is what the line on the timeline names, so that both go when this is undone. It is its owner's, or of the
    user `user_id` where nobody has the target; nothing happens where there is no next step.
    """
    target = db.session.get_one(Target, target_id, with_for_update=True)
    if not target.next_step and target.next_step_due is None:
        return ""
    # Something was due, though nobody wrote down what: at least it was for what is asked of them.
    step = target.next_step or target.ask or "…"
    task = add_task(ToDo(step, target.owner_id or user_id, target.next_step_due, target_id=target_id))
    if fate is StepFate.DONE:
        # Done the moment it was written down: this tells a step from a task.
        _finish(task, task.created_at)
    else:
        add_events([Event(target.contact_id, task.created_at, EntryKind.STEP_KEPT, reference_of(task.id), step)])
    update_target(target_id, next_step="", next_step_due=None)
    return step


def postpone_task(task: Task, due_on: date) -> None:
    """Let it be due on another day."""
    task.due_on = due_on
    db.session.flush()


def reopen_task(task: Task) -> None:
    """Take up again what was done."""
    task.done_at, task.done_by = None, ""
    db.session.flush()
    tell_done([task.id])
