"""The worker process itself: it stops when asked to, outlives its queue server, and runs nothing but our jobs."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from rq import Queue

from config import Settings
from crm import clock
from crm.extensions import db
from crm.health.models import WorkerHeartbeat
from crm.job_queue import MAIL, AllowedJob, connect, get_queue
from crm.outbox import actions, queries
from crm.outbox.models import Batch, BatchState, Lease, MessageState, OutgoingMessage, PauseReason
from crm.outbox.reasons import Reason
from crm.unit_of_work import unit_of_work
from tests.factories.outbox import a_draft, make_batch
from tests.servers.processes import UNPACED, QueueServer, Workers
from tests.servers.smtp import SmtpServer

pytestmark = pytest.mark.sqlite_only
PATIENCE = 90.0


def until(happened: Callable[[], bool], what: str) -> None:
    """Wait for it; the machine may be busy."""
    patience = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < patience, f"{what} did not happen"
        time.sleep(0.02)


@pytest.fixture
def workers(settings: Settings, smtp_server: SmtpServer, tmp_path: Path) -> Iterator[Workers]:
    """A mail worker in a process of its own, started when it is first asked for."""
    found = Workers(
        {
            **os.environ,
            "RATIFY_ENV": "test",
            "RATIFY_DATA": str(settings.data),
            "DATABASE_URL": settings.sqlalchemy_url,
            "REDIS_URL": settings.redis_url,
            "SECRET_KEY": settings.secret_key.get_secret_value(),
            "MAIL_SERVER": smtp_server.host,
            "MAIL_PORT": str(smtp_server.port),
            **UNPACED,
        },
        tmp_path / "worker.log",
    )
    yield found
    for process in found.left_over():
        process.kill()
    found.ensure_dead()


def counts(batch: Batch) -> dict[MessageState, int]:
    batch_id = batch.id
    db.session.rollback()
    return queries.batch_counts(batch_id)


def heartbeat_seen() -> bool:
    db.session.rollback()
    return db.session.scalar(sa.select(WorkerHeartbeat.queue)) == MAIL


def test_a_worker_that_is_asked_to_stop_finishes_the_letter_in_the_air(
    app: Flask, workers: Workers, smtp_server: SmtpServer
) -> None:
    smtp_server.behaviour.delay = lambda: 0.05
    batch = make_batch(400)
    workers.ensure()
    until(lambda: len(smtp_server.received) > 5, "sending")
    assert heartbeat_seen()
    workers.stop()
    found = counts(batch)
    sent = found.pop(MessageState.SENT)
    assert sent == len(smtp_server.received) < 400
    assert found.pop(MessageState.QUEUED) == 400 - sent
    assert not any(found.values())
    assert db.session.scalars(sa.select(Lease)).all() == []
    assert workers.left_over() == []
    assert not heartbeat_seen(), "it said goodbye"


def test_a_work_horse_that_lost_its_parent_stops_by_itself(
    app: Flask, workers: Workers, smtp_server: SmtpServer
) -> None:
    smtp_server.behaviour.delay = lambda: 0.05
    batch = make_batch(400)
    workers.ensure()
    until(lambda: len(smtp_server.received) > 5, "sending")
    horse = workers.horse()
    assert horse is not None
    os.kill(workers.ensure().pid, signal.SIGKILL)
    workers.ensure_dead()
    until(lambda: not workers.left_over(), "the end of the work-horse")
    found = counts(batch)
    assert found[MessageState.SENT] == len(smtp_server.received)
    assert found[MessageState.SENT] + found[MessageState.QUEUED] == 400, "nothing is held: it stopped in good order"


def test_an_emptied_queue_server_is_rung_again(app: Flask, workers: Workers, smtp_server: SmtpServer) -> None:
    workers.ensure()
    until(heartbeat_seen, "the first heartbeat")
    batch = make_batch(3)
    app.extensions["queue_connection"].flushall()
    until(lambda: counts(batch)[MessageState.SENT] == 3, "sending without a ring")


def test_a_queue_server_that_comes_back_empty_loses_nothing(
    app: Flask, workers: Workers, smtp_server: SmtpServer, tmp_path: Path
) -> None:
    folder = tmp_path / "queue"
    folder.mkdir()
    workers.environment["REDIS_URL"] = f"unix://{folder / 'queue.sock'}"
    workers.ensure()
    # No queue server is there yet: the worker waits for it, and lives.
    until(heartbeat_seen, "a heartbeat without a queue server")
    batch = make_batch(3)
    with QueueServer(folder):
        until(lambda: counts(batch)[MessageState.SENT] == 3, "sending")
        assert workers.process is not None
        assert workers.process.poll() is None
    with QueueServer(folder):
        second = make_batch(3, reference="mailing:2")

        def sent() -> bool:
            workers.ensure()
            return counts(second)[MessageState.SENT] == 3

        until(sent, "sending after the queue server's return")
        workers.stop()


def test_a_database_put_back_from_a_backup_sends_nothing_by_itself(
    app: Flask, workers: Workers, smtp_server: SmtpServer
) -> None:
    workers.ensure()
    first = make_batch(3)
    until(lambda: counts(first)[MessageState.SENT] == 3, "sending")
    remembered = Path(workers.environment["RATIFY_DATA"]) / "last-sent.json"
    until(remembered.exists, "the worker's memory")
    workers.stop()
    with unit_of_work("restore a copy of before", actor="test"):
        db.session.execute(
            sa.update(OutgoingMessage).values(state=MessageState.QUEUED, finished_at=None, next_attempt_at=clock.now())
        )
        link = actions.post_now(a_draft(9, reference="reset:9", text="a secret link"))
    workers.ensure()
    until(lambda: _standing(first) == (BatchState.PAUSED, PauseReason.RESTORED), "the hold")
    assert db.session.get_one(OutgoingMessage, link).reason is Reason.RESTORED
    later = make_batch(2, reference="mailing:2")
    until(lambda: counts(later)[MessageState.SENT] == 2, "sending of what is new")
    workers.stop()
    assert len(smtp_server.received) == 5, "nothing left twice"
    with unit_of_work("resume", actor="test"):
        actions.resume(first.id)
    workers.ensure()
    until(lambda: counts(first)[MessageState.SENT] == 3, "sending after a person said so")


def _standing(batch: Batch) -> tuple[BatchState, PauseReason | None]:
    db.session.rollback()
    db.session.refresh(batch)
    return batch.state, batch.paused_for


def test_a_job_that_is_not_ours_is_not_run(app: Flask, workers: Workers, tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "made by a stranger"
    stranger = Queue(MAIL, connection=connect(settings.queue_url), serializer=get_queue(MAIL).serializer)
    job = stranger.enqueue("os.mkdir", str(path))
    workers.ensure()
    until(lambda: AllowedJob.exists(job.id, connection=stranger.connection) and _failed(job.id), "the refusal")
    assert not path.exists()
    result = AllowedJob.fetch(job.id, stranger.connection, stranger.serializer).latest_result()
    assert result is not None
    assert "not a job of this product" in (result.exc_string or "")


def _failed(job_id: str) -> bool:
    return job_id in get_queue(MAIL).failed_job_registry.get_job_ids()
