"""Reads of what waits to be translated: texts that lack a language of their campaign, or say there what was before."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm.extensions import db
from crm.letters.models import LetterTemplate, Wording
from crm.letters.queries.wordings import Rows, is_newest
from crm.pipeline.models import Campaign


def wanted_translations() -> sa.Select[*tuple[Any, ...]]:
    """One row a text and language that waits: id and name of the template, campaign, language, approach, written_at
    (of the translation, null where there is none) and source_written_at; of running campaigns.

    A campaign's letters are wanted in every language that any of them is written in.
    """
    other, source, translation = aliased(LetterTemplate), aliased(Wording), aliased(Wording)
    wanted = (
        sa.select(other.campaign_id, Wording.language)
        .join(Wording, Wording.template_id == other.id)
        .distinct()
        .subquery()
    )
    return (
        sa.select(
            LetterTemplate.id,
            LetterTemplate.name,
            Campaign.name.label("campaign"),
            wanted.c.language,
            source.approach,
            translation.written_at,
            source.written_at.label("source_written_at"),
        )
        .select_from(LetterTemplate)
        .join(Campaign, Campaign.id == LetterTemplate.campaign_id)
        .join(wanted, wanted.c.campaign_id == LetterTemplate.campaign_id)
        .join(
            source,
            sa.and_(
                source.template_id == LetterTemplate.id,
                source.language == LetterTemplate.source_language,
                is_newest(source),
            ),
        )
        .outerjoin(
            translation,
            sa.and_(
                translation.template_id == LetterTemplate.id,
                translation.language == wanted.c.language,
                translation.approach == source.approach,
                is_newest(translation),
            ),
        )
        .where(
            Campaign.archived_at.is_(None),
            wanted.c.language != LetterTemplate.source_language,
            sa.or_(translation.id.is_(None), translation.source_id.is_(None), translation.source_id != source.id),
        )
    )


def translations_by_language() -> dict[str, int]:
    """How many texts wait in each language, by its code."""
    waiting = wanted_translations().subquery()
    number = sa.func.count().label("waiting")
    statement = sa.select(waiting.c.language, number).group_by(waiting.c.language).order_by(waiting.c.language)
    return {row.language: row.waiting for row in db.session.execute(statement)}


def translations_waiting(language: str, limit: int = 200) -> Rows:
    """The texts that wait in a language: those that say what was before come before those nobody wrote yet."""
    waiting = wanted_translations().subquery()
    statement = (
        sa.select(waiting)
        .where(waiting.c.language == language)
        .order_by(waiting.c.written_at.is_(None), waiting.c.campaign, waiting.c.name, waiting.c.id, waiting.c.approach)
        .limit(limit)
    )
    return db.session.execute(statement).all()
