"""What the check of a mailing found in its letters, and what happens to it before approval: readings, returns."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm import clock
from crm.accounts.models import User
from crm.database import Base, enum_column

DETAIL_LENGTH = 200


class Severity(StrEnum):
    """What a finding does: it keeps the mailing from leaving, or wants to be read before that."""

    BLOCKER = "blocker"
    WARNING = "warning"


class FindingCode(StrEnum):
    """What is wrong with a letter, in the order of the list: the worst first."""

    PLACEHOLDER_LEFT = "placeholder_left"
    EMPTY_VALUE = "empty_value"
    EMPTY_TEXT = "empty_text"
    BROKEN_LINK = "broken_link"
    OUTDATED_POST = "outdated_post"
    OLD_ADDRESS = "old_address"
    THANKS_OPPONENT = "thanks_opponent"
    UNAPPROVED_TEXT = "unapproved_text"
    WRONG_LANGUAGE = "wrong_language"
    ASKS_SUPPORTER = "asks_supporter"
    ODD_VALUE = "odd_value"
    ODD_TEXT = "odd_text"
    SAME_AS_LAST = "same_as_last"
    TOO_MANY_ALIKE = "too_many_alike"


# What is told by what we know of a reader and not by the words: looked at anew whenever somebody approves.
OF_READERS = frozenset(
    {
        FindingCode.OUTDATED_POST,
        FindingCode.OLD_ADDRESS,
        FindingCode.THANKS_OPPONENT,
        FindingCode.UNAPPROVED_TEXT,
        FindingCode.ASKS_SUPPORTER,
        FindingCode.TOO_MANY_ALIKE,
    }
)
# These tell where a reader stands, which a team may keep to itself.
OF_STANCES = frozenset({FindingCode.THANKS_OPPONENT, FindingCode.ASKS_SUPPORTER})


class LetterFinding(Base):
    """One thing the check found in one letter of a mailing; `detail` quotes the place or the value."""

    __tablename__ = "letter_finding"
    __audited__ = False  # worked out anew from letters and what is known of their readers
    __table_args__ = (
        sa.UniqueConstraint("letter_id", "code"),
        sa.Index("ix_letter_finding_mailing_id_code", "mailing_id", "code", "severity", "letter_id"),
    )

    mailing_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing.id"))
    letter_id: Mapped[int] = mapped_column(sa.ForeignKey("letter.id"))
    code: Mapped[FindingCode] = mapped_column(enum_column(FindingCode))
    severity: Mapped[Severity] = mapped_column(enum_column(Severity))
    detail: Mapped[str] = mapped_column(sa.String(DETAIL_LENGTH), default="")


class LetterReading(Base):
    """That somebody who may approve opened a letter before it was approved, and when they last did."""

    __tablename__ = "letter_reading"
    __audited__ = False  # a record of its own, with who and when
    __table_args__ = (sa.UniqueConstraint("letter_id", "user_id"),)

    letter_id: Mapped[int] = mapped_column(sa.ForeignKey("letter.id"))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"), index=True)
    opened_at: Mapped[datetime] = mapped_column(default=clock.now)


class MailingReturn(Base):
    """That somebody who may approve sent a mailing back to who planned it, and what they want of it."""

    __tablename__ = "mailing_return"
    __undoable__ = False  # what was answered since would stand without its question

    mailing_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing.id"), index=True)
    returned_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"))
    returned_at: Mapped[datetime] = mapped_column(default=clock.now)
    reason: Mapped[str] = mapped_column(sa.String(1000))

    returned_by: Mapped[User] = relationship()
