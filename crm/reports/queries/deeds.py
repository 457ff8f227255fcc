"""What is counted and listed as done within a period: which rows it is, and what a list shows of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from crm.accounts.models import User
from crm.directory.models import Contact
from crm.extensions import db
from crm.history.models import Interaction, InteractionContact, InteractionKind, Task
from crm.letters.models import Letter, Mailing
from crm.outbox.models import MessageState, OutgoingMessage
from crm.paging import Page, SortKey, page_of_union
from crm.pipeline.furthest import place_of
from crm.pipeline.models import Commitment, Stage, StageMove, Target
from crm.policy import visible_to
from crm.reports.queries.rows import of_moves
from crm.reports.question import AnyQuestion, Question
from crm.stances.models import Statement
from crm.stances.queries import is_valid

AnySelect = sa.Select[*tuple[Any, ...]]


class Deed(StrEnum):
    """What is counted and listed. The last five are moves of one kind, of targets and not by officers."""

    CALL = "call"
    MEETING = "meeting"
    LETTER = "letter"
    STATEMENT = "statement"
    COMMITMENT = "commitment"
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
BY_OFFICER = (*INTERACTIONS, Deed.STATEMENT, Deed.COMMITMENT, Deed.MOVE, Deed.TASK)
# In the place of an officer's id: what no user did, such as moves that follow from a letter sent.
NO_OFFICER = 0


@dataclass(frozen=True)
class Asked:
    """Which of it a list shows: by one officer (None: all), and for moves the stage a target left or came to."""

    deed: Deed
    officer: int | None = None
    left: Stage | None = None
    came: Stage | None = None


def actor_of(user_id: Any) -> sa.ColumnElement[str]:
    """The opaque actor that a column's user is; empty for nobody."""
    return sa.func.coalesce(sa.literal("user:", sa.String) + sa.cast(user_id, sa.String), "")


def _by(actor: Any, question: Question, officer: int | None) -> Iterator[sa.ColumnElement[bool]]:
    if officer == NO_OFFICER:
        yield actor.not_like("user:%")
    elif officer is not None:
        yield actor == f"user:{officer}"
    if question.team is not None:
        yield actor.in_(sa.select(actor_of(User.id)).where(User.team_id == question.team))


def _within(moment: Any, question: AnyQuestion) -> Iterator[sa.ColumnElement[bool]]:
    yield moment >= question.begin
    if question.end is not None:
        yield moment < question.end


def interactions(question: AnyQuestion) -> Iterator[sa.ColumnElement[bool]]:
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


def letters(question: AnyQuestion) -> Iterator[sa.ColumnElement[bool]]:
    """Letters of the campaign's mailings that left, for a select of `OutgoingMessage`, `Letter` and `Mailing`."""
    yield Mailing.campaign_id == question.campaign_id
    yield OutgoingMessage.batch_id == Mailing.batch_id
    yield Letter.message_id == OutgoingMessage.id
    yield OutgoingMessage.state == MessageState.SENT
    yield from _within(OutgoingMessage.finished_at, question)


def statements(question: AnyQuestion) -> Iterator[sa.ColumnElement[bool]]:
    """Those of the campaign's targets on its lead treaty that were written down within the period and still count."""
    yield Statement.treaty_id == question.treaty_id
    yield sa.exists().where(Target.campaign_id == question.campaign_id, Target.contact_id == Statement.contact_id)
    yield is_valid()
    yield visible_to(Statement.team_id, question.reader)
    yield from _within(Statement.recorded_at, question)


def commitments(question: AnyQuestion) -> Iterator[sa.ColumnElement[bool]]:
    """Those of the campaign's targets that were written down within the period."""
    # Begun with what is new, not with all the targets.
    target = sa.orm.aliased(Target)
    yield sa.exists().where(target.id == Commitment.target_id, target.campaign_id == question.campaign_id)
    yield from _within(Commitment.created_at, question)


def tasks(question: AnyQuestion) -> Iterator[sa.ColumnElement[bool]]:
    """Those about one of the campaign's targets, or about its contact."""
    # A list of them has targets of its own beside.
    target = sa.orm.aliased(Target)
    here = target.campaign_id == question.campaign_id
    of_target = sa.exists().where(target.id == Task.target_id, here)
    of_contact = sa.exists().where(target.contact_id == Task.contact_id, here)
    yield sa.or_(of_target, sa.and_(Task.target_id.is_(None), of_contact))
    yield visible_to(Task.team_id, question.reader)
    yield from _within(Task.done_at, question)


def moves(question: AnyQuestion) -> Iterator[sa.ColumnElement[bool]]:
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


