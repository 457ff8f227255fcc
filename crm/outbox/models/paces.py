"""What bounds the sending: how far each pace has come, and who is connected to the mail server."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm.database import Base


class Pace(Base):
    """How far one pace has come; moments are microseconds since 1970, so that one statement can count on with them.

    `key` names what it bounds: `all` letters, those to a `domain`, or those of a batch to a domain. The next letter may
    leave at `free_at`; those of the batch that were put off have their turns until `planned_until`. A crowd is a domain
    that takes at most `per_hour` letters of the batch in an hour, `left` of which have not had their turn.
    """

    __tablename__ = "outbox_pace"
    __audited__ = False  # it changes with every claim
    __table_args__ = (
        sa.Index(
            "ix_outbox_pace_batch_id",
            "batch_id",
            sqlite_where=sa.text("batch_id IS NOT NULL"),
            postgresql_where=sa.text("batch_id IS NOT NULL"),
        ),
    )

    key: Mapped[str] = mapped_column(sa.String(300), unique=True)
    batch_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    domain: Mapped[str | None] = mapped_column(sa.String(255))
    free_at: Mapped[int] = mapped_column(sa.BigInteger)
    planned_until: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    per_hour: Mapped[int | None]
    left: Mapped[int] = mapped_column(default=0, server_default="0")


class OpenConnection(Base):
    """A process that may be connected to the mail server, where their number is bounded."""

    __tablename__ = "outbox_connection"
    __audited__ = False  # it lives for seconds

    host: Mapped[str] = mapped_column(sa.String(300))
    boot: Mapped[str] = mapped_column(sa.String(64))
    pid: Mapped[int]
    process_start: Mapped[str] = mapped_column(sa.String(40))
    expires_at: Mapped[datetime]
