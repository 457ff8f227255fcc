"""Where targets stood at the end of a day gone by, and what they came to when, as their moves tell it.

A move that was undone is gone from the moves, and so it counts on no day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self

import sqlalchemy as sa

from crm import i18n
from crm.filter_values import read_day, read_value
from crm.pipeline.models import Commitment, CommitmentState, CommitmentVerdict, Stage, StageMove, Target


def end_of(day: date) -> datetime:
    """The moment the day is over where the reader is."""
    return i18n.day_begins(day + timedelta(days=1))


def _last_move(column: Any, end: datetime) -> sa.ScalarSelect[Any]:
    return (
        sa.select(column)
        .where(StageMove.target_id == Target.id, StageMove.at < end)
        .order_by(StageMove.at.desc(), StageMove.id.desc())
        .limit(1)
        .correlate(Target)
        .scalar_subquery()
    )


def stage_at(end: datetime) -> sa.ScalarSelect[Any]:
    """Where a target of the select stood just before a moment; null for one that was not there yet."""
    return _last_move(StageMove.to_stage, end)


def reason_at(end: datetime) -> sa.ScalarSelect[Any]:
    """Why a target was closed just before a moment; null for one that was not."""
    return _last_move(StageMove.close_reason, end)


def _last_verdict(column: Any, day: date) -> sa.ScalarSelect[Any]:
    return (
        sa.select(column)
        .where(CommitmentVerdict.commitment_id == Commitment.id, CommitmentVerdict.found_on <= day)
        .order_by(CommitmentVerdict.found_on.desc(), CommitmentVerdict.id.desc())
        .limit(1)
        .correlate(Commitment)
        .scalar_subquery()
    )


def state_at(day: date) -> sa.ColumnElement[Any]:
    """What had been found of a commitment of the select by the end of a day."""
    own = sa.case((Commitment.settled_on <= day, Commitment.state), else_=CommitmentState.OPEN)
    return sa.func.coalesce(_last_verdict(CommitmentVerdict.state, day), own)


def settled_at(day: date) -> sa.ColumnElement[Any]:
    """When that had been found; null where nothing had."""
    own = sa.case((Commitment.settled_on <= day, Commitment.settled_on))
    return sa.func.coalesce(_last_verdict(CommitmentVerdict.found_on, day), own)


@dataclass(frozen=True)
class Past:
    """What targets came to: `came` is a stage they moved to on `since` or later (to any where it is None).

    `as_of` asks of everything how it was at the end of that day; a day that is not over asks how it is.
    """

    came: Stage | None = None
    since: date | None = None
    as_of: date | None = None

    @classmethod
    def from_args(cls, args: Mapping[str, Any]) -> Self:
        """Read it from query arguments. Raises BadRequest for nonsense."""
        as_of = read_value(args, "as_of", read_day)
        return cls(
            read_value(args, "came", Stage),
            read_value(args, "since", read_day),
            as_of if as_of is not None and as_of < i18n.today() else None,
        )

    def to_args(self) -> dict[str, str]:
        """Query arguments that `from_args` reads back."""
        own = {"came": self.came, "since": self.since, "as_of": self.as_of}
        return {name: str(value) for name, value in own.items() if value is not None}

    @property
    def end(self) -> datetime | None:
        """The moment everything is asked as of; None for now."""
        return end_of(self.as_of) if self.as_of else None

    def clauses(self) -> Iterator[sa.ColumnElement[bool]]:
        """What it asks of a target; one that was added after the day is not there."""
        if self.came is not None or self.since is not None:
            asked = [StageMove.to_stage == self.came] if self.came else []
            if self.since is not None:
                asked.append(StageMove.at >= i18n.day_begins(self.since))
            if self.end is not None:
                asked.append(StageMove.at < self.end)
            yield sa.exists().where(StageMove.target_id == Target.id, *asked)
        if self.end is not None:
            yield sa.exists().where(StageMove.target_id == Target.id, StageMove.at < self.end)
