"""The outbox: batches of letters with their whole delivery record, leases on them, suppressed addresses, outages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Mapped, mapped_column

from crm import clock
from crm.database import Base, enum_column
from crm.outbox.reasons import Reason


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
    ERRORS = "errors"  # too many of the last letters failed


class Batch(Base):
    """Letters released, paused and cancelled together, by one UPDATE that never looks into them.

    `paused_for` is set where nobody paused it but the outbox itself, and `paused_with` says more of it. `posted`,
    `sent`, `failed`, `cancelled` and `failures` (by reason) count its letters; `recent` is how the last ones ended,
    some of them (`recent_untold`) in claims that have not. All of these are kept by `crm.outbox.tallies`.
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


class OutgoingMessage(Base):
    """One e-mail: exactly what is sent, and all that happened to it.

    `next_attempt_at` is set while the letter waits and only then: the index on it holds nothing but waiting letters.
    Where a letter that was never tried is still here after `late_after`, its time was missed: a person decides.
    """

    __tablename__ = "outgoing_message"
    __audited__ = False  # its own columns are the delivery record; a copy of every text would double the database
    __table_args__ = (
        sa.UniqueConstraint("batch_id", "reference"),
        sa.Index("ix_outgoing_message_batch_id_state_id", "batch_id", "state", "id"),
        sa.Index("ix_outgoing_message_state_id", "state", "id"),
        sa.Index("ix_outgoing_message_batch_id_id", "batch_id", "id"),
        sa.Index(
            "ix_outgoing_message_waiting",
            "batch_id",
            "next_attempt_at",
            sqlite_where=sa.text("next_attempt_at IS NOT NULL"),
            postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
        ),
        # What did not simply leave.
        sa.Index(
            "ix_outgoing_message_batch_id_reason_id",
            "batch_id",
            "reason",
            "id",
            sqlite_where=sa.text("reason IS NOT NULL"),
            postgresql_where=sa.text("reason IS NOT NULL"),
        ),
        # A report counts what left lately in this alone, and lists it in this order.
        sa.Index(
            "ix_outgoing_message_state_finished_at",
            "state",
            "finished_at",
            "batch_id",
            sqlite_where=sa.text("finished_at IS NOT NULL"),
            postgresql_where=sa.text("finished_at IS NOT NULL"),
        ),
        # Letters in flight, and held ones: a few hundred at most.
        sa.Index(
            "ix_outgoing_message_lease_token",
            "lease_token",
            sqlite_where=sa.text("lease_token IS NOT NULL"),
            postgresql_where=sa.text("lease_token IS NOT NULL"),
        ),
        sa.CheckConstraint(
            "(next_attempt_at IS NOT NULL) = (state IN ('queued', 'deferred'))", name="due_while_waiting"
        ),
    )

    batch_id: Mapped[int] = mapped_column(sa.ForeignKey("outbox_batch.id"))
    reference: Mapped[str] = mapped_column(sa.String(80))
    to_address: Mapped[str] = mapped_column(sa.String(320))
    to_name: Mapped[str] = mapped_column(sa.String(300))
    subject: Mapped[str] = mapped_column(sa.String(900))
    text: Mapped[str] = mapped_column(sa.Text)
    html: Mapped[str | None] = mapped_column(sa.Text)
    sender: Mapped[str | None] = mapped_column(sa.String(640))
    reply_to: Mapped[str | None] = mapped_column(sa.String(640))
    one_click_unsubscribe: Mapped[bool]
    footer: Mapped[str | None] = mapped_column(sa.String(400))
    answering: Mapped[str | None] = mapped_column(sa.String(4000))  # Message-IDs, the nearest last (RFC 5322)
    message_id_header: Mapped[str] = mapped_column(sa.String(320), unique=True)

    state: Mapped[MessageState] = mapped_column(enum_column(MessageState), default=MessageState.QUEUED)
    lease_token: Mapped[str | None] = mapped_column(sa.String(32))
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(default=clock.now)
    reason: Mapped[Reason | None] = mapped_column(enum_column(Reason))
    reply_code: Mapped[int | None] = mapped_column(sa.SmallInteger)
    reply_text: Mapped[str | None] = mapped_column(sa.String(500))
    size: Mapped[int | None]

    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    late_after: Mapped[datetime | None]
    first_deferred_at: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    handed_over_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Lease(Base):
    """One process's claim on some letters of one batch, named by the token in their rows.

    On PostgreSQL the table is unlogged: a crash of the server, which may lose the last unsynced marks, empties it. So
    letters in flight whose lease is missing are exactly those whose marks cannot be trusted.

    The lease is also the mark: `leaving_id` is the letter whose words leave since `leaving_since`, or have left, and
    `sent` counts those before it that the server took, each with its receipt.
    """

    __tablename__ = "outbox_lease"
    __audited__ = False  # it lives for seconds

    token: Mapped[str] = mapped_column(sa.String(32), unique=True)
    batch_id: Mapped[int]
    worker: Mapped[str] = mapped_column(sa.String(120))
    host: Mapped[str] = mapped_column(sa.String(300))
    boot: Mapped[str] = mapped_column(sa.String(64))
    pid: Mapped[int]
    process_start: Mapped[str] = mapped_column(sa.String(40))
    expires_at: Mapped[datetime]
    leaving_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    leaving_since: Mapped[datetime | None]
    sent: Mapped[int] = mapped_column(default=0, server_default="0")


