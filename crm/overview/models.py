"""What screens keep of their readers: saved views, columns, changes of many contacts, the mail of a morning."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm import clock
from crm.database import Base, enum_column


class SavedView(Base):
    """A named state of the list: `args` are the query arguments of its filter, order and columns.

    Its owner alone sees it; with a `team_id` that team does too.
    """

    __tablename__ = "saved_view"
    __team_of__ = "team_id"
    __user_of__ = "user_id"
    __table_args__ = (sa.UniqueConstraint("user_id", "name"),)

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"))
    team_id: Mapped[int | None] = mapped_column(sa.ForeignKey("team.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    args: Mapped[dict[str, Any]]


class ChosenColumns(Base):
    """The columns a reader wants in the list, comma-separated in their order."""

    __tablename__ = "chosen_columns"
    __audited__ = False  # a reader's own taste

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"), unique=True)
    columns: Mapped[str] = mapped_column(sa.String(300))


class BulkAction(StrEnum):
    """What is done to many contacts at once."""

    TAG = "tag"
    UNTAG = "untag"
    ASSIGN = "assign"
    PLACE = "place"
    ADD_TARGETS = "add_targets"


class BulkState(StrEnum):
    """How far a change of many contacts has come."""

    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"


# The desk worker decides on a waiting one once; what is done is taken back by the undo of its change set.
ALLOWED_STATES: dict[BulkState, frozenset[BulkState]] = {
    BulkState.WAITING: frozenset({BulkState.DONE, BulkState.REFUSED}),
    BulkState.DONE: frozenset(),
    BulkState.REFUSED: frozenset(),
}


class BulkChange(Base):
    """A change of many contacts that the desk worker makes, in one transaction and with one undo.

    `chosen` holds either `ids` or `filter` (query arguments of the list), `value` what the action needs (a tag's name,
    the id of an owner or a campaign, a country or region as it was typed), `expected` how many contacts there were to
    change when it was asked for.
    """

    __tablename__ = "bulk_change"
    __audited__ = False  # what it did stands in the trail, in a change set of its own
    __table_args__ = (sa.Index("ix_bulk_change_state_id", "state", "id"),)

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"))
    action: Mapped[BulkAction] = mapped_column(enum_column(BulkAction))
    value: Mapped[str] = mapped_column(sa.String(80))
    chosen: Mapped[dict[str, Any]]
    expected: Mapped[int]
    came_from: Mapped[str] = mapped_column(sa.String(2000), default="")
    state: Mapped[BulkState] = mapped_column(enum_column(BulkState), default=BulkState.WAITING)
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    changed: Mapped[int | None]
    change_set_id: Mapped[int | None]


class Reminder(Base):
    """The mail a user wants of a morning: from which hour of their own day on, and on which days of the week.

    `weekdays` are the numbers of ISO 8601 (`12345` is Monday to Friday). `looked_on` is the day, where the user is,
    that was last seen to, whether anything was due or not: no day is seen to twice.
    """

    __tablename__ = "reminder"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"), unique=True)
    active: Mapped[bool] = mapped_column(default=False)
    hour: Mapped[int] = mapped_column(sa.SmallInteger, default=7)
    weekdays: Mapped[str] = mapped_column(sa.String(7), default="12345")
    looked_on: Mapped[date | None] = mapped_column(info={"derived": True})
