"""Interactions and tasks for tests, written by the feature's own actions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from crm.history.actions import ToDo, What, add_task, record_interaction
from crm.history.models import Interaction, InteractionKind, Task
from crm.unit_of_work import unit_of_work

AT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


def make_interaction(
    contact_ids: Sequence[int],
    summary: str = "Called about the hearing",
    kind: InteractionKind = InteractionKind.CALL,
    *,
    at: datetime = AT,
    notes: str = "",
    team_id: int | None = None,
    actor: str = "user:1",
) -> Interaction:
    """Something that happened with these contacts."""
    with unit_of_work("log interaction", actor=actor):
        return record_interaction(What(kind, at, summary, contact_ids, notes=notes, team_id=team_id))


def make_task(
    owner_id: int,
    title: str = "Send the briefing",
    due_on: date | None = None,
    *,
    contact_id: int | None = None,
    target_id: int | None = None,
    team_id: int | None = None,
) -> Task:
    """Something to be done."""
    with unit_of_work("add task", actor="user:1"):
        return add_task(ToDo(title, owner_id, due_on, contact_id, target_id, team_id))
