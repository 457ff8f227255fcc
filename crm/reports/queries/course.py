"""How a campaign went: where its targets stood at the end of each week, what moved, how long they stand at a stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from crm import i18n
from crm.directory.models import Contact
from crm.extensions import db
from crm.pipeline.models import OPEN_STAGES, Stage, StageMove, Target
from crm.reports.queries.rows import of_moves
from crm.reports.question import WEEK, Question

WEEKS = 12
Counts = Mapping[Stage, int]


@dataclass(frozen=True)
class Week:
    """How many targets stood at each stage at the end of a day."""

    day: date
    stages: Counts


@dataclass(frozen=True)
class Moves:
    """What moved in a week: forward, back, closed, taken up again, and how many targets are new."""

    forward: int = 0
    back: int = 0
    closed: int = 0
    reopened: int = 0
    added: int = 0


@dataclass(frozen=True)
class Course:
    """The weeks, the latest last, and what moved in the last of them."""

    weeks: list[Week]
    moves: Moves
    committed: int


def _place(stage: Stage) -> int:
    return OPEN_STAGES.index(stage)


def _deed(before: Stage | None, after: Stage) -> str:
    if before is None:
        return "added"
    if after is Stage.CLOSED:
        return "closed"
    if before is Stage.CLOSED:
        return "reopened"
    return "forward" if _place(after) > _place(before) else "back"


def course(question: Question, by_stage: Counts) -> Course:
    """The weeks that end with the question's day, counted back from where the targets stood then; two queries."""
    first = [question.week_since - WEEK * number for number in range(WEEKS - 1)]
    begins = [i18n.day_begins(day) for day in first]
    ago = sa.case(*((StageMove.at >= begin, number) for number, begin in enumerate(begins))).label("ago")
    flows = db.session.execute(
        sa.select(ago, StageMove.from_stage, StageMove.to_stage, sa.func.count().label("moves"))
        .where(*of_moves(question), StageMove.at >= begins[-1])
        .group_by(ago, StageMove.from_stage, StageMove.to_stage)
    ).all()
    deeds: Counter[str] = Counter()
    stages = dict(by_stage)
    weeks = [Week(question.day, dict(stages))]
    for number, day in enumerate(first):
        for flow in flows:
            if flow.ago != number:
                continue
            stages[flow.to_stage] -= flow.moves
            if flow.from_stage is not None:
                stages[flow.from_stage] += flow.moves
            if number == 0:
                deeds[_deed(flow.from_stage, flow.to_stage)] += flow.moves
        weeks.append(Week(day - timedelta(days=1), dict(stages)))
    return Course(weeks[::-1], Moves(**deeds), _committed(question))


def _committed(question: Question) -> int:
    """How many targets came to committed in the last seven days, each once."""
    came = sa.select(sa.func.count(StageMove.target_id.distinct())).where(
        *of_moves(question),
        StageMove.to_stage == Stage.COMMITTED,
        StageMove.at >= i18n.day_begins(question.week_since),
    )
    return db.session.scalar(came) or 0


def came_by_country(question: Question) -> dict[tuple[str | None, Stage], int]:
    """How many targets of each country came to each stage within the period, by country and stage; one query."""
    rows = db.session.execute(
        sa.select(Contact.country, StageMove.to_stage, sa.func.count(StageMove.target_id.distinct()).label("targets"))
        .join(Target, Target.id == StageMove.target_id)
        .join(Contact, Contact.id == Target.contact_id)
        .where(*of_moves(question), StageMove.at >= question.begin)
        .group_by(Contact.country, StageMove.to_stage)
    )
    return {(row.country, row.to_stage): row.targets for row in rows}


@dataclass(frozen=True)
class Stays:
    """How many times a target has left a stage, and for how many days the one in the middle had stood there."""

    count: int
    median_days: float


def stays(question: Question) -> dict[Stage, Stays]:
    """Stays that ended by the end of the day, by stage; two queries."""
    left = (*of_moves(question), StageMove.stood.is_not(None))
    counted = sa.select(StageMove.from_stage, sa.func.count(StageMove.stood).label("stays")).where(*left)
    rows = db.session.execute(counted.group_by(StageMove.from_stage))
    counts = {row.from_stage: row.stays for row in rows if row.from_stage is not None}
    if not counts:
        return {}
    middles = []
    for stage, count in counts.items():
        middle = (
            sa.select(sa.literal(stage.value).label("stage"), StageMove.stood)
            .where(*left, StageMove.from_stage == stage)
            .order_by(StageMove.stood)
            .offset((count - 1) // 2)
            .limit(2 - count % 2)
            .subquery()
        )
        middles.append(sa.select(middle.c.stage, middle.c.stood))
    both: dict[Stage, list[int]] = {stage: [] for stage in counts}
    for row in db.session.execute(sa.union_all(*middles)):
        both[Stage(row.stage)].append(row.stood)
    return {stage: Stays(counts[stage], sum(found) / len(found) / 86400) for stage, found in both.items()}
