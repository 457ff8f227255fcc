"""Change sets (one per unit of work) and the row changes in them, as JSON before and after."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm import clock
from crm.database import Base, enum_column
from crm.policy import Permission


class ChangeKind(StrEnum):
    """What happened to a row."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


class ChangeSet(Base):
    """One action of one actor. The actor is opaque here (`user:7`, `worker:mail`, `command:…`).

    `permission` is what the request that did it needed; undoing needs it too. `notes` sum up what was written in bulk.
    """

    __tablename__ = "change_set"
    __audited__ = False  # it is the audit
    __table_args__ = (
        sa.Index("ix_change_set_actor_id", "actor", "id"),
        sa.Index("ix_change_set_action_id", "action", "id"),
    )

    at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    action: Mapped[str] = mapped_column(sa.String(80))
    actor: Mapped[str] = mapped_column(sa.String(80))
    permission: Mapped[Permission | None] = mapped_column(enum_column(Permission))
    notes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    undoes_id: Mapped[int | None] = mapped_column(sa.ForeignKey("change_set.id"), unique=True)


class Change(Base):
    """One row of one table before and after; only the columns that changed, all of them on insert and delete."""

    __tablename__ = "change"
    __audited__ = False  # it is the audit
    __table_args__ = (
        sa.Index("ix_change_change_set_id_id", "change_set_id", "id"),
        sa.Index("ix_change_table_name_row_id_change_set_id", "table_name", "row_id", "change_set_id"),
    )

    change_set_id: Mapped[int] = mapped_column(sa.ForeignKey("change_set.id"))
    table_name: Mapped[str] = mapped_column(sa.String(64))
    row_id: Mapped[int] = mapped_column(sa.BigInteger)
    kind: Mapped[ChangeKind] = mapped_column(enum_column(ChangeKind))
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(default=dict)
