"""Reads of templates: their wordings in languages and approaches, versions and drafts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from crm.accounts.models import User
from crm.extensions import db
from crm.letters.models import Approach, LetterTemplate, Wording, WordingDraft, Wordings
from crm.pipeline.models import Campaign

Rows = Sequence[sa.Row[*tuple[Any, ...]]]


class WordingStanding(StrEnum):
    """Where one wording stands: nobody wrote it, somebody does, it waits for approval, or it may be sent."""

    MISSING = "missing"
    DRAFT = "draft"
    WAITING = "waiting"
    APPROVED = "approved"


@dataclass(frozen=True)
class Cell:
    """One wording of a template's grid; `drafts` are the names of those who write on it.

    `source_changed` says that the text it was translated from is another one now.
    """

    language: str
    approach: Approach
    wording: Wording | None
    drafts: Sequence[str]
    source_changed: bool
    falls_back: bool

    @property
    def standing(self) -> WordingStanding:
        """Where it stands, drafts beside a saved text aside."""
        if self.wording is None:
            return WordingStanding.DRAFT if self.drafts else WordingStanding.MISSING
        return WordingStanding.APPROVED if self.wording.approved_at else WordingStanding.WAITING


def newest_wording(template_id: int, language: str, approach: Approach = Approach.GENERAL) -> Wording | None:
    """The last version of a template's text in a language for an approach."""
    return db.session.scalar(
        sa.select(Wording)
        .where(Wording.template_id == template_id, Wording.language == language, Wording.approach == approach)
        .order_by(Wording.version.desc())
        .limit(1)
    )


def wording(wording_id: int) -> Wording | None:
    """One version of a text."""
    return db.session.get(Wording, wording_id)


def is_newest(wording: Any) -> sa.ColumnElement[bool]:
    """Whether no later version of the same text exists; `wording` is the table or an alias of it."""
    later = sa.orm.aliased(Wording)
    return ~sa.exists().where(
        later.template_id == wording.template_id,
        later.language == wording.language,
        later.approach == wording.approach,
        later.version > wording.version,
    )


def newest_wordings(template_id: int) -> Wordings:
    """The last version of each of a template's texts, by language and approach; approved or not."""
    statement = sa.select(Wording).where(Wording.template_id == template_id, is_newest(Wording))
    return {(wording.language, wording.approach): wording for wording in db.session.scalars(statement)}


def is_translated(wording_id: int) -> bool:
    """Whether a translation, or the draft of one, was made from this version."""
    made = (sa.select(table.id).where(table.source_id == wording_id).limit(1) for table in (Wording, WordingDraft))
    return any(db.session.scalar(statement) is not None for statement in made)


def languages_of_campaign(campaign_id: int) -> list[str]:
    """Codes of the languages any letter of the campaign is written in."""
    written = (
        sa.select(table.language)
        .join(LetterTemplate, LetterTemplate.id == table.template_id)
        .where(LetterTemplate.campaign_id == campaign_id)
        for table in (Wording, WordingDraft)
    )
    return sorted(db.session.scalars(sa.union(*written)))


def is_outdated(wording: Wording | None, source: Wording | None) -> bool:
    """Whether a translation was made from another text than the source that stands there now."""
    return wording is not None and source is not None and wording.id != source.id and wording.source_id != source.id


def grid(template: LetterTemplate) -> list[list[Cell]]:
    """A template's wordings: a row for each language of its campaign, the source's first, a cell for each approach."""
    wordings = newest_wordings(template.id)
    drafts: dict[tuple[str, Approach], list[str]] = {}
    for row in db.session.execute(
        sa.select(WordingDraft.language, WordingDraft.approach, User.name)
        .join(User, User.id == WordingDraft.author_id)
        .where(WordingDraft.template_id == template.id)
        .order_by(User.name)
    ):
        drafts.setdefault((row.language, row.approach), []).append(row.name)
    first = template.source_language
    others = [code for code in languages_of_campaign(template.campaign_id) if code != first]
    return [
        [
            Cell(
                language,
                approach,
                wordings.get((language, approach)),
                drafts.get((language, approach), ()),
                language != first and is_outdated(wordings.get((language, approach)), wordings.get((first, approach))),
                approach is not Approach.GENERAL and (language, Approach.GENERAL) in wordings,
            )
            for approach in Approach
        ]
        for language in [first, *others]
    ]


def draft_of(template_id: int, language: str, approach: Approach, author_id: int) -> WordingDraft | None:
    """What the author typed and did not save yet."""
    return db.session.scalar(_drafts(template_id, language, approach).where(WordingDraft.author_id == author_id))


def drafts_of_others(template_id: int, language: str, approach: Approach, author_id: int) -> Sequence[WordingDraft]:
    """What others typed and did not save yet, the latest first, with its authors."""
    statement = _drafts(template_id, language, approach).where(WordingDraft.author_id != author_id)
    return db.session.scalars(statement.options(joinedload(WordingDraft.author))).all()


def _drafts(template_id: int, language: str, approach: Approach) -> sa.Select[WordingDraft]:
    return (
        sa.select(WordingDraft)
        .where(
            WordingDraft.template_id == template_id,
            WordingDraft.language == language,
            WordingDraft.approach == approach,
        )
        .order_by(WordingDraft.saved_at.desc())
    )


def versions(template_id: int, language: str, approach: Approach) -> Sequence[Wording]:
    """Every version of a text with its people, the newest first."""
    statement = (
        sa.select(Wording)
        .where(Wording.template_id == template_id, Wording.language == language, Wording.approach == approach)
        .options(joinedload(Wording.written_by), joinedload(Wording.approved_by))
        .order_by(Wording.version.desc())
    )
    return db.session.scalars(statement).all()


def templates(campaign_id: int | None = None) -> Rows:
    """Templates with their campaigns, and per language how many texts and how many of them are approved."""
    newest = (
        sa.select(
            Wording.template_id,
            Wording.language,
            sa.func.count().label("written"),
            sa.func.count(Wording.approved_at).label("approved"),
        )
        .where(is_newest(Wording))
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
            newest.c.written,
            newest.c.approved,
        )
        .join(Campaign, Campaign.id == LetterTemplate.campaign_id)
        .outerjoin(newest, newest.c.template_id == LetterTemplate.id)
        .order_by(
            Campaign.name,
            LetterTemplate.name,
            LetterTemplate.id,
            newest.c.language != LetterTemplate.source_language,
            newest.c.language,
        )
    )
    if campaign_id is not None:
        statement = statement.where(LetterTemplate.campaign_id == campaign_id)
    return db.session.execute(statement).all()


def wording_choices(campaign_id: int) -> Rows:
    """The letters a campaign may send: template id, name and language, by name."""
    statement = (
        sa.select(LetterTemplate.id, LetterTemplate.name, Wording.language)
        .join(Wording, Wording.template_id == LetterTemplate.id)
        .where(LetterTemplate.campaign_id == campaign_id)
        .group_by(LetterTemplate.id, LetterTemplate.name, Wording.language)
        .order_by(LetterTemplate.name, LetterTemplate.id, Wording.language)
    )
    return db.session.execute(statement).all()
