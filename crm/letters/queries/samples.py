"""Reads of the sample of a mailing's letters that whoever approves it opens first, and who opened which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from crm.accounts.models import User
from crm.directory.models import Contact
from crm.extensions import db
from crm.letters.models import Approach, Letter, LetterReading, Mailing, Wording

# Of each text two readers, as long as that is not too much to read; then one.
_FEW_TEXTS = 10
# Of letters edited by hand the latest: each is a text of its own.
EDITED = 10


class Ground(StrEnum):
    """Why a letter is in the sample."""

    TEXT = "text"
    EDITED = "edited"


@dataclass(frozen=True)
class Sampled:
    """A letter of the sample; `opened_at` is when the reader opened it, null where that was before it was edited."""

    letter_id: int
    name: str
    language: str
    approach: Approach | None
    ground: Ground
    opened_at: datetime | None


def _chosen(mailing_id: int) -> dict[int, Ground]:
    """Ids of the letters: the first and the last of each text, and those edited by hand."""
    written = sa.and_(Letter.mailing_id == mailing_id, Letter.message_id.is_not(None), Letter.left_out_at.is_(None))
    ends = db.session.execute(
        sa.select(Letter.wording_id, sa.func.min(Letter.id), sa.func.max(Letter.id))
        .where(written)
        .group_by(Letter.wording_id)
        .order_by(Letter.wording_id)
    ).all()
    taken = [1, 2] if len(ends) <= _FEW_TEXTS else [1]
    ids = (row[place] for row in ends for place in taken)
    chosen = {letter_id: Ground.TEXT for letter_id in ids if letter_id is not None}
    edited = (
        sa.select(Letter.id)
        .where(written, Letter.edited_at.is_not(None))
        .order_by(Letter.edited_at.desc())
        .limit(EDITED)
    )
    return chosen | dict.fromkeys(db.session.scalars(edited), Ground.EDITED)


def sample_of(mailing: Mailing, user_id: int) -> list[Sampled]:
    """The letters the user opens before they approve the mailing, in their order; three queries."""
    chosen = _chosen(mailing.id)
    statement = (
        sa.select(Letter.id, Contact.name, Letter.language, Wording.approach, Letter.edited_at, LetterReading.opened_at)
        .join(Contact, Contact.id == Letter.contact_id)
        .outerjoin(Wording, Wording.id == Letter.wording_id)
        .outerjoin(LetterReading, sa.and_(LetterReading.letter_id == Letter.id, LetterReading.user_id == user_id))
        .where(Letter.id.in_(chosen))
        .order_by(Letter.id)
    )
    found = []
    for row in db.session.execute(statement):
        since = row.opened_at if row.opened_at and (not row.edited_at or row.opened_at >= row.edited_at) else None
        found.append(Sampled(row.id, row.name, row.language, row.approach, chosen[row.id], since))
    return found


def readings_of(mailing_id: int) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """Who opened letters of a mailing before it was approved: name, letters and opened_at, the last."""
    statement = (
        sa.select(User.name, sa.func.count().label("letters"), sa.func.max(LetterReading.opened_at).label("opened_at"))
        .join(Letter, Letter.id == LetterReading.letter_id)
        .join(User, User.id == LetterReading.user_id)
        .where(Letter.mailing_id == mailing_id)
        .group_by(User.id, User.name)
        .order_by(User.id)
    )
    return db.session.execute(statement).all()
