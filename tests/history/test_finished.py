"""What is done is told on the timeline of whom it was about: once, by who did it, and no more once it is taken back."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from flask import Flask

from crm.audit.actions import undo
from crm.extensions import db
from crm.history.actions import ToDo, change_task, finish_task, reopen_task, settle_step
from crm.history.finished import rebuild
from crm.history.models import StepFate, Task
from crm.pipeline.models import Target
from crm.timeline.models import EntryKind, TimelineEntry
from crm.timeline.queries import entries_of
from crm.unit_of_work import UnitOfWork, unit_of_work
from tests.factories.accounts import make_user
from tests.factories.directory import make_person
from tests.factories.history import make_task
from tests.factories.pipeline import make_target

DONE = (EntryKind.TASK_DONE, EntryKind.STEP_DONE)


def told(contact_id: int, team_id: int = 0) -> list[tuple[EntryKind, str, str]]:
    return [(row.kind, row.summary, row.actor) for row in entries_of(contact_id, team_id, kinds=DONE).rows]


def undone(work: UnitOfWork) -> UnitOfWork:
    with unit_of_work("undo", actor="user:9") as taking_back:
        undo(work.change_set_id or 0)
    return taking_back


def test_a_task_that_is_done_stands_on_the_timeline_once(app: Flask) -> None:
    owner, target = make_user(), make_target()
    ada, contact_id = make_person("Ada Alverberg").id, target.contact_id
    of_contact = make_task(owner.id, "Send the briefing", contact_id=ada, team_id=owner.team_id).id
    of_target, of_nobody = make_task(owner.id, "Ask her", target_id=target.id).id, make_task(owner.id, "Tidy up").id

    def finish(*numbers: int) -> UnitOfWork:
        with unit_of_work("mark task", actor="user:7") as work:
            for number in numbers:
                finish_task(db.session.get_one(Task, number))
        return work

    finish(of_contact, of_nobody)
    marked = finish(of_target)
    assert told(contact_id) == [(EntryKind.TASK_DONE, "Ask her", "user:7")]
    # What a team keeps to itself is told to that team.
    private = [(EntryKind.TASK_DONE, "Send the briefing", "user:7")]
    assert (told(ada, owner.team_id), told(ada)) == (private, [])
    assert finish(of_target).change_set_id is None
    back = undone(marked)
    assert told(contact_id) == []
    undone(back)
    assert told(contact_id) == [(EntryKind.TASK_DONE, "Ask her", "user:7")]
    with unit_of_work("change task", actor="user:8"):
        change_task(db.session.get_one(Task, of_target), ToDo("Ask him", owner.id, target_id=target.id))
    assert told(contact_id) == [(EntryKind.TASK_DONE, "Ask him", "user:7")]
    with unit_of_work("mark task", actor="user:8"):
        reopen_task(db.session.get_one(Task, of_target))
    assert told(contact_id) == []
    # A rebuild puts back what is missing and nothing else.
    lines = sa.select(TimelineEntry.id).where(TimelineEntry.reference.like("task:%"))
    kept = db.session.scalars(lines).all()
    with unit_of_work("rebuild", actor="command:rebuild"):
        rebuild()
    assert db.session.scalars(lines).all() == kept
    assert len(kept) == 1


def test_a_next_step_that_is_done_stands_there_too(app: Flask) -> None:
    owner_id, due = make_user().id, date(2026, 1, 7)
    target = make_target(owner_id=owner_id, next_step="Call the assistant", next_step_due=due)
    target_id, contact_id = target.id, target.contact_id
    with unit_of_work("finish next step", actor="user:7") as work:
        assert settle_step(target_id, StepFate.DONE, owner_id) == "Call the assistant"
    line = [(EntryKind.STEP_DONE, "Call the assistant", "user:7")]
    assert told(contact_id) == line
    task = db.session.scalars(sa.select(Task)).one()
    assert (task.due_on, task.done_at is not None, task.target_id) == (due, True, target_id)
    with unit_of_work("finish next step", actor="user:7") as again:
        assert settle_step(target_id, StepFate.DONE, owner_id) == ""
    assert again.change_set_id is None
    back = undone(work)
    assert told(contact_id) == []
    assert db.session.get_one(Target, target_id).next_step == "Call the assistant"
    undone(back)
    assert told(contact_id) == line
