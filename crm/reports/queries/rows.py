"""Conditions that several figures of a report share."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from crm.pipeline.filters import is_owned_by_team
from crm.pipeline.models import StageMove, Target
from crm.reports.question import Question


def of_targets(question: Question) -> Iterator[sa.ColumnElement[bool]]:
    """The targets the question is about, for a select that has `Target` in it."""
    yield Target.campaign_id == question.campaign_id
    if question.team is not None:
        yield is_owned_by_team(question.team)


def of_moves(question: Question) -> Iterator[sa.ColumnElement[bool]]:
    """Their moves until the day is over, for a select that has `StageMove` in it."""
    yield StageMove.campaign_id == question.campaign_id
    if question.end is not None:
        yield StageMove.at < question.end
    if question.team is not None:
        yield StageMove.target_id.in_(sa.select(Target.id).where(*of_targets(question)))
