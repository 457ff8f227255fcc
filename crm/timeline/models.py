"""The timeline's one table."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm.database import Base, enum_column


class EntryKind(StrEnum):
    """What happened."""

    IMPORTED = "imported"
    TARGETED = "targeted"
    STAGE_MOVED = "stage_moved"
    STEP_DONE = "step_done"
    STEP_KEPT = "step_kept"  # as a task, when another one took its place
    TASK_DONE = "task_done"
    STATED = "stated"
    STATEMENT_WITHDRAWN = "statement_withdrawn"
    LETTER_SENT = "letter_sent"
    LETTER_FAILED = "letter_failed"
    LETTER_BOUNCED = "letter_bounced"  # it had been sent, and came back
    CALL = "call"
    MEETING = "meeting"
    LETTER = "letter"
    REPLY = "reply"
    AUTOMATIC_REPLY = "automatic_reply"  # a program wrote it, so that nobody has answered
    EVENT = "event"
    NOTE = "note"
    MERGED = "merged"
    EDITED = "edited"
    EDIT_UNDONE = "edit_undone"  # kept for the redo, shown nowhere
    PROMISED = "promised"
    PROMISE_SETTLED = "promise_settled"
    PROMISE_ANSWERED = "promise_answered"
    LETTERS_REFUSED = "letters_refused"
    LETTERS_WANTED_AGAIN = "letters_wanted_again"
    OBJECTED = "objected"
    CORRECTION_ASKED = "correction_asked"


# What we did that reached somebody, or they did that reached us: after it a contact is not quiet.
REACHING = frozenset(
    {
        EntryKind.LETTER_SENT,
        EntryKind.CALL,
        EntryKind.MEETING,
        EntryKind.LETTER,
        EntryKind.REPLY,
        EntryKind.EVENT,
        EntryKind.PROMISED,
        EntryKind.PROMISE_ANSWERED,
    }
)

# What they said to us of their own accord or because we asked, as the database is asked for it: the index below holds
# these alone, and both of them find it by these very words.
REPLYING = "kind IN ('reply', 'promise_answered')"
# After one of these a reply has been taken up.
ANSWERING = frozenset(
    {
        EntryKind.LETTER_SENT,
        EntryKind.CALL,
        EntryKind.MEETING,
        EntryKind.LETTER,
        EntryKind.EVENT,
        EntryKind.NOTE,
        EntryKind.STAGE_MOVED,
    }
)


class TimelineEntry(Base):
    """An event of a contact. `reference` names the row it came from (`letter:7`); `team_id` limits who sees it.

    `summary` is a name or a subject as people wrote it; `details` holds what a screen puts into words in the reader's
    language (a stage, a reason), so that no sentence is stored.
    """

    __tablename__ = "timeline_entry"
    __team_of__ = "team_id"
    __audited__ = False  # a projection of rows that are audited themselves
    __table_args__ = (
        # With what a filter by kind and the reader's team look at, so that a page far down looks up few rows.
        sa.Index("ix_timeline_entry_contact_id_at_id_kind_team_id", "contact_id", "at", "id", "kind", "team_id"),
        sa.Index("ix_timeline_entry_reference", "reference"),
        # What a team keeps to itself is little beside the rest.
        sa.Index(
            "ix_timeline_entry_private",
            "team_id",
            "at",
            sqlite_where=sa.text("team_id IS NOT NULL"),
            postgresql_where=sa.text("team_id IS NOT NULL"),
        ),
        sa.Index(
            "ix_timeline_entry_replies",
            "at",
            "contact_id",
            sqlite_where=sa.text(REPLYING),
            postgresql_where=sa.text(REPLYING),
        ),
    )

    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"))
    at: Mapped[datetime]
    kind: Mapped[EntryKind] = mapped_column(enum_column(EntryKind))
    reference: Mapped[str] = mapped_column(sa.String(60))
    summary: Mapped[str] = mapped_column(sa.String(300), default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    actor: Mapped[str] = mapped_column(sa.String(80))
    team_id: Mapped[int | None] = mapped_column(sa.ForeignKey("team.id"))
