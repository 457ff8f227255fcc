"""The one place that commits: a write transaction with its actor, and its doorbells rung after the commit."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from redis import RedisError

from crm import job_queue
from crm.extensions import db
from crm.job_queue import Doorbell

logger = logging.getLogger(__name__)
_KEY = "unit_of_work"


@dataclass
class UnitOfWork:
    """What one transaction is about: who acts (`user:7`, `worker:mail`), which action, and whom to wake after it."""

    action: str
    actor: str
    doorbells: list[Doorbell] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    change_set_id: int | None = None

    def ring(self, job: str, *args: Any) -> None:
        """Enqueue `job` after the commit, once however often it is asked."""
        doorbell = Doorbell(job, args)
        if doorbell not in self.doorbells:
            self.doorbells.append(doorbell)


def current_unit_of_work() -> UnitOfWork:
    """The running unit of work. Raises RuntimeError outside of one: writes need an actor."""
    running = db.session.info.get(_KEY)
    if not isinstance(running, UnitOfWork):
        raise RuntimeError("a write outside unit_of_work()")
    return running


@contextmanager
def unit_of_work(action: str, *, actor: str, wait: bool = True, durable: bool = True) -> Iterator[UnitOfWork]:
    """Run one write transaction; commit at its end, roll back on any error, ring doorbells after the commit.

    A queue server that is away loses nothing: the sweep of the worker rings again. With `wait=False` a write lock held
    by another process (on SQLite) raises sqlalchemy.exc.OperationalError at once instead of after half a minute.
    With `durable=False` the commit does not wait for the disk: a killed process does not undo it, a power cut may.
    """
    session = db.session()
    if _KEY in session.info:
        raise RuntimeError("unit_of_work() inside unit_of_work(): pass the work down instead")
    # What was read before (the signed-in user) opened a snapshot that could not be written from.
    session.rollback()
    work = UnitOfWork(action, actor)
    session.info[_KEY] = work
    try:
        session.connection(execution_options={"write": True, "wait": wait, "durable": durable})
        yield work
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop(_KEY, None)
    for doorbell in work.doorbells:
        try:
            job_queue.ring(doorbell)
        except RedisError as error:
            logger.warning("queue server away, the sweep will ring %s later: %s", doorbell.name, error)
