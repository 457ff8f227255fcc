"""Changes of many targets that the desk worker makes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm import clock
from crm.database import Base, enum_column


class TargetAction(StrEnum):
    """What is done to many targets at once."""

    ADD = "add"
    MOVE = "move"
    ASSIGN = "assign"
    PRIORITY = "priority"


class ChangeState(StrEnum):
    """How far a change of many targets has come."""

    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"


# The desk worker decides on a waiting one once; what is done is taken back by the undo of its change set.
ALLOWED_STATES: dict[ChangeState, frozenset[ChangeState]] = {
    ChangeState.WAITING: frozenset({ChangeState.DONE, ChangeState.REFUSED}),
    ChangeState.DONE: frozenset(),
    ChangeState.REFUSED: frozenset(),
}


class TargetChange(Base):
    """A change of many targets of a campaign, made in one transaction and with one undo.

    `chosen` holds `ids` of targets or `filter`, query arguments of the list (of the directory where targets are
    added); `value` what the action needs (a stage, an owner's id, a priority), `reason` why they are closed.
    """

    __tablename__ = "target_change"
    __audited__ = False  # what it did stands in the trail, in a change set of its own
    __table_args__ = (sa.Index("ix_target_change_state_id", "state", "id"),)

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"))
    campaign_id: Mapped[int] = mapped_column(sa.ForeignKey("campaign.id"))
    action: Mapped[TargetAction] = mapped_column(enum_column(TargetAction))
    value: Mapped[str] = mapped_column(sa.String(80))
    reason: Mapped[str] = mapped_column(sa.String(32), default="")
    chosen: Mapped[dict[str, Any]]
    expected: Mapped[int]
    came_from: Mapped[str] = mapped_column(sa.String(2000), default="")
    state: Mapped[ChangeState] = mapped_column(enum_column(ChangeState), default=ChangeState.WAITING)
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    changed: Mapped[int | None]
    stayed: Mapped[int | None]
    unfounded: Mapped[int | None]
    change_set_id: Mapped[int | None]
