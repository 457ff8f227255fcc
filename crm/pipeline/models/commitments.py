"""Commitments: what an official promised in exact words, whether it was kept, and what the official says of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm import clock
from crm.accounts.models import User
from crm.database import Base, enum_column
from crm.pipeline.models.targets import NO_NEXT_STEP, Target

# How long the link stays good with which an official confirms or corrects a commitment.
LINK_LIFETIME = timedelta(days=30)
# A commitment with a due date comes to mind so long before it, unless another day is chosen.
REMINDED_BEFORE = timedelta(days=14)


class CommitmentState(StrEnum):
    """Whether a commitment was kept."""

    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"


# A verdict can be taken back, and be turned round by new evidence.
ALLOWED_VERDICTS: dict[CommitmentState, frozenset[CommitmentState]] = {
    state: frozenset(CommitmentState) - {state} for state in CommitmentState
}


class AnswerKind(StrEnum):
    """What an official says of a commitment."""

    CONFIRMED = "confirmed"
    CORRECTED = "corrected"


class Commitment(Base):
    """What a target promised.

    `words` are exact, `act` is what is to be done by `due_on`; `source_url` and the file show that it was promised.
    `public` says that it may be quoted. `state` and `settled_on` are of its last verdict. `remind_on` is when it comes
    to mind. `due_order` is what lists are sorted by: what is settled, or due on no day, comes last.
    """

    __tablename__ = "commitment"
    __table_args__ = (
        sa.Index("ix_commitment_due_order_id", "due_order", "id"),
        sa.Index("ix_commitment_promised_on_id", "promised_on", "id"),
        sa.Index("ix_commitment_state_remind_on", "state", "remind_on"),
        sa.Index("ix_commitment_created_at", "created_at", "target_id", "recorded_by_id"),
    )

    target_id: Mapped[int] = mapped_column(sa.ForeignKey("target.id"), index=True)
    words: Mapped[str] = mapped_column(sa.Text)
    act: Mapped[str] = mapped_column(sa.String(300))
    promised_on: Mapped[date] = mapped_column(default=clock.today)
    due_on: Mapped[date | None]
    remind_on: Mapped[date | None]
    source_url: Mapped[str] = mapped_column(sa.String(500), default="")
    source_file_id: Mapped[int | None] = mapped_column(sa.ForeignKey("attachment.id"))
    public: Mapped[bool] = mapped_column(default=False)
    state: Mapped[CommitmentState] = mapped_column(enum_column(CommitmentState), default=CommitmentState.OPEN)
    due_order: Mapped[date] = mapped_column(
        sa.Date,
        sa.Computed(
            f"CASE WHEN state <> 'open' OR due_on IS NULL THEN '{NO_NEXT_STEP.isoformat()}' ELSE due_on END",
            persisted=True,
        ),
    )
    settled_on: Mapped[date | None]
    recorded_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    target: Mapped[Target] = relationship()
    recorded_by: Mapped[User | None] = relationship()


class CommitmentVerdict(Base):
    """What somebody of us found on a day: kept, broken or open again, with a link or a file that shows it."""

    __tablename__ = "commitment_verdict"

    commitment_id: Mapped[int] = mapped_column(sa.ForeignKey("commitment.id"), index=True)
    state: Mapped[CommitmentState] = mapped_column(enum_column(CommitmentState))
    found_on: Mapped[date]
    note: Mapped[str] = mapped_column(sa.String(300), default="")
    proof_url: Mapped[str] = mapped_column(sa.String(500), default="")
    proof_file_id: Mapped[int | None] = mapped_column(sa.ForeignKey("attachment.id"))
    at: Mapped[datetime] = mapped_column(default=clock.now)
    actor: Mapped[str] = mapped_column(sa.String(80))


class CommitmentLink(Base):
    """A link by which the official says something of one commitment, once. Only the token's SHA-256 is kept."""

    __tablename__ = "commitment_link"
    __undoable__ = False  # a link that was given away is revoked, not forgotten

    commitment_id: Mapped[int] = mapped_column(sa.ForeignKey("commitment.id"), index=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True, info={"secret": True})
    created_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]

    commitment: Mapped[Commitment] = relationship()


class CommitmentAnswer(Base):
    """What the official said: `asked` are our words as they stood then, `words` their own, empty where they agree."""

    __tablename__ = "commitment_answer"
    __undoable__ = False  # what somebody else has said is not ours to take back

    commitment_id: Mapped[int] = mapped_column(sa.ForeignKey("commitment.id"), index=True)
    link_id: Mapped[int] = mapped_column(sa.ForeignKey("commitment_link.id"), unique=True)
    kind: Mapped[AnswerKind] = mapped_column(enum_column(AnswerKind))
    asked: Mapped[str] = mapped_column(sa.Text)
    words: Mapped[str] = mapped_column(sa.Text, default="")
    at: Mapped[datetime] = mapped_column(default=clock.now)
    # When somebody of us has looked at it; None is shown to the owner.
    seen_at: Mapped[datetime | None] = mapped_column(index=True)
