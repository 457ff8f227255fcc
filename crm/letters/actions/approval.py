"""Writes of the way to approval: letters opened, a mailing sent back and handed in again, its release."""

from __future__ import annotations

import textwrap

import sqlalchemy as sa
from flask_babel import gettext

from crm import clock
from crm.extensions import db
from crm.history.actions import ToDo, add_task
from crm.history.models import TITLE_LENGTH
from crm.letters.actions.mailings import MailingRefused, locked, move
from crm.letters.actions.rescheduling import set_times
from crm.letters.actions.starting import start
from crm.letters.lint.readers import look_at_readers
from crm.letters.models import (
    BEFORE_APPROVAL,
    FindingCode,
    Letter,
    LetterReading,
    Mailing,
    MailingReturn,
    MailingState,
    Severity,
)
from crm.letters.queries import findings_of_mailing, ledgers, permit_of, sample_of, unapproved_texts
from crm.unit_of_work import current_unit_of_work


def look_again(mailing_id: int) -> None:
    """Find anew what is known now of a mailing's readers: before an approval, so that who is refused sees why."""
    mailing = locked(mailing_id)
    if mailing.state is MailingState.AWAITING_APPROVAL and mailing.checked_at is not None:
        look_at_readers(mailing)


def approve_mailing(mailing_id: int, *, approver_id: int, warnings_read: int | None = None) -> Mailing:
    """Release a planned mailing's letters, in the name of a second person who has opened a sample of them.

    They leave at once, or when their time has come and the desk worker has looked at their readers once more.

    Who planned it approves it only where nobody else of the campaign's team may, some hours later; the audit says so.
    What keeps letters from leaving is looked at once more, here. `warnings_read` is how many warnings the approver says
    they have read, null for none.
    """
    mailing = locked(mailing_id)
    move(mailing, MailingState.APPROVED)
    permit = permit_of(mailing, approver_id)
    if permit.refusal:
        raise MailingRefused(permit.refusal)
    if not ledgers([mailing.id])[mailing.id].waiting or mailing.batch_id is None:
        raise MailingRefused("nothing_to_send")
    if mailing.checked_at is None:
        raise MailingRefused("unchecked")
    look_at_readers(mailing)
    warnings = _refuse_findings(mailing, warnings_read)
    if any(letter.opened_at is None for letter in sample_of(mailing, approver_id)):
        raise MailingRefused("unopened")
    mailing.approved_by_id, mailing.approved_at = approver_id, clock.now()
    if warnings:
        mailing.warnings_read_by_id, mailing.warnings_read_at = approver_id, mailing.approved_at
        current_unit_of_work().notes["warnings read"] = warnings
    if permit.alone:
        current_unit_of_work().notes["approved alone"] = "nobody else in the team may approve"
    db.session.flush()
    mailing.look_at = set_times(mailing, mailing.batch_id)
    db.session.flush()
    start(mailing.id)
    return mailing


def _refuse_findings(mailing: Mailing, warnings_read: int | None) -> dict[str, int]:
    """Raise MailingRefused for what blocks, and for warnings nobody says they have read; the warnings by their code."""
    found = findings_of_mailing(mailing.id)
    blocking = {each.code for each in found if each.severity is Severity.BLOCKER}
    if blocking == {FindingCode.UNAPPROVED_TEXT}:
        raise MailingRefused("unapproved_wording", [each.wording for each in unapproved_texts(mailing.id)])
    if blocking:
        raise MailingRefused("blocked")
    warnings = {each.code.value: each.letters for each in found}
    if warnings and warnings_read is None:
        raise MailingRefused("warnings_unread")
    if sum(warnings.values()) != (warnings_read or 0):
        raise MailingRefused("new_warnings")
    return warnings


def open_letter(letter_id: int, user_id: int) -> None:
    """Keep that somebody who may approve opened a letter, and when; nothing once its mailing is approved."""
    state = db.session.scalar(
        sa.select(Mailing.state).join(Letter, Letter.mailing_id == Mailing.id).where(Letter.id == letter_id)
    )
    if state not in BEFORE_APPROVAL:
        return
    reading = db.session.scalar(
        sa.select(LetterReading).where(LetterReading.letter_id == letter_id, LetterReading.user_id == user_id)
    )
    if reading is None:
        reading = LetterReading(letter_id=letter_id, user_id=user_id)
        db.session.add(reading)
    reading.opened_at = clock.now()
    db.session.flush()


def send_back(mailing_id: int, reason: str, *, user_id: int) -> Mailing:
    """Send a mailing back to who planned it, with what is wanted of it: it becomes a task of theirs, due today."""
    mailing = locked(mailing_id)
    move(mailing, MailingState.RETURNED)
    db.session.add(MailingReturn(mailing_id=mailing.id, returned_by_id=user_id, reason=reason))
    said = gettext("“%(name)s” was sent back: %(reason)s", name=mailing.name, reason=reason)
    title = textwrap.shorten(said, TITLE_LENGTH, placeholder="…")
    add_task(ToDo(title, owner_id=mailing.planned_by_id, due_on=clock.today()))
    db.session.flush()
    return mailing


def hand_in(mailing_id: int) -> Mailing:
    """Ask for the approval of a mailing that was sent back, once more."""
    mailing = locked(mailing_id)
    if mailing.state is not MailingState.RETURNED:
        raise MailingRefused("not_allowed")
    move(mailing, MailingState.AWAITING_APPROVAL)
    db.session.flush()
    return mailing
