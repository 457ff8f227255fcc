"""Merges: which contact became part of which, and what moved, so that it can be taken apart again."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm import clock
from crm.database import Base, enum_column


class ContactMerge(Base):
    """Two contacts that became one. The ids are plain: the absorbed contact is gone, the survivor may follow it later.

    `counts` has the number of rows that moved, by table; `unmerged_at` is set once the merge was taken back.
    """

    __tablename__ = "contact_merge"
    __audited__ = False  # it is a record of what was done itself
    __table_args__ = (
        sa.Index("ix_contact_merge_absorbed_id", "absorbed_id"),
        sa.Index("ix_contact_merge_survivor_id", "survivor_id"),
    )

    survivor_id: Mapped[int] = mapped_column(sa.BigInteger)
    absorbed_id: Mapped[int] = mapped_column(sa.BigInteger)
    absorbed_name: Mapped[str] = mapped_column(sa.String(300))
    at: Mapped[datetime] = mapped_column(default=clock.now)
    actor: Mapped[str] = mapped_column(sa.String(80))
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    unmerged_at: Mapped[datetime | None]


class StepKind(StrEnum):
    """What a step of a merge did to rows of a table."""

    MOVED = "moved"  # a column of `row_ids` names the survivor now
    CHANGED = "changed"  # a row took values over from the one it made superfluous
    REMOVED = "removed"  # a row said the same as another; `before` has it whole
    ADDED = "added"  # a row was made, such as the other name


class MergeStep(Base):
    """One step of a merge, in their order by id; values are kept as the audit trail encodes them."""

    __tablename__ = "merge_step"
    __audited__ = False  # part of the merge's own record

    merge_id: Mapped[int] = mapped_column(sa.ForeignKey("contact_merge.id"), index=True)
    kind: Mapped[StepKind] = mapped_column(enum_column(StepKind))
    table_name: Mapped[str] = mapped_column(sa.String(64))
    row_ids: Mapped[list[Any]] = mapped_column(sa.JSON)
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(default=dict)
