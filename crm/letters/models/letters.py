"""One recipient's letter in a mailing, why there is none, and what people changed in it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm import clock
from crm.database import Base, enum_column
from crm.timeline.models import EntryKind

# What is a letter to somebody: one of ours, or one that was logged by hand.
WRITTEN = (EntryKind.LETTER_SENT, EntryKind.LETTER)


class SkipReason(StrEnum):
    """Why a target of the audience gets no letter; the first that holds, in this order, is the one shown."""

    CLOSED = "closed"
    MANDATE_ENDED = "mandate_ended"
    NO_ADDRESS = "no_address"
    RESTRICTED = "restricted"  # they object to the use of their data
    BOUNCED = "bounced"  # letters came back from the address
    SUPPRESSED = "suppressed"
    NO_WORDING = "no_wording"  # in no language they read
    NO_APPROACH = "no_approach"  # there is one they could read, but none for where they stand
    RECENTLY_WRITTEN = "recently_written"
    PARTNER_WROTE = "partner_wrote"  # somebody else of the coalition did
    DUPLICATE_ADDRESS = "duplicate_address"
    EMPTY_VALUE = "empty_value"
    # Only of letters that were written already, when they are about to leave.
    ADDRESS_CHANGED = "address_changed"
    UNFIT = "unfit"  # where its reader stands has changed since it was approved


class LanguageReason(StrEnum):
    """Why a letter is in the language it is in."""

    PERSON = "person"  # they are known to read it
    COUNTRY = "country"  # it is an official language of their country
    FALLBACK = "fallback"  # the mailing's, for everybody else


class Letter(Base):
    """One target's letter in a mailing, or the reason why there is none; its words stand in the outbox's message.

    `address` is kept in lower case, to find two targets that share an office address; `skip_detail` is what the reason
    is about: the empty placeholders, who shares the address, which letter was the last. `edited_at` is when a person
    changed this letter alone, `left_out_at` when one took it out of the mailing before it was approved, `taken_in_at`
    when one took it in again. `dropped_for` is why it must not leave any more, as was found when its mailing was about
    to start or to go on.
    """

    __tablename__ = "letter"
    __audited__ = False  # written in bulk by planning, whose change set tells the counts; an edit is a row of its own
    __table_args__ = (
        sa.UniqueConstraint("mailing_id", "target_id", "merged_target_id"),
        sa.Index("ix_letter_mailing_id_address", "mailing_id", "address"),
        sa.Index("ix_letter_mailing_id_language_target_id", "mailing_id", "language", "target_id"),
        sa.Index(
            "ix_letter_skipped",
            "mailing_id",
            "target_id",
            sqlite_where=sa.text("skip_reason IS NOT NULL"),
            postgresql_where=sa.text("skip_reason IS NOT NULL"),
        ),
        sa.Index(
            "ix_letter_skip_reason",
            "mailing_id",
            "skip_reason",
            "target_id",
            sqlite_where=sa.text("skip_reason IS NOT NULL"),
            postgresql_where=sa.text("skip_reason IS NOT NULL"),
        ),
        # Of each text the first letter and the last, which whoever approves the mailing opens.
        sa.Index(
            "ix_letter_written",
            "mailing_id",
            "wording_id",
            "id",
            sqlite_where=sa.text("message_id IS NOT NULL AND left_out_at IS NULL"),
            postgresql_where=sa.text("message_id IS NOT NULL AND left_out_at IS NULL"),
        ),
        sa.Index(
            "ix_letter_edited",
            "mailing_id",
            "edited_at",
            sqlite_where=sa.text("edited_at IS NOT NULL"),
            postgresql_where=sa.text("edited_at IS NOT NULL"),
        ),
        sa.Index(
            "ix_letter_left_out",
            "mailing_id",
            "left_out_at",
            sqlite_where=sa.text("left_out_at IS NOT NULL"),
            postgresql_where=sa.text("left_out_at IS NOT NULL"),
        ),
        sa.Index(
            "ix_letter_taken_in",
            "mailing_id",
            "taken_in_at",
            sqlite_where=sa.text("taken_in_at IS NOT NULL"),
            postgresql_where=sa.text("taken_in_at IS NOT NULL"),
        ),
        sa.Index(
            "ix_letter_dropped",
            "mailing_id",
            "dropped_for",
            sqlite_where=sa.text("dropped_for IS NOT NULL"),
            postgresql_where=sa.text("dropped_for IS NOT NULL"),
        ),
    )

    mailing_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing.id"))
    target_id: Mapped[int] = mapped_column(sa.ForeignKey("target.id"), index=True)
    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"), index=True)
    wording_id: Mapped[int | None] = mapped_column(sa.ForeignKey("wording.id"), index=True)
    address: Mapped[str | None] = mapped_column(sa.String(320))
    language: Mapped[str] = mapped_column(sa.String(8))
    language_reason: Mapped[LanguageReason | None] = mapped_column(enum_column(LanguageReason))
    skip_reason: Mapped[SkipReason | None] = mapped_column(enum_column(SkipReason))
    skip_detail: Mapped[str] = mapped_column(sa.String(300), default="")
    message_id: Mapped[int | None] = mapped_column(sa.ForeignKey("outgoing_message.id"), unique=True)
    edited_at: Mapped[datetime | None]
    left_out_at: Mapped[datetime | None]
    left_out_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    taken_in_at: Mapped[datetime | None]
    dropped_for: Mapped[SkipReason | None] = mapped_column(enum_column(SkipReason))
    # 0, or the target it was planned for, where that one became part of another that has a letter of the mailing too.
    merged_target_id: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")


class LetterEdit(Base):
    """What a person changed in one letter before it left: its text part as it stood, and what they wrote (Markdown)."""

    __tablename__ = "letter_edit"
    __audited__ = False  # a record of its own, with who, when, before and after

    letter_id: Mapped[int] = mapped_column(sa.ForeignKey("letter.id"), index=True)
    edited_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"), index=True)
    edited_at: Mapped[datetime] = mapped_column(default=clock.now)
    subject_before: Mapped[str] = mapped_column(sa.String(900))
    text_before: Mapped[str] = mapped_column(sa.Text)
    subject: Mapped[str] = mapped_column(sa.String(900))
    body: Mapped[str] = mapped_column(sa.Text)
