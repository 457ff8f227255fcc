"""Reads of templates and their wordings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from crm.accounts.models import User
from crm.directory.models import Contact
from crm.extensions import db
from crm.letters.models import Approach, LetterTemplate, Wording, Wordings
from crm.pipeline.models import Campaign, Target


def newest_wording(template_id: int, language: str, approach: Approach = Approach.GENERAL) -> Wording | None:
    """The last version of a template's text in a language for an approach."""
    return db.session.scalar(
        sa.select(Wording)
        .where(Wording.template_id == template_id, Wording.language == language, Wording.approach == approach)
        .order_by(Wording.version.desc())
        .limit(1)
    )


def newest_wordings(template_id: int) -> Wordings:
    """The last version of each of a template's texts, by language and approach; approved or not."""
    statement = sa.select(Wording).where(Wording.template_id == template_id).order_by(Wording.version)
    return {(wording.language, wording.approach): wording for wording in db.session.scalars(statement)}


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
