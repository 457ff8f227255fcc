"""Heartbeats of workers."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm import clock
from crm.database import Base


class WorkerHeartbeat(Base):
    """When a worker was last seen alive, and on which queue."""

    __tablename__ = "worker_heartbeat"
    __audited__ = False  # one write every few seconds that nobody makes
    __table_args__ = (sa.Index("ix_worker_heartbeat_queue_at", "queue", "at"),)

    name: Mapped[str] = mapped_column(sa.String(120), unique=True)
    queue: Mapped[str] = mapped_column(sa.String(20))
    started_at: Mapped[datetime] = mapped_column(default=clock.now)
    at: Mapped[datetime] = mapped_column(default=clock.now)
