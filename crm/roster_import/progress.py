"""How far an import has come, kept by the queue server: the import's own transaction is not seen before its end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from redis import RedisError

from crm import job_queue

_KEEP = 3600  # seconds


class Phase(StrEnum):
    """What is being done with the rows; a work has several of these one after the other."""

    COMPARED = "compared"
    LIKENED = "likened"  # new lines beside everybody who is known
    WRITTEN = "written"
    CHECKED = "checked"  # whether what was written can be taken back
    UNDONE = "undone"


@dataclass(frozen=True)
class Progress:
    """Rows done of all rows."""

    phase: Phase
    done: int
    total: int


def _key(import_id: int) -> str:
    return f"ratify:import:{import_id}"


def report(import_id: int, phase: Phase, done: int, total: int) -> None:
    """Note the progress; it is lost, and the import is not, where the queue server is away."""
    try:
        job_queue.connection().set(_key(import_id), json.dumps([phase, done, total]), ex=_KEEP)
    except RedisError:
        return


def progress_of(import_id: int) -> Progress | None:
    """What was last reported, None where nothing was."""
    try:
        found = job_queue.connection().get(_key(import_id))
    except RedisError:
        return None
    if not isinstance(found, str | bytes):
        return None
    phase, done, total = json.loads(found)
    return Progress(Phase(phase), done, total)


def forget(import_id: int) -> None:
    """Begin anew: what was reported of an earlier work is no progress of the next one."""
    try:
        job_queue.connection().delete(_key(import_id))
    except RedisError:
        return
