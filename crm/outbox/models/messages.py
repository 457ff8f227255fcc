"""Letters with their whole delivery record, the leases on them, and the receipts of those that were just sent."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Mapped, mapped_column

from crm import clock
from crm.database import Base, enum_column
from crm.outbox.models.batches import MessageState
from crm.outbox.reasons import Reason


class OutgoingMessage(Base):
    """One e-mail: exactly what is sent, and all that happened to it.

    `next_attempt_at` is set while the letter waits and only then: the index on it holds nothing but waiting letters.
    Where a letter that was never tried is still here after `late_after`, its time was missed: a person decides.
    With `office_zone` (IANA) it leaves in office hours on that zone's clock only.
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
    office_zone: Mapped[str | None] = mapped_column(sa.String(64))
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
