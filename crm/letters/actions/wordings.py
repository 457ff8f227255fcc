"""Writes of templates and their wordings."""

from __future__ import annotations

import sqlalchemy as sa

from crm import clock
from crm.extensions import db
from crm.letters.models import Approach, LetterTemplate, Wording
from crm.letters.queries import newest_wording
from crm.salutations.terms import Formality


class NameTaken(Exception):
    """Another template of the campaign has this name."""


class WordingChanged(Exception):
    """Somebody else wrote this wording meanwhile; `current` is what stands there now."""

    def __init__(self, current: Wording) -> None:
        super().__init__(f"wording {current.id} was written meanwhile")
        self.current = current


def create_template(campaign_id: int, name: str, purpose: str = "") -> LetterTemplate:
    """A new, still wordless template. Raises NameTaken."""
    _refuse_taken_name(campaign_id, name)
    template = LetterTemplate(campaign_id=campaign_id, name=name, purpose=purpose)
    db.session.add(template)
    db.session.flush()
    return template


def rename_template(template_id: int, name: str, purpose: str) -> LetterTemplate:
    """Change a template's name and purpose. Raises NameTaken."""
    template = db.session.get_one(LetterTemplate, template_id, with_for_update=True)
    _refuse_taken_name(template.campaign_id, name, template_id)
    template.name, template.purpose = name, purpose
    db.session.flush()
    return template


def _refuse_taken_name(campaign_id: int, name: str, template_id: int | None = None) -> None:
    statement = sa.select(LetterTemplate.id).where(
        LetterTemplate.campaign_id == campaign_id, LetterTemplate.name == name
    )
    if db.session.scalar(statement) not in (None, template_id):
        raise NameTaken(name)


def write_wording(
    template_id: int,
    language: str,
    subject: str,
    body: str,
    *,
    author_id: int | None,
    approach: Approach = Approach.GENERAL,
    seen: str | None = None,
    formality: Formality = Formality.STANDARD,
) -> Wording:
    """Write a template's text in a language: over the newest version, or as a new one where that is frozen.

    `seen` is the `revision` the author started from ("" where there was none): WordingChanged is raised where
    somebody else wrote since.
    """
    db.session.get_one(LetterTemplate, template_id, with_for_update=True)
    newest = newest_wording(template_id, language, approach)
    if newest is not None and (newest.subject, newest.body, newest.formality) == (subject, body, formality):
        return newest
    if newest is not None and seen is not None and seen != newest.revision:
        raise WordingChanged(newest)
    if newest is None or newest.frozen_at is not None:
        version = newest.version + 1 if newest else 1
        newest = Wording(template_id=template_id, language=language, approach=approach, version=version)
        db.session.add(newest)
    newest.subject, newest.body, newest.formality = subject, body, formality
    newest.written_by_id, newest.written_at = author_id, clock.now()
    db.session.flush()
    return newest
