"""The RQ queues: which jobs exist, how one is enqueued by name, and what a worker may run."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any, ParamSpec, TypeVar

from flask import Flask, current_app
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

logger = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

MAIL, DESK = "mail", "desk"
# Two queues, each with its own worker: a long import must not delay a password reset.
QUEUES = (MAIL, DESK)


@dataclass(frozen=True)
class Doorbell:
    """A job to enqueue, by the name of its function, with plain JSON arguments."""

    name: str
    args: tuple[Any, ...] = ()


_jobs: dict[str, tuple[str, int]] = {}
_catching_up: set[str] = set()


def background(
    queue: str, *, timeout: int = 600, catches_up: bool = False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Allow a function of a `jobs.py` to run in the worker of `queue` (seconds of `timeout`).

    One that `catches_up` takes no arguments and does what was asked for but never done, because a bell or a worker was
    lost; the worker rings it when it starts and every so often.
    """

    def allow(function: Callable[P, R]) -> Callable[P, R]:
        name = f"{function.__module__}.{function.__qualname__}"
        _jobs[name] = (queue, timeout)
        if catches_up:
            _catching_up.add(name)
        return function

    return allow


def catching_up(queue: str) -> list[str]:
    """Names of the jobs of that queue that catch up."""
    return sorted(name for name in _catching_up if _jobs[name][0] == queue)


def allowed_jobs() -> dict[str, str]:
    """Name of every allowed job with its queue."""
    return {name: queue for name, (queue, _timeout) in _jobs.items()}


class AllowedJob(Job):
    """A job whose function must be on the list: a serializer alone would still call any name it is given."""

    def perform(self) -> Any:
        if self.func_name not in _jobs:
            raise PermissionError(f"{self.func_name!r} is not a job of this product")
        return super().perform()


class Stop:
    """Whether this work-horse was asked to stop, or has outlived the worker that forked it."""

    def __init__(self) -> None:
        self.requested = False
        self.parent: int | None = None

    def listen(self, parent: int) -> None:
        """Call it in the work-horse: from now on SIGTERM asks it to stop, and so does another parent than this one."""
        self.parent = parent
        signal.signal(signal.SIGTERM, self._request)

    def _request(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True


stop = Stop()


def stop_requested() -> bool:
    """Whether a job that works in steps should end after the present one."""
    return stop.requested or (stop.parent is not None and os.getppid() != stop.parent)


def connect(url: str) -> Redis:
    """A client of the queue server that fails fast, so that a request never hangs on it."""
    return Redis.from_url(url, socket_connect_timeout=2, socket_timeout=5, retry=Retry(ConstantBackoff(0.1), 1))


def init_app(app: Flask, url: str) -> None:
    """Bind the queue server's address to the app."""
    app.extensions["queue_url"] = url
    app.extensions["queue_connection"] = connect(url)


def connection() -> Redis:
    """The app's client of the queue server."""
    client: Redis = current_app.extensions["queue_connection"]
    return client


def get_queue(name: str) -> Queue:
    """The RQ queue of that name."""
    return Queue(name, connection=connection(), serializer=JSONSerializer, job_class=AllowedJob)


def ring(doorbell: Doorbell) -> None:
    """Enqueue a job now. Raises KeyError for a job that is not on the list, redis.RedisError without a server."""
    queue, timeout = _jobs[doorbell.name]
    get_queue(queue).enqueue(
        doorbell.name, args=doorbell.args, job_timeout=timeout, result_ttl=0, failure_ttl=7 * 24 * 3600
    )