def _talked(question: Question, asked: Asked) -> AnySelect:
    first = (
        sa.select(Contact.name)
        .join(InteractionContact, InteractionContact.contact_id == Contact.id)
        .where(InteractionContact.interaction_id == Interaction.id)
        .order_by(InteractionContact.id)
        .limit(1)
        .scalar_subquery()
    )
    return sa.select(
        Interaction.id,
        Interaction.at,
        Interaction.recorded_by.label("actor"),
        first.label("name"),
        Interaction.summary.label("text"),
        sa.literal(0).label("mailed"),
    ).where(
        *interactions(question),
        Interaction.kind == INTERACTIONS[asked.deed],
        *_by(Interaction.recorded_by, question, asked.officer),
    )


def _mailed(question: Question, asked: Asked) -> AnySelect:
    by = actor_of(Mailing.planned_by_id)
    name = sa.select(Contact.name).where(Contact.id == Letter.contact_id).scalar_subquery()
    return sa.select(
        Letter.id,
        OutgoingMessage.finished_at.label("at"),
        by.label("actor"),
        name.label("name"),
        OutgoingMessage.subject.label("text"),
        sa.literal(1).label("mailed"),
    ).where(*letters(question), *_by(by, question, asked.officer))


def _stated(question: Question, asked: Asked) -> AnySelect:
    return (
        sa.select(
            Statement.id,
            Statement.contact_id,
            Statement.recorded_at.label("at"),
            Statement.recorded_by.label("actor"),
            Contact.name,
            Statement.quote.label("text"),
            Statement.stance,
        )
        .join(Contact, Contact.id == Statement.contact_id)
        .where(*statements(question), *_by(Statement.recorded_by, question, asked.officer))
    )


def _promised(question: Question, asked: Asked) -> AnySelect:
    by = actor_of(Commitment.recorded_by_id)
    return sa.select(
        Commitment.id,
        Commitment.created_at.label("at"),
        by.label("actor"),
        Contact.name,
        Commitment.act.label("text"),
    ).where(
        *commitments(question),
        Target.id == Commitment.target_id,
        Contact.id == Target.contact_id,
        *_by(by, question, asked.officer),
    )


def _done(question: Question, asked: Asked) -> AnySelect:
    of_target = sa.orm.aliased(Contact)
    return (
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
        .where(*tasks(question), *_by(Task.done_by, question, asked.officer))
    )


def _moved(question: Question, asked: Asked) -> AnySelect:
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
        return moved.where(*of_moves(question), StageMove.from_stage == asked.left, StageMove.stood.is_not(None))
    if asked.came is not None:
        return moved.where(*of_moves(question), StageMove.at >= question.begin, StageMove.to_stage == asked.came)
    if asked.deed is Deed.MOVE:
        return moved.where(*moves(question), *_by(StageMove.actor, question, asked.officer))
    return moved.where(*of_moves(question), StageMove.at >= question.begin, _went(asked.deed))


def _parts(question: Question, asked: Asked) -> list[tuple[AnySelect, list[Any]]]:
    """Rows of id, at, actor, name, text and what leads to it, each with the columns they are sorted by."""
    if asked.deed is Deed.LETTER:
        # Last, what tells two of the same moment and number apart.
        return [
            (_talked(question, asked), [Interaction.at, Interaction.id, sa.literal(0)]),
            (_mailed(question, asked), [OutgoingMessage.finished_at, Letter.id, sa.literal(1)]),
        ]
    if asked.deed in INTERACTIONS:
        return [(_talked(question, asked), [Interaction.at, Interaction.id])]
    if asked.deed is Deed.STATEMENT:
        return [(_stated(question, asked), [Statement.recorded_at, Statement.id])]
    if asked.deed is Deed.COMMITMENT:
        return [(_promised(question, asked), [Commitment.created_at, Commitment.id])]
    if asked.deed is Deed.TASK:
        return [(_done(question, asked), [Task.done_at, Task.id])]
    return [(_moved(question, asked), [StageMove.at, StageMove.id])]


def activity_page(question: Question, asked: Asked, cursor: str | None) -> Page:
    """What was done, the latest first: id, at, actor, name, text.

    Moves have from_stage and to_stage too, statements contact_id and stance; letters of a mailing have `mailed` set.
    """
    parts = _parts(question, asked)
    return page_of_union(
        [(rows, [SortKey(column, descending=True) for column in order]) for rows, order in parts], cursor
    )


def activity_count(question: Question, asked: Asked) -> int:
    """How many rows `activity_page` has in all."""
    counts = [
        rows.with_only_columns(sa.func.count(), maintain_column_froms=True).scalar_subquery()
        for rows, _order in _parts(question, asked)
    ]
    first, *others = counts
    return db.session.scalar(sa.select(sum(others, start=first))) or 0
