"""How a campaign went: where its targets stood at the end of each week, what moved, how long they stand at a stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from crm import i18n
from crm.directory.models import Contact
from crm.extensions import db
from crm.pipeline.models import OPEN_STAGES, Stage, StageMove, Target
from crm.reports.queries.rows import of_moves, until
from crm.reports.question import WEEK, Question, Shape, parameter

WEEKS = 12
# In the place of a week: arrivals of the whole period.
_CAME = -1
Counts = Mapping[Stage, int]


@dataclass(frozen=True)
class Week:
    """How many targets stood at each stage at the end of a day."""

    day: date
    stages: Counts


@dataclass(frozen=True)
class Moves:
    """What moved: forward, back, closed, taken up again, how many targets are new, and how many came to committed."""

    forward: int = 0
    back: int = 0
    closed: int = 0
    reopened: int = 0
    added: int = 0
    committed: int = 0


@dataclass(frozen=True)
class Course:
    """The weeks, the latest last, and what moved in the last of them and within the question's period.

    `arrivals` is how many targets of a country came to a stage within the period.
    """

    weeks: list[Week]
    last_week: Moves
    period: Moves
    arrivals: Mapping[tuple[str | None, Stage], int]


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


@dataclass(frozen=True)
class _Flow:
    """So many targets that went from one stage to another in the part of the time that began so many cuts ago."""

    ago: int | None
    from_stage: Stage | None
    to_stage: Stage
    targets: int


def _of_merged(question: Shape, ago: Any) -> sa.Select[*tuple[Any, ...]]:
    """Every move of a target that two became one in: it was added twice, and its moves are those of both."""
    twice = (
        sa.select(StageMove.target_id)
        .where(*of_moves(question), StageMove.from_stage.is_(None))
        .group_by(StageMove.target_id)
        .having(sa.func.count() > 1)
    )
    return (
        sa.select(
            ago,
            StageMove.from_stage,
            StageMove.to_stage,
            sa.cast(sa.null(), sa.String),
            StageMove.id,
            StageMove.target_id,
            StageMove.at,
            Target.stage,
        )
        .join(Target, Target.id == StageMove.target_id)
        # The campaign is that of the few targets: named once more, it would have all its moves walked through.
        .where(*until(question), StageMove.target_id.in_(twice))
    )


def _mended(moves: Iterable[Any], *, past: bool) -> Iterator[_Flow]:
    """What makes one way of the moves of two, as the lists see them: a target stood where its last move led to.

    The merge itself may have left it at a further stage than that, until now.
    """
    stood: dict[int, tuple[Stage, Stage]] = {}
    for move in sorted(moves, key=lambda each: (each.at, each.targets)):
        before, _now = stood.get(move.target_id, (None, None))
        if before is not move.from_stage:
            yield _Flow(move.ago, move.from_stage, move.to_stage, -1)
            yield _Flow(move.ago, before, move.to_stage, 1)
        stood[move.target_id] = (move.to_stage, move.stage)
    if not past:
        yield from (_Flow(0, last, now, 1) for last, now in stood.values() if last is not now)


def _moved(rows: Iterable[Any]) -> Moves:
    deeds: Counter[str] = Counter()
    for row in rows:
        deeds[_deed(row.from_stage, row.to_stage)] += row.targets
        if row.to_stage is Stage.COMMITTED:
            deeds["committed"] += row.targets
    return Moves(**deeds)


@cache
def _flows(question: Shape, parts: int) -> sa.CompoundSelect[Any]:
    """What moved in each of so many parts of the time, which begin with the parameters cut_0, cut_1 and so on."""
    cuts = [parameter(f"cut_{number}", StageMove.at) for number in range(parts)]
    ago = sa.case(*((StageMove.at >= cut, number) for number, cut in enumerate(cuts))).label("ago")
    nothing = sa.null()
    # Each part by itself, from the index: to ask of every move in which part it lies takes longer.
    flowed = [
        sa.select(
            sa.literal(number).label("ago"),
            StageMove.from_stage,
            StageMove.to_stage,
            sa.cast(nothing, sa.String).label("country"),
            sa.func.count().label("targets"),
            sa.cast(nothing, sa.Integer).label("target_id"),
            sa.cast(nothing, StageMove.at.type).label("at"),
            sa.cast(nothing, StageMove.to_stage.type).label("stage"),
        )
        .where(*of_moves(question), StageMove.at >= cut, *([StageMove.at < cuts[number - 1]] if number else []))
        .group_by(StageMove.from_stage, StageMove.to_stage)
        for number, cut in enumerate(cuts)
    ]
    came = (
        sa.select(
            sa.literal(_CAME),
            sa.cast(nothing, StageMove.from_stage.type),
            StageMove.to_stage,
            Contact.country,
            sa.func.count(StageMove.target_id.distinct()),
            *(sa.cast(nothing, kind) for kind in (sa.Integer, StageMove.at.type, StageMove.to_stage.type)),
        )
        .join(Target, Target.id == StageMove.target_id)
        .join(Contact, Contact.id == Target.contact_id)
        .where(*of_moves(question), StageMove.at >= question.begin)
        .group_by(Contact.country, StageMove.to_stage)
    )
    return sa.union_all(*flowed, came, _of_merged(question, ago))


def course(question: Question, by_stage: Counts) -> Course:
    """The weeks that end with the question's day, counted back from where the targets stood then, and the arrivals.

    One query: both walk the same moves in the order of their time.
    """
    first = [question.week_since - WEEK * number for number in range(WEEKS - 1)]
    begins = [i18n.day_begins(day) for day in first]
    # Where the period begins within a week, that week has two parts.
    cuts = sorted({*begins, question.begin}, reverse=True)
    week_of = [next((week for week, begin in enumerate(begins) if begin <= cut), None) for cut in cuts]
    asked = question.values() | {f"cut_{number}": cut for number, cut in enumerate(cuts)}
    found = db.session.execute(_flows(question.shape, len(cuts)), asked).all()
    rows, merged = [row for row in found if row.at is None], [row for row in found if row.at is not None]
    arrivals = {(row.country, row.to_stage): row.targets for row in rows if row.ago == _CAME}
    moved = [row for row in rows if row.ago != _CAME]
    flows: list[Any] = [*moved, *_mended(merged, past=question.past)]
    stages = dict(by_stage)
    weeks = [Week(question.day, dict(stages))]
    for number, day in enumerate(first):
        for flow in flows:
            if flow.ago is not None and week_of[flow.ago] == number:
                stages[flow.to_stage] -= flow.targets
                if flow.from_stage is not None:
                    stages[flow.from_stage] += flow.targets
        weeks.append(Week(day - timedelta(days=1), dict(stages)))
    last_week = _moved(row for row in moved if week_of[row.ago] == 0)
    period = _moved(row for row in moved if cuts[row.ago] >= question.begin)
    return Course(weeks[::-1], last_week, period, arrivals)


@dataclass(frozen=True)
class Stays:
    """How many times a target has left a stage, and for how many days the one in the middle had stood there."""

    count: int
    median_days: float


@cache
def _middles(question: Shape) -> sa.CompoundSelect[Any]:
    left = (*of_moves(question), StageMove.stood.is_not(None))
    counted = sa.select(StageMove.from_stage, sa.func.count().label("stays")).where(*left)
    counts = counted.group_by(StageMove.from_stage).cte("counts")
    middles = []
    for stage in Stage:
        one = sa.select(counts.c.stays).where(counts.c.from_stage == stage).scalar_subquery()
        count = sa.func.coalesce(one, 0)
        # One in the middle, or two of which the mean is taken.
        first = sa.case((count > 1, (count - 1) // 2), else_=0)
        middle = (
            sa.select(sa.literal(stage.value).label("stage"), StageMove.stood, count.label("stays"))
            .where(*left, StageMove.from_stage == stage)
            .order_by(StageMove.stood)
            .offset(first)
            .limit(2 - count % 2)
            .subquery()
        )
        middles.append(sa.select(middle.c.stage, middle.c.stood, middle.c.stays))
    return sa.union_all(*middles)


def stays(question: Question) -> dict[Stage, Stays]:
    """Stays that ended by the end of the day, by stage; one query, which walks an index to the middle."""
    found: dict[Stage, list[int]] = {}
    stays_of: dict[Stage, int] = {}
    for row in db.session.execute(_middles(question.shape), question.values()):
        found.setdefault(Stage(row.stage), []).append(row.stood)
        stays_of[Stage(row.stage)] = row.stays
    return {stage: Stays(stays_of[stage], sum(stood) / len(stood) / 86400) for stage, stood in found.items()}
