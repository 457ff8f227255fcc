"""Writes of single letters: a person's change of one before it leaves, and a copy of one to oneself."""

from __future__ import annotations

import re
import secrets

import sqlalchemy as sa
from flask_babel import gettext

from crm import clock
from crm.accounts.models import User
from crm.extensions import db
from crm.letters.audience import Audience
from crm.letters.footers import shown_html, shown_text
from crm.letters.judging import Terms
from crm.letters.models import BEFORE_APPROVAL, Letter, LetterEdit, Mailing, Wording
from crm.letters.placeholders import PLACEHOLDER_PATTERN
from crm.letters.planning import terms_of
from crm.letters.queries import files_of
from crm.letters.recipients import recipients, values_of
from crm.letters.rendering import EmptyValues, Problem, compile_wording
from crm.outbox import actions as outbox
from crm.outbox.actions import Draft
from crm.outbox.models import OutgoingMessage, Priority
from crm.outbox.waiting import rewrite
from crm.unit_of_work import current_unit_of_work

TEST_KIND = "test_letter"
# What Markdown would read as its own in a value.
_MARKS = re.compile(r"([\\`*_\[\]<>~])")


class LetterRefused(Exception):
    """The letter stays as it is; `problems` are those of the new words, none where it may not be changed any more."""

    def __init__(self, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(str(problems))
        self.problems = problems


def _values(letter: Letter, wording: Wording, terms: Terms) -> dict[str, str]:
    found = recipients(
        db.session.get_one(Mailing, letter.mailing_id).campaign_id, Audience(), target_id=letter.target_id
    )
    return values_of(found[0], terms.setting(wording)) if found else {}


def words_to_edit(letter_id: int) -> tuple[str, str]:
    """Subject and Markdown of one letter, its placeholders filled in: as a person last changed it, or as planned."""
    last = sa.select(LetterEdit.subject, LetterEdit.body).where(LetterEdit.letter_id == letter_id)
    edited = db.session.execute(last.order_by(LetterEdit.id.desc()).limit(1)).one_or_none()
    if edited:
        return edited.subject, edited.body
    letter = db.session.get_one(Letter, letter_id)
    wording = db.session.get_one(Wording, letter.wording_id)
    values = _values(letter, wording, terms_of(db.session.get_one(Mailing, letter.mailing_id)))

    def fill(text: str, *, marked: bool) -> str:
        def value(found: re.Match[str]) -> str:
            filled = values.get(found[1]) or found[0]
            return _MARKS.sub(r"\\\1", filled) if marked else filled

        return PLACEHOLDER_PATTERN.sub(value, text)

    return fill(wording.subject, marked=False), fill(wording.body, marked=True)


def edit_letter(letter_id: int, subject: str, body: str, *, editor_id: int) -> None:
    """Change the words of one letter that waits for approval, and keep who did, when, and what stood there before.

    The desk worker checks it anew. Raises LetterRefused, and crm.outbox.waiting.NotWaiting where it was released
    meanwhile.
    """
    letter = db.session.get_one(Letter, letter_id, with_for_update=True)
    mailing = db.session.get_one(Mailing, letter.mailing_id, with_for_update=True)
    if mailing.state not in BEFORE_APPROVAL or letter.message_id is None or letter.wording_id is None:
        raise LetterRefused
    if letter.left_out_at is not None:
        raise LetterRefused
    compiled = compile_wording(subject, body, letter.language)
    if compiled.problems:
        raise LetterRefused(compiled.problems)
    wording = db.session.get_one(Wording, letter.wording_id)
    try:
        rendered = compiled.render(_values(letter, wording, terms_of(mailing)) if compiled.fields else {})
    except EmptyValues:
        raise LetterRefused from None
    message = db.session.get_one(OutgoingMessage, letter.message_id)
    before = (message.subject, message.text)
    rewrite(letter.message_id, rendered.subject, rendered.text, rendered.html)
    letter.edited_at = clock.now()
    db.session.add(
        LetterEdit(
            letter_id=letter.id,
            edited_by_id=editor_id,
            edited_at=letter.edited_at,
            subject_before=before[0],
            text_before=before[1],
            subject=subject,
            body=body,
        )
    )
    mailing.checked_at = None
    db.session.flush()
    current_unit_of_work().ring("crm.letters.jobs.check", mailing.id)


def send_test(letter_id: int, user_id: int) -> str:
    """Send a copy of one letter, its files with it, to a user of ours; the address it goes to. Raises LetterRefused.

    It is no letter of the mailing: nothing of it stands in the ledger, and its reader cannot be unsubscribed by it:
    its last lines name the link instead of having it.
    """
    letter = db.session.get_one(Letter, letter_id)
    if letter.message_id is None:
        raise LetterRefused
    message = db.session.get_one(OutgoingMessage, letter.message_id)
    user = db.session.get_one(User, user_id)
    # A batch of its own, because files go with batches.
    batch = outbox.open_batch(TEST_KIND, f"letter:{letter_id}:{secrets.token_hex(8)}", priority=Priority.TRANSACTIONAL)
    outbox.enclose(batch.id, files_of(letter.mailing_id))
    draft = Draft(
        reference="test",
        to_address=user.email,
        to_name=user.name,
        subject=f"[{gettext('Test')}] {message.subject}",
        text=shown_text(message.footer, message.text),
        html=shown_html(message.footer, message.html) if message.html else None,
        sender=message.sender,
        reply_to=message.reply_to,
    )
    outbox.post(batch.id, [draft])
    outbox.release(batch.id)
    return user.email
