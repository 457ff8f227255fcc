"""Batches of letters: their states and those of letters, with the allowed moves, and the files that go with them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm import clock
from crm.database import Base, enum_column


class Priority(StrEnum):
    """Which letters leave first."""

    TRANSACTIONAL = "transactional"  # somebody waits for it, as for a password reset
    PERSONAL = "personal"  # one of us wrote it to one reader, who is as free of unwanted letters as all readers
    BULK = "bulk"


class BatchState(StrEnum):
    """Whether a batch's letters may leave."""

    UNRELEASED = "unreleased"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"


BATCH_MOVES: dict[BatchState, frozenset[BatchState]] = {
    BatchState.UNRELEASED: frozenset({BatchState.RUNNING, BatchState.CANCELLED}),
    BatchState.RUNNING: frozenset({BatchState.PAUSED, BatchState.CANCELLED}),
    BatchState.PAUSED: frozenset({BatchState.RUNNING, BatchState.CANCELLED}),
    BatchState.CANCELLED: frozenset(),
}


class MessageState(StrEnum):
    """Where a letter is on its way."""

    QUEUED = "queued"  # never tried, or given back untouched
    CLAIMED = "claimed"  # leased by one process: its turn comes, or the lease says how far it is
    SENT = "sent"  # the server took it
    DEFERRED = "deferred"  # to be tried again at next_attempt_at
    FAILED = "failed"  # it will never arrive
    HELD = "held"  # nobody knows whether it arrived; a person decides
    CANCELLED = "cancelled"  # it was stopped before it left


MESSAGE_MOVES: dict[MessageState, frozenset[MessageState]] = {
    MessageState.QUEUED: frozenset({MessageState.CLAIMED, MessageState.CANCELLED}),
    MessageState.DEFERRED: frozenset({MessageState.CLAIMED, MessageState.CANCELLED}),
    MessageState.CLAIMED: frozenset(set(MessageState) - {MessageState.CLAIMED}),
    # SENT and DEFERRED also where the holder turns out to live and knows the answer.
    MessageState.HELD: frozenset(
        {MessageState.SENT, MessageState.QUEUED, MessageState.DEFERRED, MessageState.FAILED, MessageState.CANCELLED}
    ),
    MessageState.SENT: frozenset(),
    MessageState.FAILED: frozenset(),
    # Only of a batch that nobody has released yet: somebody left the letter out, and takes it in again.
    MessageState.CANCELLED: frozenset({MessageState.QUEUED}),
}
WAITING = frozenset({MessageState.QUEUED, MessageState.DEFERRED})
IN_FLIGHT = frozenset({MessageState.CLAIMED})


def sources_of(target: MessageState) -> list[MessageState]:
    """The states from which a letter may come to `target`."""
    return [state for state in MessageState if target in MESSAGE_MOVES[state]]


def movable(sources: Iterable[MessageState], target: MessageState) -> list[MessageState]:
    """`sources`, guarding an UPDATE to `target`. Raises ValueError for a move that the table above does not allow."""
    states = sorted(sources)
    if forbidden := [state for state in states if target not in MESSAGE_MOVES[state]]:
        raise ValueError(f"{forbidden} may not become {target}")
    return states


class PauseReason(StrEnum):
    """Why a batch paused by itself, and waits for a person."""

    LATE = "late"
    MISSING_FILE = "missing_file"
    ERRORS = "errors"  # too many of the last letters failed or came back
    RESTORED = "restored"  # the database is a copy from a backup: some letters may have left


class Batch(Base):
    """Letters released, paused and cancelled together, by one UPDATE that never looks into them.

    `paused_for` is set where nobody paused it but the outbox itself, and `paused_with` says more of it. `posted`,
    `sent`, `failed`, `cancelled` and `failures` (by reason) count its letters; `recent` is how the last ones ended,
    some of them (`recent_untold`) in claims that have not. All of these are kept by `crm.outbox.tallies`.

    At most `per_minute` of its letters leave in a minute (none: as many as may), the next one not before `free_at`.
    `crowds` counts the domains that so many of its letters go to that they are spread; both are kept by
    `crm.outbox.pace`.
    """

    __tablename__ = "outbox_batch"
    __undoable__ = False  # letters that have left do not come back
    __table_args__ = (
        sa.UniqueConstraint("kind", "reference"),
        sa.Index("ix_outbox_batch_state_released_at", "state", "released_at"),
    )

    kind: Mapped[str] = mapped_column(sa.String(40))
    reference: Mapped[str] = mapped_column(sa.String(80))
    priority: Mapped[Priority] = mapped_column(enum_column(Priority))
    state: Mapped[BatchState] = mapped_column(enum_column(BatchState), default=BatchState.UNRELEASED)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    released_at: Mapped[datetime | None]
    paused_for: Mapped[PauseReason | None] = mapped_column(enum_column(PauseReason))
    paused_with: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    posted: Mapped[int] = mapped_column(default=0, server_default="0")
    sent: Mapped[int] = mapped_column(default=0, server_default="0")
    failed: Mapped[int] = mapped_column(default=0, server_default="0")
    cancelled: Mapped[int] = mapped_column(default=0, server_default="0")
    failures: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    recent: Mapped[str] = mapped_column(sa.String(1000), default="", server_default="")
    recent_untold: Mapped[int] = mapped_column(default=0, server_default="0")
    per_minute: Mapped[int | None]
    free_at: Mapped[datetime | None]
    crowds: Mapped[int] = mapped_column(default=0, server_default="0")


class Enclosure(Base):
    """A file that goes with every letter of a batch; `key` names its bytes to whoever keeps them."""

    __tablename__ = "outbox_enclosure"
    __undoable__ = False  # letters that have left do not come back
    __table_args__ = (sa.UniqueConstraint("batch_id", "key", "name"),)

    batch_id: Mapped[int] = mapped_column(sa.ForeignKey("outbox_batch.id"))
    key: Mapped[str] = mapped_column(sa.String(80))
    name: Mapped[str] = mapped_column(sa.String(200))
    media_type: Mapped[str] = mapped_column(sa.String(100))
    size: Mapped[int] = mapped_column(sa.BigInteger)
