"""Statements, what takes them back, what settles two that contradict each other, and the stance they come to."""

from __future__ import annotations

import re
from datetime import date, datetime
from enum import StrEnum
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm import clock
from crm.database import Base, enum_column
from crm.directory.models import SORTED

URL_LENGTH, QUOTE_LENGTH, REASON_LENGTH = 1000, 2000, 300
# The scope of a current stance that everybody sees; any other scope is the id of the one team that sees it.
SHARED = 0
# Nobody's stance of today follows from what was said before; a year typed as 20 or 1026 is a slip.
FIRST_DAY = date(1900, 1, 1)


class Stance(StrEnum):
    """Where a contact stands on a treaty, from the warmest to the coldest; UNKNOWN is never stated."""

    CHAMPION = "champion"
    SUPPORTIVE = "supportive"
    UNDECIDED = "undecided"
    LEANING_AGAINST = "leaning_against"
    OPPOSED = "opposed"
    UNKNOWN = "unknown"


STATED = tuple(stance for stance in Stance if stance is not Stance.UNKNOWN)
# How lists sort them.
RANK = {stance: number for number, stance in enumerate(Stance)}


class Confidence(StrEnum):
    """How sure it is that the contact meant that, the surest first."""

    CERTAIN = "certain"  # their own words or vote, on record
    LIKELY = "likely"  # told by somebody who was there
    UNSURE = "unsure"  # hearsay, or inferred


class Statement(Base):
    """One expression of a contact's stance on a treaty, on the day it was said; never changed once it is written.

    It has a source: a link, a stored file, or a row of ours such as `interaction:7` (`source_reference`). With a
    `team_id` only that team sees it. `recorded_by` is the audit's opaque actor. Said by a group or party, it is its
    line, and says nothing of any one of its people.
    """

    __tablename__ = "statement"
    __team_of__ = "team_id"
    __table_args__ = (
        sa.CheckConstraint("source_url <> '' OR attachment_id IS NOT NULL OR source_reference <> ''", name="sourced"),
        # None begins with the treaty: nearly all statements are of one, and SQLite would read them all for a contact.
        sa.Index("ix_statement_contact_id_treaty_id_said_on", "contact_id", "treaty_id", "said_on"),
        # A report counts who wrote down how many lately in this alone.
        sa.Index("ix_statement_recorded_at", "recorded_at", "treaty_id", "contact_id", "recorded_by", "team_id"),
    )

    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"))
    treaty_id: Mapped[int] = mapped_column(sa.ForeignKey("treaty.id"))
    stance: Mapped[Stance] = mapped_column(enum_column(Stance))
    said_on: Mapped[date]
    confidence: Mapped[Confidence] = mapped_column(enum_column(Confidence))
    quote: Mapped[str] = mapped_column(sa.String(QUOTE_LENGTH), default="")
    source_url: Mapped[str] = mapped_column(sa.String(URL_LENGTH), default="")
    attachment_id: Mapped[int | None] = mapped_column(sa.ForeignKey("attachment.id"), index=True)
    source_reference: Mapped[str] = mapped_column(sa.String(60), default="")
    team_id: Mapped[int | None] = mapped_column(sa.ForeignKey("team.id"))
    recorded_by: Mapped[str] = mapped_column(sa.String(80))
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now)


class Withdrawal(Base):
    """That a statement no longer counts, and why; the statement itself stays on record."""

    __tablename__ = "statement_withdrawal"
    __team_of__ = "statement_id"

    statement_id: Mapped[int] = mapped_column(sa.ForeignKey("statement.id"), unique=True)
    reason: Mapped[str] = mapped_column(sa.String(REASON_LENGTH))
    withdrawn_by: Mapped[str] = mapped_column(sa.String(80))
    withdrawn_at: Mapped[datetime] = mapped_column(default=clock.now)


