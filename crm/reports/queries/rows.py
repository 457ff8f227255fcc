"""Conditions that several figures of a report share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from crm.pipeline.filters import is_owned_by_team
from crm.pipeline.models import Stage, StageMove, Target
from crm.reports.question import AnyQuestion


def is_late(today: Any) -> sa.ColumnElement[bool]:
    """As `is_overdue`, of columns that stand in the index of the report."""
    return sa.and_(Target.next_step_due < today, Target.stage != Stage.CLOSED)


def of_targets(question: AnyQuestion) -> Iterator[sa.ColumnElement[bool]]:
    """The targets the question is about, for a select that has `Target` in it."""
    yield Target.campaign_id == question.campaign_id
    if question.team is not None:
        yield is_owned_by_team(question.team)


def until(question: AnyQuestion) -> Iterator[sa.ColumnElement[bool]]:
    """Of any moves, those until the day is over."""
    if question.end is not None:
        yield StageMove.at < question.end


def of_moves(question: AnyQuestion) -> Iterator[sa.ColumnElement[bool]]:
    """Their moves until the day is over, for a select that has `StageMove` in it."""
    yield StageMove.campaign_id == question.campaign_id
    yield from until(question)
    if question.team is not None:
        yield StageMove.target_id.in_(sa.select(Target.id).where(*of_targets(question)))
