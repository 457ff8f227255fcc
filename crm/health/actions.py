"""Writing heartbeats."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from crm import clock
from crm.extensions import db
from crm.health.models import WorkerHeartbeat

_FORGET_AFTER = timedelta(days=1)


def beat(queue: str, name: str) -> None:
    """Say that the worker lives; workers not seen for a day are forgotten."""
    now = clock.now()
    known = db.session.execute(
        sa.update(WorkerHeartbeat)
        .where(WorkerHeartbeat.name == name)
        .values(at=now)
        .returning(WorkerHeartbeat.id)
        .execution_options(synchronize_session=False)
    ).first()
    if known is None:
        db.session.execute(sa.delete(WorkerHeartbeat).where(WorkerHeartbeat.at < now - _FORGET_AFTER))
        db.session.add(WorkerHeartbeat(name=name, queue=queue, started_at=now, at=now))
        db.session.flush()


def say_goodbye(name: str) -> None:
    """The worker ends on purpose: it is missed at once instead of half a minute later."""
    db.session.execute(sa.delete(WorkerHeartbeat).where(WorkerHeartbeat.name == name))
