"""Logging in one go: what happened, and all that follows from it, in the running unit of work."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from crm import i18n
from crm.attachments.models import Attachment
from crm.history.actions import ToDo, What, add_task, record_interaction, settle_step
from crm.history.models import Interaction, StepFate
from crm.history.projection import reference_of
from crm.pipeline.actions import Promise, move_target, record_commitment, update_target
from crm.pipeline.models import Stage
from crm.stances.actions import record_statement


@dataclass(frozen=True)
class Said:
    """What a contact said of a treaty; its source is the page at `source_url`, or else the interaction."""

    contact_id: int
    treaty_id: int
    stance: Any
    confidence: Any
    quote: str
    source_url: str = ""


@dataclass(frozen=True)
class Following:
    """What follows from an interaction: a next step (of the target, or else a task), a new stage, words, a task.

    `step_before` is what becomes of the next step the target has had so far; with None a new one, if any, replaces it.
    """

    user_id: int
    target_id: int | None = None
    next_step: str = ""
    next_step_due: date | None = None
    step_before: StepFate | None = None
    stage: Stage | None = None
    said: Said | None = None
    promise: Promise | None = None
    task: ToDo | None = None


def log(what: What, following: Following, attachments: Collection[Attachment] = ()) -> Interaction:
    """Write down what happened and everything that follows from it.

    Raises pipeline.actions.MoveRefused and stances.actions.StatementRefused; the caller rolls back as a whole.
    """
    happened = record_interaction(what, attachments)
    if following.said is not None:
        said = following.said
        record_statement(
            said.contact_id,
            said.treaty_id,
            said.stance,
            min(what.at.date(), i18n.today()),
            confidence=said.confidence,
            quote=said.quote,
            source_url=said.source_url,
            source_reference="" if said.source_url else reference_of(happened.id),
            team_id=what.team_id,
        )
    if following.target_id is not None and following.stage is not None:
        move_target(following.target_id, following.stage, note=what.summary, promise=following.promise)
    elif following.target_id is not None and following.promise is not None:
        record_commitment(following.target_id, following.promise)
    if following.step_before is not None and following.target_id is not None:
        settle_step(following.target_id, following.step_before, following.user_id)
    if following.next_step:
        _next_step(what, following)
    if following.task is not None:
        add_task(following.task)
    return happened


def _next_step(what: What, following: Following) -> None:
    if following.target_id is not None:
        update_target(following.target_id, next_step=following.next_step, next_step_due=following.next_step_due)
        return
    add_task(
        ToDo(
            following.next_step,
            following.user_id,
            following.next_step_due,
            contact_id=what.contact_ids[0],
            team_id=what.team_id,
        )
    )
