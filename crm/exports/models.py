"""Exports that are too long to wait for: who asked, for whom, how far it has come, and the file until it expires."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm import clock
from crm.database import Base, enum_column

# Up to so many contacts are sent while one waits.
SENT_AT_ONCE = 2000
KEPT_FOR = timedelta(days=1)


class ExportFormat(StrEnum):
    """The formats contacts are taken out in."""

    CSV = "csv"
    XLSX = "xlsx"
    POPOLO = "popolo"
    VCARD = "vcard"


ENDINGS = {
    ExportFormat.CSV: "csv",
    ExportFormat.XLSX: "xlsx",
    ExportFormat.POPOLO: "json",
    ExportFormat.VCARD: "vcf",
}
MIMETYPES = {
    ExportFormat.CSV: "text/csv",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportFormat.POPOLO: "application/json",
    ExportFormat.VCARD: "text/vcard",
}


class ExportState(StrEnum):
    """Where a prepared export stands."""

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    EXPIRED = "expired"  # its file is gone


MOVES: dict[ExportState, frozenset[ExportState]] = {
    # A worker that died leaves an export running: it is written again from the beginning.
    ExportState.QUEUED: frozenset({ExportState.RUNNING}),
    ExportState.RUNNING: frozenset({ExportState.RUNNING, ExportState.READY, ExportState.FAILED}),
    ExportState.READY: frozenset({ExportState.EXPIRED}),
    ExportState.FAILED: frozenset(),
    ExportState.EXPIRED: frozenset(),
}
UNFINISHED = (ExportState.QUEUED, ExportState.RUNNING)


class Export(Base):
    """One export the desk worker writes. `wanted` is the filter's arguments, or `ids` of contacts that were chosen;
    with a `mailing`, its ledger is meant, and the filter is one of its rows. `columns` are those of the list that a
    table is to have, all where it is not there.

    Nobody but `user_id` gets the file; it goes at `expires_at`.
    """

    __tablename__ = "export"
    __audited__ = False  # that it was taken out stands in the trail, its progress does not
    __table_args__ = (
        sa.Index("ix_export_user_id_id", "user_id", "id"),
        sa.Index("ix_export_state_expires_at", "state", "expires_at"),
    )

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"))
    format: Mapped[ExportFormat] = mapped_column(enum_column(ExportFormat))
    wanted: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[ExportState] = mapped_column(enum_column(ExportState), default=ExportState.QUEUED)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    stored_name: Mapped[str] = mapped_column(sa.String(100), default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime | None]
