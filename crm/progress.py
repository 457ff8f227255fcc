"""How far a long change has come, kept by the queue server: its transaction is not seen before its end."""

from __future__ import annotations

import json
from dataclasses import dataclass

from redis import RedisError

from crm import job_queue

_KEEP = 3600  # seconds


@dataclass(frozen=True)
class Progress:
    """Rows done of all rows."""

    done: int
    total: int


def report(work: str, done: int, total: int) -> None:
    """Note the progress of `work` (`bulk:7`); it is lost, and the work is not, where the queue server is away."""
    try:
        job_queue.connection().set(f"ratify:{work}", json.dumps([done, total]), ex=_KEEP)
    except RedisError:
        return


def progress_of(work: str) -> Progress | None:
    """What was last reported, None where nothing was."""
    try:
        found = job_queue.connection().get(f"ratify:{work}")
    except RedisError:
        return None
    return Progress(*json.loads(found)) if isinstance(found, str | bytes) else None
