"""Interactions with contacts, who took part and what was handed over; tasks."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm import clock
from crm.database import Base, enum_column

SUMMARY_LENGTH, NOTES_LENGTH, TITLE_LENGTH = 300, 20_000, 300
# Sorts tasks that are due on no day behind all others.
NO_DUE_DATE = date(9999, 12, 31)


class InteractionKind(StrEnum):
    """What happened. A note is what we wrote down for ourselves: it reached nobody."""

    CALL = "call"
    MEETING = "meeting"
    LETTER = "letter"
    REPLY = "reply"
    EVENT = "event"
    NOTE = "note"


class Interaction(Base):
    """Something that happened with one or more contacts, in one line and, if wanted, in longer notes of plain text.

    With a `team_id` only that team sees it. `recorded_by` is the audit's opaque actor. One that was withdrawn counts
    for nothing and is seen by nobody until that is undone; what it said before an edit stands in the trail.
    """

    __tablename__ = "interaction"
    __team_of__ = "team_id"
    __table_args__ = (
        sa.Index("ix_interaction_recorded_by_at", "recorded_by", "at"),
        # A report counts a campaign's of some weeks in this alone.
        sa.Index(
            "ix_interaction_campaign_id_at",
            *("campaign_id", "at", "kind", "recorded_by", "team_id", "withdrawn_at"),
        ),
    )

    kind: Mapped[InteractionKind] = mapped_column(enum_column(InteractionKind))
    at: Mapped[datetime]
    summary: Mapped[str] = mapped_column(sa.String(SUMMARY_LENGTH))
    notes: Mapped[str] = mapped_column(sa.Text, default="")
    campaign_id: Mapped[int | None] = mapped_column(sa.ForeignKey("campaign.id"))
    team_id: Mapped[int | None] = mapped_column(sa.ForeignKey("team.id"))
    recorded_by: Mapped[str] = mapped_column(sa.String(80))
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now)
    edited_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class InteractionContact(Base):
    """A contact that took part."""

    __tablename__ = "interaction_contact"
    __team_of__ = "interaction_id"
    __table_args__ = (sa.UniqueConstraint("interaction_id", "contact_id"),)

    interaction_id: Mapped[int] = mapped_column(sa.ForeignKey("interaction.id"))
    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"), index=True)


class InteractionUser(Base):
    """Somebody of us who took part."""

    __tablename__ = "interaction_user"
    __team_of__ = "interaction_id"
    __table_args__ = (sa.UniqueConstraint("interaction_id", "user_id"),)

    interaction_id: Mapped[int] = mapped_column(sa.ForeignKey("interaction.id"))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"), index=True)


class InteractionAttachment(Base):
    """A file that belongs to an interaction, seen by whoever sees that."""

    __tablename__ = "interaction_attachment"
    __team_of__ = "interaction_id"
    __table_args__ = (sa.UniqueConstraint("interaction_id", "attachment_id"),)

    interaction_id: Mapped[int] = mapped_column(sa.ForeignKey("interaction.id"))
    attachment_id: Mapped[int] = mapped_column(sa.ForeignKey("attachment.id"), index=True)


class StepFate(StrEnum):
    """What may become of a target's next step, other than being replaced: it is done, or is kept as a task."""

    DONE = "done"
    TASK = "task"


class Task(Base):
    """Something to be done by one of us, about a contact, a target, or neither.

    With a `team_id` only that team sees it. `due_order` is what lists are sorted by, kept by the
    database: what is due on no day comes last.
    """

    __tablename__ = "task"
    __team_of__ = "team_id"
    __table_args__ = (
        sa.Index("ix_task_owner_id_done_at_due_order_id", "owner_id", "done_at", "due_order", "id"),
        sa.Index("ix_task_done_at_due_order_id", "done_at", "due_order", "id"),
    )

    title: Mapped[str] = mapped_column(sa.String(TITLE_LENGTH))
    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"))
    due_on: Mapped[date | None]
    due_order: Mapped[date] = mapped_column(
        sa.Date,
        sa.Computed(f"CASE WHEN due_on IS NULL THEN '{NO_DUE_DATE.isoformat()}' ELSE due_on END", persisted=True),
    )
    contact_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contact.id"), index=True)
    target_id: Mapped[int | None] = mapped_column(sa.ForeignKey("target.id"), index=True)
    team_id: Mapped[int | None] = mapped_column(sa.ForeignKey("team.id"))
    created_by: Mapped[str] = mapped_column(sa.String(80))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    done_at: Mapped[datetime | None]
    done_by: Mapped[str] = mapped_column(sa.String(80), default="")
