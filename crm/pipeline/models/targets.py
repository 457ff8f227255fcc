"""Targets and stage moves; which moves between stages are allowed, and what they ask for."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm import clock
from crm.accounts.models import User
from crm.database import Base, enum_column
from crm.directory.models import Contact
from crm.pipeline.models.campaigns import Campaign


class Stage(StrEnum):
    """Where a target stands on the way to a ratification commitment."""

    IDENTIFIED = "identified"
    CONTACTED = "contacted"
    IN_DIALOGUE = "in_dialogue"
    CONVINCED = "convinced"
    COMMITTED = "committed"
    DELIVERED = "delivered"
    CLOSED = "closed"


WON = (Stage.COMMITTED, Stage.DELIVERED)
# Somebody was talking with these: they can go quiet.
IN_TOUCH = (Stage.CONTACTED, Stage.IN_DIALOGUE, Stage.CONVINCED, Stage.COMMITTED)
# What these stages ask for before a target moves there: the words promised, which promise was kept, the reason.
GUARDED = (Stage.COMMITTED, Stage.DELIVERED, Stage.CLOSED)
# In their order: a target that came to one of them has passed the ones before it.
OPEN_STAGES = tuple(stage for stage in Stage if stage is not Stage.CLOSED)
# How far a stage is on the way; a closed target is on none.
PLACES = {stage: OPEN_STAGES.index(stage) if stage in OPEN_STAGES else 0 for stage in Stage}
# Where a target goes when it comes one step further.
NEXT_STAGE = dict(pairwise(OPEN_STAGES))


class CloseReason(StrEnum):
    """Why a target is pursued no more."""

    DECLINED = "declined"
    MANDATE_ENDED = "mandate_ended"
    NOT_RELEVANT = "not_relevant"
    DUPLICATE = "duplicate"


# Any open stage may follow any other (people change their minds both ways); a closed target is reopened first.
ALLOWED_MOVES: dict[Stage, frozenset[Stage]] = {
    stage: frozenset(Stage) - {stage} if stage is not Stage.CLOSED else frozenset({Stage.IDENTIFIED, Stage.CONTACTED})
    for stage in Stage
}


class Priority(StrEnum):
    """How much a target matters to the campaign."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


# Sorts targets that wait for no next step behind all others.
NO_NEXT_STEP = date(9999, 12, 31)


class Target(Base):
    """A contact pursued in a campaign. `stage_since` is when it came to where it stands.

    `due_order` and `priority_order` are what lists are sorted by, kept by the database: a target without a next step
    comes last, and so does a closed one, which waits for none. `last_contact_at` follows the timeline (see
    `crm.pipeline.last_contact`); `quiet_since` is that, or when the target was added where nothing reached it yet.
    `furthest` follows the moves (see `crm.pipeline.furthest`): the place of the furthest stage it ever came to.
    """

    __tablename__ = "target"
    # What comes after the id is there for counting: a filter of contacts is answered without a look at the row.
    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "contact_id"),
        sa.Index("ix_target_board", "campaign_id", "stage", "due_order", "priority_order", "id", "contact_id"),
        sa.Index("ix_target_list", "campaign_id", "due_order", "priority_order", "id", "contact_id"),
        sa.Index("ix_target_recent", "campaign_id", "stage_since", "id"),
        sa.Index("ix_target_quiet", "campaign_id", "quiet_since", "id", "stage", "stage_since", "contact_id"),
        sa.Index("ix_target_owner_id_due_order_id", "owner_id", "due_order", "id"),
        # No column the database computes: SQLite would look at the row for it.
        sa.Index(
            "ix_target_report",
            *("campaign_id", "owner_id", "stage", "next_step_due", "quiet_since", "stage_since", "contact_id"),
        ),
        # In the order of contacts, which are looked up beside them: in any other one that takes twice as long.
        sa.Index(
            "ix_target_standing",
            *("campaign_id", "contact_id", "stage", "close_reason", "next_step_due", "furthest", "owner_id"),
        ),
        sa.Index("ix_target_all_quiet", "quiet_since", "id", "stage", "stage_since", "owner_id", "contact_id"),
        sa.Index("ix_target_owner_quiet", "owner_id", "quiet_since", "id", "stage", "stage_since", "contact_id"),
    )

    campaign_id: Mapped[int] = mapped_column(sa.ForeignKey("campaign.id"))
    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"), index=True)
    stage: Mapped[Stage] = mapped_column(enum_column(Stage), default=Stage.IDENTIFIED)
    stage_since: Mapped[datetime] = mapped_column(default=clock.now)
    close_reason: Mapped[CloseReason | None] = mapped_column(enum_column(CloseReason))
    priority: Mapped[Priority] = mapped_column(enum_column(Priority), default=Priority.NORMAL)
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    ask: Mapped[str] = mapped_column(sa.String(300), default="")
    next_step: Mapped[str] = mapped_column(sa.String(300), default="")
    next_step_due: Mapped[date | None]
    due_order: Mapped[date] = mapped_column(
        sa.Date,
        sa.Computed(
            f"CASE WHEN stage = 'closed' OR next_step_due IS NULL THEN '{NO_NEXT_STEP.isoformat()}' "
            "ELSE next_step_due END",
            persisted=True,
        ),
    )
    priority_order: Mapped[int] = mapped_column(
        sa.SmallInteger,
        sa.Computed("CASE priority WHEN 'high' THEN 1 WHEN 'normal' THEN 2 ELSE 3 END", persisted=True),
    )
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_contact_at: Mapped[datetime | None] = mapped_column(info={"derived": True})
    quiet_since: Mapped[datetime] = mapped_column(default=clock.now, info={"derived": True})
    furthest: Mapped[int] = mapped_column(sa.SmallInteger, default=0, server_default="0", info={"derived": True})

    campaign: Mapped[Campaign] = relationship()
    contact: Mapped[Contact] = relationship()
    owner: Mapped[User | None] = relationship()


_ADDED = sa.text("from_stage IS NULL")


class StageMove(Base):
    """One move of a target between stages, the ground of funnel figures. `from_stage` is null when it was added.

    `close_reason` says why a target was closed, `note` is what the person who moved it wanted to add. `stood` is for
    how many seconds it had stood at `from_stage`: reports read it, and the campaign, from the indexes alone.
    """

    __tablename__ = "stage_move"
    __table_args__ = (
        sa.Index("ix_stage_move_target_id_to_stage_at", "target_id", "to_stage", "at"),
        sa.Index("ix_stage_move_furthest", "campaign_id", "target_id", "to_stage", "at"),
        sa.Index("ix_stage_move_course", "campaign_id", "at", "from_stage", "to_stage", "target_id", "actor"),
        sa.Index("ix_stage_move_stood", "campaign_id", "from_stage", "stood", "at", "target_id"),
        sa.Index(
            "ix_stage_move_added",
            "campaign_id",
            "target_id",
            "at",
            sqlite_where=_ADDED,
            postgresql_where=_ADDED,
        ),
    )

    target_id: Mapped[int] = mapped_column(sa.ForeignKey("target.id"))
    campaign_id: Mapped[int] = mapped_column(sa.ForeignKey("campaign.id"))
    from_stage: Mapped[Stage | None] = mapped_column(enum_column(Stage))
    to_stage: Mapped[Stage] = mapped_column(enum_column(Stage))
    stood: Mapped[int | None]
    close_reason: Mapped[CloseReason | None] = mapped_column(enum_column(CloseReason))
    note: Mapped[str] = mapped_column(sa.String(300), default="")
    at: Mapped[datetime] = mapped_column(default=clock.now)
    actor: Mapped[str] = mapped_column(sa.String(80))
