"""What was done within a period: interactions, moves and tasks, counted by officer and listed one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from crm.accounts.models import User
from crm.directory.models import Contact
from crm.extensions import db
from crm.history.models import Interaction, InteractionContact, InteractionKind, Task
from crm.paging import Page, SortKey, page
from crm.pipeline.filters import QUIET_USUALLY, is_quiet
from crm.pipeline.models import Stage, StageMove, Target
from crm.policy import visible_to
from crm.reports.queries.rows import is_late, of_moves, of_targets, place_of
from crm.reports.question import Question

AnySelect = sa.Select[*tuple[Any, ...]]


class Deed(StrEnum):
    """What is counted and listed. The last five are moves of one kind, of targets and not by officers."""

    CALL = "call"
    MEETING = "meeting"
    LETTER = "letter"
    MOVE = "move"
    TASK = "task"
    FORWARD = "forward"
    BACK = "back"
    CLOSED = "closed"
    REOPENED = "reopened"
    ADDED = "added"


INTERACTIONS = {
    Deed.CALL: InteractionKind.CALL,
    Deed.MEETING: InteractionKind.MEETING,
    Deed.LETTER: InteractionKind.LETTER,
}
BY_OFFICER = (*INTERACTIONS, Deed.MOVE, Deed.TASK)
# In the place of an officer's id: what no user did, such as moves that follow from a letter sent.
NO_OFFICER = 0
_OWNED = "owned"


@dataclass(frozen=True)
class Asked:
    """Which of it a list shows: by one officer (None: all), and for moves the stage a target left or came to."""

    deed: Deed
    officer: int | None = None
    left: Stage | None = None
    came: Stage | None = None


def _actor(user_id: int) -> str:
    return f"user:{user_id}"


def _by(actor: Any, question: Question, officer: int | None) -> Iterator[sa.ColumnElement[bool]]:
    if officer == NO_OFFICER:
        yield actor.not_like("user:%")
    elif officer is not None:
        yield actor == _actor(officer)
    if question.team is not None:
        users = sa.select(sa.literal("user:", sa.String) + sa.cast(User.id, sa.String))
        yield actor.in_(users.where(User.team_id == question.team))


def _within(moment: Any, question: Question) -> Iterator[sa.ColumnElement[bool]]:
    yield moment >= question.begin
    if question.end is not None:
        yield moment < question.end


def _interactions(question: Question) -> Iterator[sa.ColumnElement[bool]]:
    """Those of the campaign, and those of no campaign with one of its targets."""
    takes_part = sa.exists().where(
        InteractionContact.interaction_id == Interaction.id,
        Target.contact_id == InteractionContact.contact_id,
        Target.campaign_id == question.campaign_id,
    )
    of_none = sa.and_(Interaction.campaign_id.is_(None), takes_part)
    yield sa.or_(Interaction.campaign_id == question.campaign_id, of_none)
    yield Interaction.withdrawn_at.is_(None)
    yield visible_to(Interaction.team_id, question.reader)
    yield from _within(Interaction.at, question)


def _tasks(question: Question) -> Iterator[sa.ColumnElement[bool]]:
    """Those about one of the campaign's targets, or about its contact."""
    # A list of them has targets of its own beside.
    target = sa.orm.aliased(Target)
    here = target.campaign_id == question.campaign_id
    of_target = sa.exists().where(target.id == Task.target_id, here)
    of_contact = sa.exists().where(target.contact_id == Task.contact_id, here)
    yield sa.or_(of_target, sa.and_(Task.target_id.is_(None), of_contact))
    yield visible_to(Task.team_id, question.reader)
    yield from _within(Task.done_at, question)


def _moves(question: Question) -> Iterator[sa.ColumnElement[bool]]:
    yield StageMove.campaign_id == question.campaign_id
    yield StageMove.from_stage.is_not(None)
    yield from _within(StageMove.at, question)


def _went(deed: Deed) -> sa.ColumnElement[bool]:
    """Moves of one kind."""
    before, after = StageMove.from_stage, StageMove.to_stage
    if deed is Deed.ADDED:
        return before.is_(None)
    if deed is Deed.CLOSED:
        return sa.and_(after == Stage.CLOSED, before.is_not(None))
    if deed is Deed.REOPENED:
        return sa.and_(before == Stage.CLOSED, after != Stage.CLOSED)
    further = place_of(after) > place_of(before) if deed is Deed.FORWARD else place_of(after) < place_of(before)
    return sa.and_(before.is_not(None), before != Stage.CLOSED, after != Stage.CLOSED, further)


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

    done = [*_done(question), *([] if question.past else [_owned(question)])]
    for row in db.session.execute(sa.union_all(*done)):
        if row.deed == _OWNED:
            own = of(row.owner_id)
            own.open, own.overdue, own.quiet = row.deeds, row.overdue, row.quiet
            continue
        user_id = int(row.actor.removeprefix("user:")) if row.actor.startswith("user:") else NO_OFFICER
        if question.team is None or (user_id in users and users[user_id].team_id == question.team):
            of(user_id).deeds[Deed(row.deed)] += row.deeds
    nobody = [found.pop(key) for key in (NO_OFFICER, None) if key in found]
    return [*sorted(found.values(), key=lambda each: (-each.overdue, each.name)), *nobody]


