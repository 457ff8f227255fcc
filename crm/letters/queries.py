"""Reads of letters: ledgers, mailings, their recipients, templates and wordings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from crm.accounts.models import User
from crm.directory.models import Contact
from crm.extensions import db
from crm.letters.audience import Audience
from crm.letters.models import Ledger, Letter, LetterTemplate, Mailing, SkipReason, Wording
from crm.outbox.models import IN_FLIGHT, WAITING, Batch, MessageState, OutgoingMessage
from crm.paging import Page, SortKey, page
from crm.pipeline.models import Campaign, Target
from crm.policy import POLICY, Permission


def ledgers(mailing_ids: Iterable[int]) -> dict[int, Ledger]:
    """The ledger of each mailing by its id, in one query and so of one moment: planning may go on meanwhile."""
    found = db.session.execute(
        sa.select(
            Mailing.id,
            Mailing.letters,
            Mailing.skipped,
            OutgoingMessage.state,
            sa.func.count(OutgoingMessage.id).label("messages"),
        )
        .outerjoin(OutgoingMessage, OutgoingMessage.batch_id == Mailing.batch_id)
        .where(Mailing.id.in_(mailing_ids))
        .group_by(Mailing.id, OutgoingMessage.state)
    ).all()
    planned = {row.id: (row.letters, row.skipped) for row in found}
    counts: dict[int, dict[MessageState, int]] = {mailing_id: {} for mailing_id in planned}
    for row in found:
        if row.state is not None:
            counts[row.id][row.state] = row.messages
    return {
        mailing_id: Ledger(
            letters, {SkipReason(reason): count for reason, count in skipped.items()}, counts[mailing_id]
        )
        for mailing_id, (letters, skipped) in planned.items()
    }


def mailings(cursor: str | None, campaign_id: int | None = None) -> Page:
    """A page of mailings, the newest first."""
    statement = (
        sa.select(
            Mailing.id,
            Mailing.name,
            Mailing.state,
            Mailing.created_at,
            Mailing.audience_size,
            Batch.state.label("batch_state"),
            Campaign.name.label("campaign"),
            LetterTemplate.name.label("template"),
            Mailing.language,
            User.name.label("planned_by"),
        )
        .join(Campaign, Campaign.id == Mailing.campaign_id)
        .join(LetterTemplate, LetterTemplate.id == Mailing.template_id)
        .join(User, User.id == Mailing.planned_by_id)
        .outerjoin(Batch, Batch.id == Mailing.batch_id)
    )
    if campaign_id is not None:
        statement = statement.where(Mailing.campaign_id == campaign_id)
    return page(statement, [SortKey(Mailing.id, descending=True)], cursor)


def audience_size(campaign_id: int, audience: Audience) -> int:
    """How many targets of the campaign the audience holds."""
    statement = audience.apply(sa.select(sa.func.count(Target.id))).where(Target.campaign_id == campaign_id)
    return db.session.scalar(statement) or 0


def newest_wording(template_id: int, language: str) -> Wording | None:
    """The last version of a template's text in a language."""
    return db.session.scalar(
        sa.select(Wording)
        .where(Wording.template_id == template_id, Wording.language == language)
        .order_by(Wording.version.desc())
        .limit(1)
    )


def may_approve(mailing: Mailing, user_id: int) -> bool:
    """Whether the user, who holds the permission, is a second person, or the only one in the team who could be."""
    if user_id != mailing.planned_by_id:
        return True
    others = sa.select(User.id).where(
        User.team_id == mailing.campaign.team_id,
        User.id != user_id,
        User.active,
        User.role.in_([role for role, permissions in POLICY.items() if Permission.APPROVE in permissions]),
    )
    return db.session.scalar(others.limit(1)) is None


class Outcome(StrEnum):
    """The parts a mailing's letters fall into, as its ledger counts them."""

    SKIPPED = "skipped"
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    HELD = "held"
    CANCELLED = "cancelled"


_STATES: dict[Outcome, frozenset[MessageState]] = {
    Outcome.WAITING: WAITING | IN_FLIGHT,
    Outcome.SENT: frozenset({MessageState.SENT}),
    Outcome.FAILED: frozenset({MessageState.FAILED}),
    Outcome.HELD: frozenset({MessageState.HELD}),
    Outcome.CANCELLED: frozenset({MessageState.CANCELLED}),
}


def outcome_of(skip_reason: SkipReason | None, state: MessageState | None) -> Outcome:
    """The part of the ledger a letter falls into."""
    if skip_reason is not None or state is None:
        return Outcome.SKIPPED
    return next(outcome for outcome, states in _STATES.items() if state in states)


def _letters(mailing: Mailing, outcome: Outcome | None) -> tuple[sa.Select[*tuple[Any, ...]], SortKey]:
    statement = (
        sa.select(
            Letter.id,
            Letter.contact_id,
            Contact.name,
            Contact.country,
            Letter.address,
            Letter.language,
            Letter.skip_reason,
            Letter.skip_detail,
            OutgoingMessage.state,
            OutgoingMessage.reason,
            OutgoingMessage.reply_code,
            OutgoingMessage.reply_text,
            OutgoingMessage.attempts,
            OutgoingMessage.finished_at,
            OutgoingMessage.next_attempt_at,
        )
        .join(Contact, Contact.id == Letter.contact_id)
        .outerjoin(OutgoingMessage, OutgoingMessage.id == Letter.message_id)
    )
    if outcome is None or outcome is Outcome.SKIPPED:
        statement = statement.where(Letter.mailing_id == mailing.id)
        if outcome is not None:
            statement = statement.where(Letter.skip_reason.is_not(None))
        return statement, SortKey(Letter.id)
    # By the outbox's index on batch and state: a large mailing's few failures are found without reading the rest.
    statement = statement.where(
        OutgoingMessage.batch_id == mailing.batch_id, OutgoingMessage.state.in_(_STATES[outcome])
    )
    return statement, SortKey(OutgoingMessage.id)


def letters(mailing: Mailing, outcome: Outcome | None, cursor: str | None) -> Page:
    """A page of a mailing's letters with what became of each, in the order they were planned."""
    statement, key = _letters(mailing, outcome)
    return page(statement, [key], cursor)


def all_letters(mailing: Mailing, outcome: Outcome | None) -> Iterable[sa.Row[*tuple[Any, ...]]]:
    """Every letter of a mailing, streamed from the database a thousand at a time."""
    statement, key = _letters(mailing, outcome)
    return db.session.execute(statement.order_by(key.column), execution_options={"yield_per": 1000})


def templates(campaign_id: int | None = None) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """Templates with their campaigns, and per language the newest version: one row each, without its words."""
    newest = (
        sa.select(
            Wording.template_id,
            Wording.language,
            sa.func.max(Wording.version).label("version"),
            sa.func.max(Wording.written_at).label("written_at"),
        )
        .group_by(Wording.template_id, Wording.language)
        .subquery()
    )
    statement = (
        sa.select(
            LetterTemplate.id,
            LetterTemplate.name,
            LetterTemplate.purpose,
            LetterTemplate.campaign_id,
            Campaign.name.label("campaign"),
            newest.c.language,
            newest.c.version,
            newest.c.written_at,
        )
        .join(Campaign, Campaign.id == LetterTemplate.campaign_id)
        .outerjoin(newest, newest.c.template_id == LetterTemplate.id)
        .order_by(Campaign.name, LetterTemplate.name, LetterTemplate.id, newest.c.language)
    )
    if campaign_id is not None:
        statement = statement.where(LetterTemplate.campaign_id == campaign_id)
    return db.session.execute(statement).all()
