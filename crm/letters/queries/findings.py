"""Reads of what the check found in a mailing's letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.accounts.models import User
from crm.directory.models import Contact
from crm.extensions import db
from crm.letters.models import OF_STANCES, FindingCode, Letter, LetterFinding, Mailing, MailingReturn, Severity, Wording
from crm.letters.queries.wordings import newest_wordings
from crm.paging import Page, SortKey, page

# Of what was left out, so many deeds are listed; the ledger has all letters.
_DEEDS = 20


@dataclass(frozen=True)
class Counted:
    """How many letters have a finding."""

    code: FindingCode
    severity: Severity
    letters: int


@dataclass(frozen=True)
class Unapproved:
    """A text nobody has approved, how many letters of a mailing say it, and whether it was written anew since."""

    wording: Wording
    letters: int
    superseded: bool


def findings_of_mailing(mailing_id: int) -> list[Counted]:
    """What was found in a mailing's letters, the worst first; from the index alone."""
    statement = (
        sa.select(LetterFinding.code, LetterFinding.severity, sa.func.count())
        .where(LetterFinding.mailing_id == mailing_id)
        .group_by(LetterFinding.code, LetterFinding.severity)
    )
    order = {code: place for place, code in enumerate(FindingCode)}
    found = [Counted(*row) for row in db.session.execute(statement)]
    return sorted(found, key=lambda each: (each.severity is not Severity.BLOCKER, order[each.code]))


def may_see(code: FindingCode, mailing: Mailing, team_id: int | None) -> bool:
    """Whether a reader of that team may know which letters have it: where somebody stands may be a team's own."""
    return code not in OF_STANCES or mailing.planned_by.team_id == team_id


def letters_with(mailing_id: int, code: FindingCode, severity: Severity, cursor: str | None) -> Page:
    """A page of the letters with a finding: id, contact_id, name, country, language, edited_at, detail."""
    statement = (
        sa.select(
            Letter.id,
            Letter.contact_id,
            Contact.name,
            Contact.country,
            Letter.language,
            Letter.edited_at,
            LetterFinding.letter_id,
            LetterFinding.code,
            LetterFinding.detail,
        )
        .join(LetterFinding, LetterFinding.letter_id == Letter.id)
        .join(Contact, Contact.id == Letter.contact_id)
        .where(LetterFinding.mailing_id == mailing_id, LetterFinding.code == code, LetterFinding.severity == severity)
    )
    return page(statement, [SortKey(LetterFinding.letter_id)], cursor)


def findings_of_letter(letter_id: int) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """What was found in one letter: code, severity, detail."""
    statement = sa.select(LetterFinding.code, LetterFinding.severity, LetterFinding.detail)
    return db.session.execute(statement.where(LetterFinding.letter_id == letter_id).order_by(LetterFinding.id)).all()


def unapproved_texts(mailing_id: int) -> list[Unapproved]:
    """The texts that letters of the mailing use and nobody has approved, each with its letters."""
    number = sa.func.count().label("letters")
    statement = (
        sa.select(Letter.wording_id, number)
        .join(LetterFinding, LetterFinding.letter_id == Letter.id)
        .where(LetterFinding.mailing_id == mailing_id, LetterFinding.code == FindingCode.UNAPPROVED_TEXT)
        .group_by(Letter.wording_id)
        .order_by(number.desc())
    )
    found = [(db.session.get_one(Wording, row.wording_id), row.letters) for row in db.session.execute(statement)]
    newest = newest_wordings(found[0][0].template_id) if found else {}
    return [Unapproved(text, letters, newest[text.language, text.approach].id != text.id) for text, letters in found]


def left_out_of(mailing_id: int) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """What was left out by deed, the last first: left_out_at, name (who did), letters, letter_id and contact of one."""
    deeds = (
        sa.select(
            Letter.left_out_at,
            User.name,
            sa.func.count().label("letters"),
            sa.func.min(Letter.id).label("letter_id"),
        )
        .join(User, User.id == Letter.left_out_by_id)
        .where(Letter.mailing_id == mailing_id, Letter.left_out_at.is_not(None))
        .group_by(Letter.left_out_at, User.id, User.name)
        .order_by(Letter.left_out_at.desc())
        .limit(_DEEDS)
        .subquery()
    )
    statement = (
        sa.select(deeds, Contact.name.label("contact"))
        .join(Letter, Letter.id == deeds.c.letter_id)
        .join(Contact, Contact.id == Letter.contact_id)
        .order_by(deeds.c.left_out_at.desc())
    )
    return db.session.execute(statement).all()


def returns_of(mailing_id: int) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """Who sent a mailing back, when and why, the last first: returned_at, name, reason."""
    statement = (
        sa.select(MailingReturn.returned_at, User.name, MailingReturn.reason)
        .join(User, User.id == MailingReturn.returned_by_id)
        .where(MailingReturn.mailing_id == mailing_id)
        .order_by(MailingReturn.id.desc())
    )
    return db.session.execute(statement).all()