def _owned(question: Question) -> AnySelect:
    quiet = is_quiet(QUIET_USUALLY, question.reader)
    return (
        sa.select(
            sa.literal(""),
            sa.literal(_OWNED),
            sa.func.sum(sa.case((Target.stage != Stage.CLOSED, 1), else_=0)),
            Target.owner_id,
            sa.func.sum(sa.case((is_late(), 1), else_=0)),
            sa.func.sum(sa.case((quiet, 1), else_=0)),
        )
        .where(*of_targets(question))
        .group_by(Target.owner_id)
    )


def _done(question: Question) -> Iterator[AnySelect]:
    """Actor, deed and how often; in the last columns, what only those who look after targets have."""
    nobody = sa.cast(sa.null(), Target.owner_id.type).label("owner_id")
    none = (nobody, sa.literal(0).label("overdue"), sa.literal(0).label("quiet"))
    kind, count = sa.type_coerce(Interaction.kind, sa.String).label("deed"), sa.func.count().label("deeds")
    talked = sa.select(Interaction.recorded_by.label("actor"), kind, count, *none)
    talked = talked.where(*_interactions(question), Interaction.kind.in_(INTERACTIONS.values()))
    yield talked.group_by(Interaction.recorded_by, Interaction.kind)
    moved = sa.select(StageMove.actor, sa.literal(Deed.MOVE.value), sa.func.count(), *none).where(*_moves(question))
    yield moved.group_by(StageMove.actor)
    ticked = sa.select(Task.done_by, sa.literal(Deed.TASK.value), sa.func.count(), *none).where(*_tasks(question))
    yield ticked.group_by(Task.done_by)


def _listed(question: Question, asked: Asked) -> tuple[AnySelect, list[Any]]:
    """Rows of at, actor, name, text and what leads to it, and the columns of their order."""
    if asked.deed in INTERACTIONS:
        first = (
            sa.select(Contact.name)
            .join(InteractionContact, InteractionContact.contact_id == Contact.id)
            .where(InteractionContact.interaction_id == Interaction.id)
            .order_by(InteractionContact.id)
            .limit(1)
            .scalar_subquery()
        )
        told = sa.select(
            Interaction.id,
            Interaction.at,
            Interaction.recorded_by.label("actor"),
            first.label("name"),
            Interaction.summary.label("text"),
        ).where(
            *_interactions(question),
            Interaction.kind == INTERACTIONS[asked.deed],
            *_by(Interaction.recorded_by, question, asked.officer),
        )
        return told, [Interaction.at, Interaction.id]
    if asked.deed is Deed.TASK:
        of_target = sa.orm.aliased(Contact)
        done = (
            sa.select(
                Task.id,
                Task.done_at.label("at"),
                Task.done_by.label("actor"),
                sa.func.coalesce(Contact.name, of_target.name).label("name"),
                Task.title.label("text"),
            )
            .outerjoin(Contact, Contact.id == Task.contact_id)
            .outerjoin(Target, Target.id == Task.target_id)
            .outerjoin(of_target, of_target.id == Target.contact_id)
            .where(*_tasks(question), *_by(Task.done_by, question, asked.officer))
        )
        return done, [Task.done_at, Task.id]
    moved = (
        sa.select(
            Target.id,
            StageMove.at,
            StageMove.actor,
            Contact.name,
            StageMove.note.label("text"),
            StageMove.from_stage,
            StageMove.to_stage,
        )
        .select_from(StageMove)
        .join(Target, Target.id == StageMove.target_id)
        .join(Contact, Contact.id == Target.contact_id)
    )
    if asked.left is not None:
        moved = moved.where(*of_moves(question), StageMove.from_stage == asked.left, StageMove.stood.is_not(None))
    elif asked.came is not None:
        moved = moved.where(*of_moves(question), StageMove.at >= question.begin, StageMove.to_stage == asked.came)
    elif asked.deed is Deed.MOVE:
        moved = moved.where(*_moves(question), *_by(StageMove.actor, question, asked.officer))
    else:
        moved = moved.where(*of_moves(question), StageMove.at >= question.begin, _went(asked.deed))
    return moved, [StageMove.at, StageMove.id]


def activity_page(question: Question, asked: Asked, cursor: str | None) -> Page:
    """What was done, the latest first: id, at, actor, name, text; for moves from_stage and to_stage too."""
    rows, order = _listed(question, asked)
    return page(rows, [SortKey(column, descending=True) for column in order], cursor)


def activity_count(question: Question, asked: Asked) -> int:
    """How many rows `activity_page` has in all."""
    rows, _order = _listed(question, asked)
    return db.session.scalar(sa.select(sa.func.count()).select_from(rows.order_by(None).subquery())) or 0
