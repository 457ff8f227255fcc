"""Writes of templates and their wordings: versions, approvals, and the drafts of whoever writes."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from crm import clock
from crm.extensions import db
from crm.letters.models import (
    Approach,
    FindingCode,
    Letter,
    LetterFinding,
    LetterTemplate,
    Wording,
    WordingDraft,
)
from crm.letters.queries import draft_of, is_only_approver, is_translated, newest_wording
from crm.letters.rendering import compile_wording
from crm.salutations.terms import Formality
from crm.unit_of_work import current_unit_of_work


class NameTaken(Exception):
    """Another template of the campaign has this name."""


class WordingChanged(Exception):
    """Somebody else wrote this wording meanwhile; `current` is what stands there now."""

    def __init__(self, current: Wording) -> None:
        super().__init__(f"wording {current.id} was written meanwhile")
        self.current = current


class ApprovalRefused(Exception):
    """The wording stays unapproved; `reason` is a code: own_wording, faulty, older_version."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def create_template(campaign_id: int, name: str, purpose: str = "", *, source_language: str = "en") -> LetterTemplate:
    """A new, still wordless template. Raises NameTaken."""
    _refuse_taken_name(campaign_id, name)
    template = LetterTemplate(campaign_id=campaign_id, name=name, purpose=purpose, source_language=source_language)
    db.session.add(template)
    db.session.flush()
    return template


def describe_template(template_id: int, name: str, purpose: str, source_language: str) -> LetterTemplate:
    """Change a template's name, its purpose and the language it is written in first. Raises NameTaken."""
    template = db.session.get_one(LetterTemplate, template_id, with_for_update=True)
    _refuse_taken_name(template.campaign_id, name, template_id)
    template.name, template.purpose, template.source_language = name, purpose, source_language
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
    source_id: int | None = None,
) -> Wording:
    """Write a template's text in a language for an approach; the author's draft of it is done with.

    The author's own newest version is written over, as long as nobody relies on it; else this makes the next one.
    `seen` is the `revision` the author started from ("" where there was none): WordingChanged is raised where
    somebody else wrote since. `source_id` is the version in the source language the author translated from; saving
    the same words with a newer one says that they still hold, and leaves them approved.
    """
    template = db.session.get_one(LetterTemplate, template_id, with_for_update=True)
    newest = newest_wording(template_id, language, approach)
    source_id = _source_of(template, language, approach, source_id)
    unchanged = newest is not None and (newest.subject, newest.body, newest.formality) == (subject, body, formality)
    if newest is None or not unchanged:
        if newest is not None and seen is not None and seen != newest.revision:
            raise WordingChanged(newest)
        if newest is None or _stays(newest, author_id):
            newest = _next_version(newest, template_id, language, approach)
        newest.subject, newest.body, newest.formality = subject, body, formality
        newest.written_by_id, newest.written_at = author_id, clock.now()
    if source_id is not None:
        newest.source_id = source_id
    if author_id is not None:
        discard_draft(template_id, language, approach, author_id)
    db.session.flush()
    return newest


def _next_version(newest: Wording | None, template_id: int, language: str, approach: Approach) -> Wording:
    wording = Wording(template_id=template_id, language=language, approach=approach)
    wording.version, wording.source_id = (newest.version + 1, newest.source_id) if newest else (1, None)
    db.session.add(wording)
    return wording


def _stays(wording: Wording, author_id: int | None) -> bool:
    """Whether a version keeps its words: a mailing, an approval, a translation or another author relies on them."""
    relied_on = wording.frozen_at or wording.approved_at or wording.written_by_id != author_id
    return bool(relied_on) or is_translated(wording.id)


def _source_of(template: LetterTemplate, language: str, approach: Approach, source_id: int | None) -> int | None:
    """The id, where it is a version of the template's own source text for this approach."""
    if source_id is None or language == template.source_language:
        return None
    source = db.session.get(Wording, source_id)
    own = source is not None and (source.template_id, source.language, source.approach) == (
        template.id,
        template.source_language,
        approach,
    )
    return source_id if own else None


def may_approve_wording(wording: Wording, user_id: int) -> bool:
    """Whether the user, who holds the permission, is a second person, or the only one in the team who could be."""
    return user_id != wording.written_by_id or is_only_approver(wording.template.campaign_id, user_id)


def approve_wording(wording_id: int, *, approver_id: int, seen: str | None = None) -> Wording:
    """Approve the words of a version, in the name of a second person; approving once more changes nothing.

    Who wrote it approves it only where nobody else of the campaign's team may; the audit says so. `seen` is the
    revision that was read: WordingChanged is raised where it is another one now. Raises ApprovalRefused.
    """
    wording = db.session.get_one(Wording, wording_id, with_for_update=True)
    if wording.approved_at is not None:
        return wording
    if seen is not None and seen != wording.revision:
        raise WordingChanged(wording)
    newest = newest_wording(wording.template_id, wording.language, wording.approach)
    if newest is not None and newest.id != wording.id:
        raise ApprovalRefused("older_version")
    if not may_approve_wording(wording, approver_id):
        raise ApprovalRefused("own_wording")
    if compile_wording(wording.subject, wording.body, wording.language).problems:
        raise ApprovalRefused("faulty")
    wording.approved_by_id, wording.approved_at = approver_id, clock.now()
    if approver_id == wording.written_by_id:
        current_unit_of_work().notes["approved alone"] = "nobody else in the team may approve"
    db.session.flush()
    _let_go(wording_id)
    return wording


def _let_go(wording_id: int) -> None:
    """Letters of planned mailings that say these words wait for them no more."""
    saying = sa.select(Letter.id).where(Letter.wording_id == wording_id)
    db.session.execute(
        sa.delete(LetterFinding)
        .where(LetterFinding.code == FindingCode.UNAPPROVED_TEXT, LetterFinding.letter_id.in_(saying))
        .execution_options(synchronize_session=False)
    )


@dataclass(frozen=True)
class Typed:
    """What stands in the fields of the editor."""

    subject: str
    body: str
    formality: Formality
    seen: str = ""
    source_id: int | None = None


def keep_draft(template_id: int, language: str, approach: Approach, typed: Typed, *, author_id: int) -> bool:
    """Keep what an author has typed so far; False where that is what is saved already, and no draft."""
    newest = newest_wording(template_id, language, approach)
    saved = (newest.subject, newest.body, newest.formality) if newest else ("", "", typed.formality)
    if (typed.subject, typed.body, typed.formality) == saved:
        discard_draft(template_id, language, approach, author_id)
        return False
    draft = draft_of(template_id, language, approach, author_id)
    if draft is None:
        draft = WordingDraft(template_id=template_id, language=language, approach=approach, author_id=author_id)
        db.session.add(draft)
    draft.subject, draft.body, draft.formality = typed.subject, typed.body, typed.formality
    template = db.session.get_one(LetterTemplate, template_id)
    draft.seen, draft.source_id = typed.seen, _source_of(template, language, approach, typed.source_id)
    draft.saved_at = clock.now()
    db.session.flush()
    return True


def discard_draft(template_id: int, language: str, approach: Approach, author_id: int) -> None:
    """Throw away what an author typed and did not save."""
    draft = draft_of(template_id, language, approach, author_id)
    if draft is not None:
        db.session.delete(draft)
