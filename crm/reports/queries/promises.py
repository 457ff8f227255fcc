"""What a campaign's targets promised: how much of it is open, kept and broken, and what falls due."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from crm.extensions import db
from crm.pipeline.models import Commitment, CommitmentState, Target
from crm.pipeline.queries import CommitmentFilter, Moment
from crm.reports.question import Question


@dataclass(frozen=True)
class Promises:
    """Commitments, each figure with the filter of the list behind it."""

    figures: dict[str, tuple[int, CommitmentFilter]]

    def count(self, name: str) -> int:
        """One of the figures."""
        return self.figures[name][0]


def filters(question: Question) -> dict[str, CommitmentFilter]:
    """What each figure counts."""
    base: dict[str, Any] = {
        "campaign": question.campaign_id,
        "owner_team": question.team,
        "as_of": question.day if question.past else None,
    }
    return {
        "promised": CommitmentFilter(**base),
        "open": CommitmentFilter(**base, state=CommitmentState.OPEN),
        "kept": CommitmentFilter(**base, state=CommitmentState.KEPT),
        "broken": CommitmentFilter(**base, state=CommitmentState.BROKEN),
        "overdue": CommitmentFilter(**base, due=Moment.OVERDUE),
        "soon": CommitmentFilter(**base, due=Moment.SOON),
        "promised in period": CommitmentFilter(**base, promised_since=question.since),
        "kept in period": CommitmentFilter(**base, state=CommitmentState.KEPT, settled_since=question.since),
        "broken in period": CommitmentFilter(**base, state=CommitmentState.BROKEN, settled_since=question.since),
    }


def _alone(figure: CommitmentFilter) -> CommitmentFilter:
    """What a figure asks beside whose commitments they are."""
    return replace(figure, campaign=None, owner_team=None)


def promises(question: Question) -> Promises:
    """All the figures, in one query."""
    asked = filters(question)
    # Of whom and until when is the same for all; it is asked of what was promised, not begun with all the targets.
    ours = sa.exists().where(Target.id == Commitment.target_id, *asked["promised"].clauses())
    sums = [
        sa.func.sum(sa.case((sa.and_(sa.true(), *_alone(one).clauses()), 1), else_=0)).label(f"n{number}")
        for number, one in enumerate(asked.values())
    ]
    row = db.session.execute(sa.select(*sums).select_from(Commitment).where(ours.correlate(Commitment))).one()
    return Promises({name: (row[number] or 0, one) for number, (name, one) in enumerate(asked.items())})