class SettledContradiction(Base):
    """That two statements which point in opposite directions both stand: a change of mind, and how that is known."""

    __tablename__ = "settled_contradiction"
    __team_of__ = "later_id"
    __table_args__ = (sa.UniqueConstraint("later_id", "earlier_id"),)

    earlier_id: Mapped[int] = mapped_column(sa.ForeignKey("statement.id"), index=True)
    later_id: Mapped[int] = mapped_column(sa.ForeignKey("statement.id"))
    note: Mapped[str] = mapped_column(sa.String(REASON_LENGTH), default="")
    settled_by: Mapped[str] = mapped_column(sa.String(80))
    settled_at: Mapped[datetime] = mapped_column(default=clock.now)


class CurrentStance(Base):
    """What the valid statements come to today, so that lists of any size filter and sort by it.

    One row for everybody (`scope` SHARED), of what everybody may read; and one for each team that has statements of its
    own about the contact and treaty, of those and what everybody may read. A reader sees the row of their team where
    there is one, else the shared one: no figure that others see moves when a team writes something down for itself.
    `earlier_id` and `later_id` are the latest two statements that contradict each other, until somebody settles it.
    `sort_name` repeats the contact's: a list sorted by stance walks one index, however many contacts there are.
    """

    __tablename__ = "current_stance"
    __audited__ = False  # a projection of statements, which are audited themselves
    __table_args__ = (
        sa.UniqueConstraint("contact_id", "treaty_id", "scope"),
        sa.Index("ix_current_stance_treaty_id_stance_scope_contact_id", "treaty_id", "stance", "scope", "contact_id"),
        sa.Index("ix_current_stance_sorted", "treaty_id", "scope", "rank", "sort_name", "contact_id"),
        sa.Index("ix_current_stance_statement_id", "statement_id"),
        sa.Index("ix_current_stance_earlier_id", "earlier_id"),
        sa.Index("ix_current_stance_later_id", "later_id"),
    )

    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"))
    treaty_id: Mapped[int] = mapped_column(sa.ForeignKey("treaty.id"))
    scope: Mapped[int] = mapped_column(sa.BigInteger)
    stance: Mapped[Stance] = mapped_column(enum_column(Stance))
    rank: Mapped[int]
    sort_name: Mapped[str] = mapped_column(SORTED)
    statement_id: Mapped[int] = mapped_column(sa.ForeignKey("statement.id"))
    said_on: Mapped[date]
    since: Mapped[date]
    earlier_id: Mapped[int | None] = mapped_column(sa.ForeignKey("statement.id"))
    later_id: Mapped[int | None] = mapped_column(sa.ForeignKey("statement.id"))


# Names with dots between them, of which the last is letters alone; a file's name is none, nor is a mail address.
_BEGINS_WITH_HOST = re.compile(
    r"(?![^/\s]+\.(?:pdf|docx?|odt|txt|jpe?g|png|eml|mp[34])$)[^\W_](?:[\w-]*\.)+[^\W\d_]{2,}(?::\d+)?(?:[/?#]\S*)?$",
    re.IGNORECASE,
)


class Refusal(StrEnum):
    """Why a statement cannot be written down, or taken back."""

    UNKNOWN = "unknown"  # nobody states that their stance is unknown
    SOURCE = "source"
    LINK = "link"  # no address of a page
    FUTURE = "future"
    TOO_EARLY = "too early"  # a slip of the keyboard
    REASON = "reason"  # of a withdrawal
    WITHDRAWN = "withdrawn"  # already
    NO_CONTRADICTION = "no contradiction"  # or no longer one


def as_link(text: str | None) -> str:
    """What was typed as a link: stripped, and where it begins with a host, as the address a browser would make of it.

    The filter of every field that takes a link: `parliament.example/speech` becomes `https://parliament.example/speech`.
    """
    typed = (text or "").strip()
    return f"https://{typed}" if _BEGINS_WITH_HOST.match(typed) else typed


def is_link(text: str) -> bool:
    """Whether the text is an address of a page that a browser may follow from ours."""
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and len(text) <= URL_LENGTH
            and text.isprintable()
            and " " not in text
        )
    except ValueError:
        return False
