"""Answers for machines: is the process alive, is the product ready."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, jsonify
from flask.typing import ResponseReturnValue
from redis import RedisError
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from crm import clock, job_queue
from crm.extensions import db
from crm.health import queries
from crm.health.actions import beat
from crm.outbox.holder import this_process
from crm.policy import public
from crm.unit_of_work import unit_of_work

blueprint = Blueprint("health", __name__)
_PATIENCE = 2.0


def init_app(app: Flask) -> None:
    """Give templates the banner's sentence."""
    app.register_blueprint(blueprint)
    app.config.setdefault("HEALTH_CACHED_FOR", 5.0)  # seconds
    app.jinja_env.globals["health_warning"] = queries.health_warning


@blueprint.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """The process answers; nothing else is asked."""
    return jsonify(alive=True)


def _write() -> None:
    """Write something real; a lock held by another process is waited for a little only."""
    name = this_process("web").worker
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            with unit_of_work("readiness", actor="system:readiness", wait=False, durable=False):
                beat("web", name)
        except OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _seconds_since(moment: datetime | None) -> float | None:
    return None if moment is None else round((clock.now() - moment).total_seconds(), 1)


@blueprint.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """200 where everything that should run does, else 503; either way with what was found. Ages are in seconds."""
    problems: list[str] = []
    found: dict[str, Any] = {"workers": {}, "oldest_waiting_message": None}
    try:
        _write()
        with db.engine.connect() as connection:
            seen = queries.heartbeats(connection)
            found["workers"] = {queue: _seconds_since(at) for queue, at in seen.items()}
            found["oldest_waiting_message"] = _seconds_since(queries.oldest_waiting(connection))
        too_old = clock.now() - queries.MISSING_AFTER
        problems += [
            f"no {queue} worker has been seen for half a minute"
            for queue, at in seen.items()
            if at is None or at < too_old
        ]
    except SQLAlchemyError:
        problems.append("the database cannot be written")
    try:
        job_queue.connection().ping()
    except RedisError:
        problems.append("the queue server does not answer")
    return jsonify(ready=not problems, problems=problems, **found), 503 if problems else 200
