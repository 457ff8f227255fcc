"""Checks the letters of a planned mailing chunk by chunk, in constant memory and linear time, and again when needed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, cast

import sqlalchemy as sa

from crm import clock
from crm.extensions import db
from crm.letters.judging import Terms
from crm.letters.lint.found import Found
from crm.letters.lint.likeness import nearly_the_same
from crm.letters.lint.readers import look_at_readers
from crm.letters.lint.texts import of_letter, of_wording
from crm.letters.lint.values import odd_values
from crm.letters.models import (
    BEFORE_APPROVAL,
    DETAIL_LENGTH,
    OF_READERS,
    FindingCode,
    Letter,
    LetterFinding,
    Mailing,
    Wording,
)
from crm.letters.planning import terms_of
from crm.letters.recipients import recipients, values_of
from crm.letters.rendering import compile_wording
from crm.many_rows import insert_columns
from crm.outbox.models import MessageState, OutgoingMessage
from crm.pipeline.filters import TargetFilter

# Letters of one transaction, as in planning.
CHUNK = 500
_FINDINGS = cast("sa.Table", LetterFinding.__table__)

AnyRow = sa.Row[*tuple[Any, ...]]


def check_next(mailing_id: int) -> bool:
    """Check the next chunk of a mailing's letters in the running unit of work; False once all of them are checked.

    How far it has come stands in the mailing, so a job that was lost goes on where it stopped.
    """
    mailing = db.session.get(Mailing, mailing_id, with_for_update=True)
    if mailing is None or mailing.state not in BEFORE_APPROVAL or mailing.checked_at is not None:
        return False
    rows = _next_letters(mailing)
    if rows:
        _write(mailing.id, _of_chunk(mailing, rows))
        mailing.checked_to, mailing.checked = rows[-1].id, mailing.checked + len(rows)
        return True
    _check_taken_in(mailing)
    _check_edited(mailing)
    look_at_readers(mailing)
    mailing.checked_at = clock.now()
    return False


def _written(mailing: Mailing) -> sa.Select[*tuple[Any, ...]]:
    return sa.select(
        Letter.id, Letter.target_id, Letter.contact_id, Letter.wording_id, Letter.message_id, Letter.edited_at
    ).where(Letter.mailing_id == mailing.id, Letter.message_id.is_not(None), Letter.left_out_at.is_(None))


def _next_letters(mailing: Mailing) -> Sequence[AnyRow]:
    statement = _written(mailing).where(Letter.id > mailing.checked_to).order_by(Letter.id).limit(CHUNK)
    return db.session.execute(statement).all()


def _of_chunk(mailing: Mailing, rows: Sequence[AnyRow]) -> dict[int, list[Found]]:
    """What the words of these letters have, by letter; those edited by hand come in the end, with what they say now."""
    terms = terms_of(mailing)
    wordings = {wording.id: wording for wording in terms.wordings.values()}
    planned = [row for row in rows if row.edited_at is None and row.wording_id in wordings]
    found = {row.id: list(_of_wording(wordings[row.wording_id])) for row in planned}
    for letter_id, odd in _odd_values(mailing.campaign_id, planned, wordings, terms).items():
        found[letter_id] += odd
    for letter_id in _same_as_last(planned):
        found[letter_id].append(Found(FindingCode.SAME_AS_LAST))
    return found


def _of_wording(wording: Wording) -> Iterable[Found]:
    return of_wording(wording.subject, wording.body, wording.language)


def _odd_values(
    campaign_id: int, rows: Sequence[AnyRow], wordings: Mapping[int, Wording], terms: Terms
) -> dict[int, list[Found]]:
    read_by = recipients(campaign_id, TargetFilter(), target_ids=[row.target_id for row in rows])
    readers = {reader.target_id: reader for reader in read_by}
    found = {}
    for row in rows:
        reader, wording = readers.get(row.target_id), wordings[row.wording_id]
        if reader is not None:
            fields = compile_wording(wording.subject, wording.body, wording.language).fields
            found[row.id] = odd_values(values_of(reader, terms.setting(wording), fields), fields)
    return found


def _same_as_last(rows: Sequence[AnyRow]) -> list[int]:
    """Ids of those letters whose readers were sent nearly the same words the last time."""
    last = _last_sent([row.contact_id for row in rows])
    again = [row for row in rows if row.contact_id in last]
    if not again:
        return []
    texts = _texts([*(row.message_id for row in again), *(last[row.contact_id] for row in again)])
    return [row.id for row in again if nearly_the_same(texts[row.message_id], texts[last[row.contact_id]])]


def _last_sent(contact_ids: Collection[int]) -> dict[int, int]:
    """By contact, the message of the last letter of a mailing that was sent to them."""
    statement = (
        sa.select(Letter.contact_id, sa.func.max(Letter.message_id))
        .join(OutgoingMessage, OutgoingMessage.id == Letter.message_id)
        .where(Letter.contact_id.in_(contact_ids), OutgoingMessage.state == MessageState.SENT)
        .group_by(Letter.contact_id)
    )
    return {contact_id: message_id for contact_id, message_id in db.session.execute(statement) if message_id}


def _texts(message_ids: Collection[int]) -> dict[int, str]:
    statement = sa.select(OutgoingMessage.id, OutgoingMessage.text).where(OutgoingMessage.id.in_(message_ids))
    return {row.id: row.text or "" for row in db.session.execute(statement)}


def _check_taken_in(mailing: Mailing) -> None:
    """Look again at every letter that was left out and taken in again: what had been found in it is forgotten."""
    taken_in = _written(mailing).where(Letter.taken_in_at.is_not(None)).order_by(Letter.id)
    for rows in db.session.execute(taken_in).partitions(CHUNK):
        _forget([row.id for row in rows])
        _write(mailing.id, _of_chunk(mailing, rows))


def _check_edited(mailing: Mailing) -> None:
    """Look again at every letter that a person has changed; what planning wrote stands in none of them."""
    edited = (
        _written(mailing)
        .add_columns(Letter.language, OutgoingMessage.subject, OutgoingMessage.text, OutgoingMessage.html)
        .join(OutgoingMessage, OutgoingMessage.id == Letter.message_id)
        .where(Letter.edited_at.is_not(None))
        .order_by(Letter.id)
    )
    for rows in db.session.execute(edited).partitions(CHUNK):
        found = {row.id: of_letter(row.subject, row.text or "", row.html or "", row.language) for row in rows}
        for letter_id in _same_as_last(rows):
            found[letter_id].append(Found(FindingCode.SAME_AS_LAST))
        _forget(found)
        _write(mailing.id, found)


def _forget(letter_ids: Iterable[int]) -> None:
    """Drop what was found in the words of these letters."""
    db.session.execute(
        sa.delete(LetterFinding)
        .where(LetterFinding.letter_id.in_(list(letter_ids)), LetterFinding.code.not_in(sorted(OF_READERS)))
        .execution_options(synchronize_session=False)
    )


def _write(mailing_id: int, found: Mapping[int, Sequence[Found]]) -> None:
    rows = [(letter_id, each) for letter_id, several in found.items() for each in several]
    if not rows:
        return
    insert_columns(
        db.session.connection(),
        _FINDINGS,
        {
            "mailing_id": [mailing_id] * len(rows),
            "letter_id": [letter_id for letter_id, _each in rows],
            "code": [each.code for _letter_id, each in rows],
            "severity": [each.weight for _letter_id, each in rows],
            "detail": [each.detail[:DETAIL_LENGTH] for _letter_id, each in rows],
        },
    )
