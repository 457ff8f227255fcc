"""Who looks after how many targets, and how often each of us did what within a period."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sqlalchemy as sa

from crm.extensions import db
from crm.history.models import Interaction, Task
from crm.letters.models import Letter, Mailing
from crm.outbox.models import OutgoingMessage
from crm.pipeline.filters import is_quiet_since
from crm.pipeline.models import Commitment, Stage, StageMove, Target
from crm.reports.queries.deeds import (
    INTERACTIONS,
    NO_OFFICER,
    AnySelect,
    Deed,
    actor_of,
    commitments,
    interactions,
    letters,
    moves,
    statements,
    tasks,
)
from crm.reports.queries.rows import is_late, of_targets
from crm.reports.question import Question, Shape
from crm.stances.models import Statement

_OWNED = "owned"


@dataclass
class Officer:
    """One of us, or nobody (id None): targets looked after, and what was done within the period."""

    user_id: int | None
    name: str
    open: int = 0
    overdue: int = 0
    quiet: int = 0
    deeds: Counter[Deed] = field(default_factory=Counter)


def officers(question: Question, users: Mapping[int, Any]) -> list[Officer]:
    """Everybody who looks after open targets or did something, those with most overdue first, and nobody last.

    `users` are rows of id, name and team_id by id. One query. What is looked after is of today: for a past day it is
    left at nought.
    """
    found: dict[int | None, Officer] = {}

    def of(user_id: int | None) -> Officer:
        name = users[user_id].name if user_id is not None and user_id in users else ""
        return found.setdefault(user_id, Officer(user_id, name))

    for row in db.session.execute(_figures(question.shape), question.values()):
        if row.deed == _OWNED:
            own = of(row.owner_id)
            own.open, own.overdue, own.quiet = row.deeds, row.overdue, row.quiet
            continue
        user_id = int(row.actor.removeprefix("user:")) if row.actor.startswith("user:") else NO_OFFICER
        if question.team is None or (user_id in users and users[user_id].team_id == question.team):
            of(user_id).deeds[Deed(row.deed)] += row.deeds
    nobody = [found.pop(key) for key in (NO_OFFICER, None) if key in found]
    return [*sorted(found.values(), key=lambda each: (-each.overdue, each.name)), *nobody]


@cache
def _figures(question: Shape) -> sa.CompoundSelect[Any]:
    return sa.union_all(*_done(question), *([] if question.past else [_owned(question)]))


def _owned(question: Shape) -> AnySelect:
    quiet = is_quiet_since(question.quiet_before, question.reader)
    return (
        sa.select(
            sa.literal(""),
            sa.literal(_OWNED),
            sa.func.sum(sa.case((Target.stage != Stage.CLOSED, 1), else_=0)),
            Target.owner_id,
            sa.func.sum(sa.case((is_late(question.today), 1), else_=0)),
            sa.func.sum(sa.case((quiet, 1), else_=0)),
        )
        .where(*of_targets(question))
        .group_by(Target.owner_id)
    )


def _done(question: Shape) -> Iterator[AnySelect]:
    """Actor, deed and how often; in the last columns, what only those who look after targets have."""
    nobody = sa.cast(sa.null(), Target.owner_id.type).label("owner_id")
    none = (nobody, sa.literal(0).label("overdue"), sa.literal(0).label("quiet"))
    many = sa.func.count().label("deeds")
    kind = sa.type_coerce(Interaction.kind, sa.String).label("deed")
    talked = sa.select(Interaction.recorded_by.label("actor"), kind, many, *none)
    talked = talked.where(*interactions(question), Interaction.kind.in_(INTERACTIONS.values()))
    yield talked.group_by(Interaction.recorded_by, Interaction.kind)

    def did(deed: Deed, actor: Any) -> AnySelect:
        return sa.select(actor, sa.literal(deed.value), many, *none)

    planner, recorder = Mailing.planned_by_id, Commitment.recorded_by_id
    mailed = did(Deed.LETTER, actor_of(planner)).select_from(OutgoingMessage, Letter)
    yield mailed.where(*letters(question)).group_by(planner)
    stated = did(Deed.STATEMENT, Statement.recorded_by).where(*statements(question))
    yield stated.group_by(Statement.recorded_by)
    promised = did(Deed.COMMITMENT, actor_of(recorder)).where(*commitments(question))
    yield promised.group_by(recorder)
    yield did(Deed.MOVE, StageMove.actor).where(*moves(question)).group_by(StageMove.actor)
    yield did(Deed.TASK, Task.done_by).where(*tasks(question)).group_by(Task.done_by)