event.listen(
    Lease.__table__,
    "after_create",
    sa.DDL("ALTER TABLE outbox_lease SET UNLOGGED").execute_if(dialect="postgresql"),  # type: ignore[no-untyped-call]
)


class Receipt(Base):
    """The server's yes to the letter with this id, until the end of its claim writes it into the letter's own row.

    A row that small, in a table with one index, costs a tenth of what the letter's own would: claims write those at
    once. None is added without a lease, and who ends a lease takes its receipts in the same transaction.
    """

    __tablename__ = "outbox_receipt"
    __audited__ = False  # it lives for seconds

    id: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    reply_code: Mapped[int] = mapped_column(sa.SmallInteger)
    reply_text: Mapped[str] = mapped_column(sa.String(500))
    size: Mapped[int]
    handed_over_at: Mapped[datetime | None]
    at: Mapped[datetime]


class SuppressionReason(StrEnum):
    """Why an address must not be written to."""

    UNSUBSCRIBED = "unsubscribed"
    OBJECTION = "objection"
    HARD_BOUNCE = "hard_bounce"
    BY_HAND = "by_hand"


class Suppression(Base):
    """An address that must not be written to, as a keyed hash, so that it outlives the erasure of the person.

    `source` is the row it came from, such as `outgoing_message:12` or `user:3`; `note` is what one of us said of it.
    """

    __tablename__ = "suppression"
    __undoable__ = False  # an objection is not taken back by somebody else's click
    __table_args__ = (sa.Index("ix_suppression_reason_id", "reason", "id"),)

    address_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    # Tells hashes made with another SECRET_KEY apart: those would silently stop protecting anyone.
    key_id: Mapped[str] = mapped_column(sa.String(8), index=True)
    reason: Mapped[SuppressionReason] = mapped_column(enum_column(SuppressionReason))
    source: Mapped[str] = mapped_column(sa.String(80), default="")
    note: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")
    at: Mapped[datetime] = mapped_column(default=clock.now)


class BounceKind(StrEnum):
    """What a delivery report says of a letter that the server had taken, the least grave first."""

    DELAYED = "delayed"  # it is still being tried
    SOFT = "soft"  # it came back, and the next one may arrive
    HARD = "hard"  # there is nobody at that address


class Bounce(Base):
    """The gravest delivery report on a letter; `address_hash` is empty once a person has said that it works."""

    __tablename__ = "outbox_bounce"
    __audited__ = False  # part of the delivery record
    __table_args__ = (sa.Index("ix_outbox_bounce_address_hash_at", "address_hash", "at"),)

    message_id: Mapped[int] = mapped_column(sa.ForeignKey("outgoing_message.id"), unique=True)
    address_hash: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[BounceKind] = mapped_column(enum_column(BounceKind))
    status: Mapped[str] = mapped_column(sa.String(12), default="")
    words: Mapped[str] = mapped_column(sa.String(500), default="")
    at: Mapped[datetime] = mapped_column(default=clock.now)


class OutageReason(StrEnum):
    """Why no letter at all can leave."""

    NO_SERVER = "no_server"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    NOT_TRUSTED = "not_trusted"
    LOGIN_REFUSED = "login_refused"
    KEY_CHANGED = "key_changed"
    NO_SIGNING_KEY = "no_signing_key"


class Outage(Base):
    """The mail server's present trouble; the one row is there while it lasts, and sending waits until its time."""

    __tablename__ = "outbox_outage"
    __audited__ = False  # it comes and goes by itself

    reason: Mapped[OutageReason] = mapped_column(enum_column(OutageReason))
    words: Mapped[str] = mapped_column(sa.String(500))
    since: Mapped[datetime]
    failures: Mapped[int]
    next_attempt_at: Mapped[datetime]
