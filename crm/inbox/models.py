"""What readers of letters ask of us by the link in them, until one of us has seen to it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm import clock
from crm.database import Base, enum_column

# What somebody writes who corrects their data, in characters.
MOST_WORDS = 2000


class RequestKind(StrEnum):
    """What a reader asks for."""

    NO_LETTERS = "no_letters"
    OBJECTION = "objection"  # to any use of their data (Article 21 GDPR)
    CORRECTION = "correction"  # of their data (Article 16 GDPR), in their own words


class ReaderRequest(Base):
    """One request of a reader: it holds at once, and waits here for whoever looks after them to take note.

    `language` is the one they read the page in, and wrote in. `taken_back_at` is when they took it back themselves;
    `settled_at` and `settled_by_id` when one of us saw to it, and who.
    """

    __tablename__ = "reader_request"
    __table_args__ = (
        # What waits is little beside what has been settled.
        sa.Index(
            "ix_reader_request_waiting",
            "owner_id",
            "at",
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        ),
    )

    kind: Mapped[RequestKind] = mapped_column(enum_column(RequestKind))
    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"), index=True)
    letter_id: Mapped[int] = mapped_column(sa.ForeignKey("letter.id"), index=True)
    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"))
    words: Mapped[str] = mapped_column(sa.String(MOST_WORDS), default="")
    language: Mapped[str] = mapped_column(sa.String(8))
    at: Mapped[datetime] = mapped_column(default=clock.now)
    taken_back_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
