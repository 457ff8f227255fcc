"""Reads of letters: ledgers, mailings, templates and wordings; the letters themselves are read in `delivery`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from crm.accounts.models import User
from crm.directory.models import Contact
from crm.extensions import db
from crm.letters.models import Ledger, LetterTemplate, Mailing, MailingState, SkipReason, Wording
from crm.outbox.models import Batch, MessageState, OutgoingMessage
from crm.paging import Page, SortKey, page
from crm.pipeline.filters import TargetFilter
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


def mailings_being_planned() -> Sequence[int]:
    """Ids of the mailings whose letters are not all written yet, the oldest first."""
    statement = sa.select(Mailing.id).where(Mailing.state == MailingState.PLANNING).order_by(Mailing.id)
    return db.session.scalars(statement).all()


def audience_size(campaign_id: int, audience: TargetFilter) -> int:
    """How many targets of the campaign the audience holds."""
    counted: sa.Select[*tuple[Any, ...]] = sa.select(sa.func.count(Target.id)).where(Target.campaign_id == campaign_id)
    statement = audience.apply(counted)
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
        # Who was invited and never came cannot approve anything.
        User.password_hash.is_not(None),
        User.role.in_([role for role, permissions in POLICY.items() if Permission.APPROVE in permissions]),
    )
    return db.session.scalar(others.limit(1)) is None


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


def versions(template_id: int) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """Every version of a template's texts, without the words: languages in order, the newest version first."""
    statement = (
        sa.select(
            Wording.id,
            Wording.language,
            Wording.version,
            Wording.written_at,
            Wording.frozen_at,
            User.name.label("author"),
        )
        .outerjoin(User, User.id == Wording.written_by_id)
        .where(Wording.template_id == template_id)
        .order_by(Wording.language, Wording.version.desc())
    )
    return db.session.execute(statement).all()


def first_language(template_id: int) -> str | None:
    """The language a template was written in first."""
    return db.session.scalar(
        sa.select(Wording.language).where(Wording.template_id == template_id).order_by(Wording.id).limit(1)
    )


def wording_choices(campaign_id: int) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """The letters a campaign may send: template id, name and language, by name."""
    statement = (
        sa.select(LetterTemplate.id, LetterTemplate.name, Wording.language)
        .join(Wording, Wording.template_id == LetterTemplate.id)
        .where(LetterTemplate.campaign_id == campaign_id)
        .group_by(LetterTemplate.id, LetterTemplate.name, Wording.language)
        .order_by(LetterTemplate.name, LetterTemplate.id, Wording.language)
    )
    return db.session.execute(statement).all()


def readers(campaign_id: int, limit: int = 40) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """Targets to preview a letter with: id, name and country of the first by name."""
    statement = (
        sa.select(Target.id, Contact.name, Contact.country)
        .join(Contact, Contact.id == Target.contact_id)
        .where(Target.campaign_id == campaign_id)
        .order_by(Contact.sort_name, Target.id)
        .limit(limit)
    )
    return db.session.execute(statement).all()
