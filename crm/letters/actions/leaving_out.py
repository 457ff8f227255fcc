"""Writes of letters left out of a mailing before they leave, and taken in again before it is approved."""

from __future__ import annotations

import sqlalchemy as sa

from crm import clock
from crm.extensions import db
from crm.letters.actions.mailings import MailingRefused, locked
from crm.letters.models import BEFORE_APPROVAL, FindingCode, Letter, LetterFinding, Mailing, MailingState, Severity
from crm.outbox.models import WAITING, OutgoingMessage
from crm.outbox.tallies import lock
from crm.outbox.waiting import take_back, withdraw
from crm.unit_of_work import current_unit_of_work

# Letters named in the trail where many are left out at once; the rest are counted.
_NAMED = 100


def leave_out_letter(letter_id: int, *, user_id: int) -> int:
    """Take one letter out of its mailing, also of one that is approved; how many that were (none: it was out).

    Raises MailingRefused where it has left, or is about to.
    """
    mailing = locked(db.session.get_one(Letter, letter_id).mailing_id)
    left_out = _leave_out(mailing, sa.select(Letter.id).where(Letter.id == letter_id), user_id)
    if not left_out and mailing.state is MailingState.APPROVED:
        raise MailingRefused("letter_left")
    return left_out


def leave_out_letters_with(mailing_id: int, code: FindingCode, severity: Severity, *, user_id: int) -> int:
    """Take every letter with a finding out of a mailing that is not approved yet; how many that were."""
    mailing = locked(mailing_id)
    if mailing.state not in BEFORE_APPROVAL:
        raise MailingRefused("not_allowed")
    named = sa.select(LetterFinding.letter_id).where(
        LetterFinding.mailing_id == mailing_id, LetterFinding.code == code, LetterFinding.severity == severity
    )
    return _leave_out(mailing, named, user_id)


def take_in_letter(letter_id: int, *, together: bool = False) -> int:
    """Take a letter into its mailing again that was left out of it, or all left out together with it; how many.

    The desk worker checks them anew. Raises MailingRefused once the mailing is approved.
    """
    letter = db.session.get_one(Letter, letter_id)
    mailing = locked(letter.mailing_id)
    if mailing.state not in BEFORE_APPROVAL or mailing.batch_id is None:
        raise MailingRefused("not_allowed")
    chosen = (
        (Letter.left_out_at == letter.left_out_at, Letter.left_out_by_id == letter.left_out_by_id)
        if together
        else (Letter.id == letter_id,)
    )
    now = clock.now()
    taken = db.session.execute(
        sa.update(Letter)
        .where(Letter.mailing_id == mailing.id, Letter.left_out_at.is_not(None), *chosen)
        .values(left_out_at=None, left_out_by_id=None, taken_in_at=now)
        .returning(Letter.id)
        .execution_options(synchronize_session=False)
    )
    ids = sorted(taken.scalars())
    of_now = (Letter.mailing_id == mailing.id, Letter.taken_in_at == now)
    take_back(mailing.batch_id, sa.select(Letter.message_id).where(*of_now))
    mailing.checked_at = None
    db.session.flush()
    work = current_unit_of_work()
    work.notes["letters taken in again"] = {"mailing_id": mailing.id, "count": len(ids), "letters": ids[:_NAMED]}
    work.ring("crm.letters.jobs.check", mailing.id)
    return len(ids)


def _leave_out(mailing: Mailing, chosen: sa.Select[int], user_id: int) -> int:
    if mailing.state not in BEFORE_APPROVAL | {MailingState.APPROVED} or mailing.batch_id is None:
        raise MailingRefused("not_allowed")
    # From here on none of them is claimed.
    lock(mailing.batch_id)
    waits = sa.select(OutgoingMessage.id).where(
        OutgoingMessage.batch_id == mailing.batch_id, OutgoingMessage.state.in_(sorted(WAITING))
    )
    written = (Letter.mailing_id == mailing.id, Letter.message_id.in_(waits), Letter.left_out_at.is_(None))
    left = db.session.execute(
        sa.update(Letter)
        .where(*written, Letter.id.in_(chosen))
        .values(left_out_at=clock.now(), left_out_by_id=user_id)
        .returning(Letter.id)
        .execution_options(synchronize_session=False)
    )
    ids = sorted(left.scalars())
    gone = (Letter.mailing_id == mailing.id, Letter.left_out_at.is_not(None))
    withdraw(mailing.batch_id, sa.select(Letter.message_id).where(*gone))
    db.session.execute(
        sa.delete(LetterFinding)
        .where(LetterFinding.mailing_id == mailing.id, LetterFinding.letter_id.in_(sa.select(Letter.id).where(*gone)))
        .execution_options(synchronize_session=False)
    )
    current_unit_of_work().notes["letters left out"] = {
        "mailing_id": mailing.id,
        "count": len(ids),
        "letters": ids[:_NAMED],
    }
    return len(ids)
