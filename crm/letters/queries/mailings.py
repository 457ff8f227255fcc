"""Reads of mailings: their ledgers and lists; the letters themselves are read in `delivery`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from crm.accounts.models import User
from crm.extensions import db
from crm.letters.models import Ledger, LetterTemplate, Mailing, MailingState, SkipReason
from crm.letters.queries.approvers import is_only_approver
from crm.outbox.models import Batch, MessageState, OutgoingMessage
from crm.paging import Page, SortKey, page
from crm.pipeline.filters import TargetFilter
from crm.pipeline.models import Campaign, Target


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


def mailings_being_planned() -> Sequence[int]:
    """Ids of the mailings whose letters are not all written yet, the oldest first."""
    statement = sa.select(Mailing.id).where(Mailing.state == MailingState.PLANNING).order_by(Mailing.id)
    return db.session.scalars(statement).all()


def audience_size(campaign_id: int, audience: TargetFilter) -> int:
    """How many targets of the campaign the audience holds."""
    counted: sa.Select[*tuple[Any, ...]] = sa.select(sa.func.count(Target.id)).where(Target.campaign_id == campaign_id)
    statement = audience.apply(counted)
    return db.session.scalar(statement) or 0


def may_approve(mailing: Mailing, user_id: int) -> bool:
    """Whether the user, who holds the permission, is a second person, or the only one in the team who could be."""
    return user_id != mailing.planned_by_id or is_only_approver(mailing.campaign_id, user_id)
