"""The worker process (`python worker.py mail` or `desk`): builds the app once and runs the jobs of one queue in forks.

The parent never keeps a database connection over a fork. Every few seconds, and whenever a work-horse dies, it writes
its heartbeat and (on the mail queue) sweeps: letters of dead processes are freed or held, and the doorbell is rung
where letters are due and nobody rings. On both queues, jobs that catch up are rung every so often.
"""

from __future__ import annotations

import argparse
import ctypes
import logging
import math
import os
import signal
import sys
import time
from typing import Any

from flask import Flask
from redis import RedisError
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from config import SettingsError, load_settings
from crm import create_app, job_queue
from crm.extensions import db
from crm.health.actions import beat, say_goodbye
from crm.job_queue import MAIL, QUEUES, AllowedJob, Doorbell
from crm.letters.actions import hold_starts
from crm.outbox import leases, outages
from crm.outbox.actions import SEND_WAITING
from crm.outbox.holder import Holder, this_process
from crm.outbox.restoring import hold_sending
from crm.outbox.sweep import sweep
from crm.outbox.witness import Witness, last_sent
from crm.unit_of_work import unit_of_work

logger = logging.getLogger("ratify.worker")

TICK = 5  # seconds between two rounds of the parent's own duties
CATCH_UP = 60  # seconds between two looks for what a lost bell or a dead work-horse left undone
_PR_SET_PDEATHSIG = 1


class Duties:
    """What the parent does beside starting work-horses."""

    def __init__(self, app: Flask, queue: str, holder: Holder) -> None:
        self.app = app
        self.queue = queue
        self.holder = holder
        self.last = 0.0
        self.caught_up = -math.inf
        settings = app.extensions["settings"]
        self.witness = Witness(settings.data, settings.sqlalchemy_url)

    def do(self, *, now: bool = False) -> None:
        """One round, if it is time; nothing that is away may end the worker."""
        if not now and time.monotonic() - self.last < TICK:
            return
        self.last = time.monotonic()
        try:
            mails = self.queue == MAIL
            sent = last_sent() if mails else None
            if mails and self.witness.contradicts(sent):
                self._hold()
            news = mails and sent != self.witness.known
            with unit_of_work("heartbeat", actor=f"worker:{self.holder.worker}", durable=news):
                beat(self.queue, self.holder.worker)
            if mails:
                self.witness.remember(sent)
                sweep(self.holder)
                self._ring()
            self._catch_up()
        except SQLAlchemyError as error:
            logger.warning("the database is away: %s", error)
        except RedisError as error:
            logger.warning("the queue server is away: %s", error)
        finally:
            self.close_database()

    def _hold(self) -> None:
        """Let nothing leave by itself: this database knows nothing of letters that were sent from it."""
        logger.warning("the database is older than what was sent from it: all sending is on hold")
        with unit_of_work("hold sending", actor=f"worker:{self.holder.worker}"):
            hold_sending()
            hold_starts()

    def _ring(self) -> None:
        """Ring where letters are due and no ring is waiting, as after a restart of the queue server."""
        if leases.anything_due() and not outages.must_wait() and not len(job_queue.get_queue(MAIL)):
            job_queue.ring(Doorbell(SEND_WAITING))

    def _catch_up(self) -> None:
        """Ring the jobs that catch up, once no other bell waits; one that kills its work-horse waits its turn too."""
        if time.monotonic() - self.caught_up >= CATCH_UP and not len(job_queue.get_queue(self.queue)):
            for name in job_queue.catching_up(self.queue):
                job_queue.ring(Doorbell(name))
            self.caught_up = time.monotonic()

    def start(self) -> None:
        """Before the first job."""
        try:
            if self.queue == MAIL:
                outages.try_at_once(f"worker:{self.holder.worker}")
        except SQLAlchemyError as error:
            logger.warning("the database is away: %s", error)
        self.do(now=True)

    def end(self) -> None:
        """After the last job."""
        try:
            with unit_of_work("goodbye", actor=f"worker:{self.holder.worker}", durable=False):
                say_goodbye(self.holder.worker)
        except SQLAlchemyError as error:
            logger.warning("the database is away: %s", error)
        finally:
            self.close_database()

    @staticmethod
    def close_database() -> None:
        """No connection may be open when a work-horse is forked: two processes would speak on it."""
        db.session.remove()
        db.engine.dispose()


class QueueWorker(Worker):
    """RQ's forking worker with our duties at each of its heartbeats."""

    max_connection_wait_time = 5.0

    def __init__(self, queue: Queue, duties: Duties) -> None:
        self.duties = duties
        super().__init__(
            [queue],
            name=f"{duties.holder.worker}-{time.time_ns()}",
            connection=queue.connection,
            job_class=AllowedJob,
            serializer=JSONSerializer,
            worker_ttl=45,
            maintenance_interval=30,
            job_monitoring_interval=TICK,
        )

    @property
    def dequeue_timeout(self) -> int:
        """How long an idle worker waits for a job before it sees to its duties."""
        return TICK

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """RQ calls this between jobs, in idle moments, and every few seconds while a work-horse runs."""
        self.duties.do()
        super().heartbeat(timeout, pipeline)

    def maintain_heartbeats(self, job: Job, execution: Any) -> None:
        """A queue server that is away while a work-horse runs is no reason to leave the work-horse alone."""
        try:
            super().maintain_heartbeats(job, execution)
        except RedisError as error:
            logger.warning("the queue server is away: %s", error)

    def handle_work_horse_killed(self, job: Job, retpid: int, ret_val: int, rusage: Any) -> None:
        """What the dead work-horse held is free at once."""
        super().handle_work_horse_killed(job, retpid, ret_val, rusage)  # type: ignore[no-untyped-call]
        self.duties.do(now=True)

    def handle_warm_shutdown_request(self) -> None:
        """Ask the work-horse to stop after the letter in the air; a job of the desk is waited for."""
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]
        if self.horse_pid and self.duties.queue == MAIL:
            self.kill_horse(signal.SIGTERM)

    def setup_work_horse_signals(self) -> None:
        """In the work-horse: stop when asked to, and when the parent dies."""
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]
        parent = int(self.pid or 0)
        if self.duties.queue == MAIL:
            job_queue.stop.listen(parent)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)


def _wait_for_queue(queue: Queue, duties: Duties) -> None:
    """Until the queue server answers, letters of dead workers are freed all the same."""
    while True:
        try:
            queue.connection.ping()
        except RedisError as error:
            logger.warning("waiting for the queue server: %s", error)
            time.sleep(1)
            duties.do()
        else:
            return


def main() -> None:
    """Work until SIGTERM or SIGINT."""
    arguments = argparse.ArgumentParser(description="Run the jobs of one queue.")
    arguments.add_argument("queue", choices=QUEUES)
    name = arguments.parse_args().queue
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)s {name} %(levelname)s %(message)s")
    try:
        app = create_app(load_settings())
    except SettingsError as error:
        sys.exit(str(error))
    with app.app_context():
        duties = Duties(app, name, this_process(name))
        queue = job_queue.get_queue(name)
        duties.start()
        _wait_for_queue(queue, duties)
        worker = QueueWorker(queue, duties)
        try:
            worker.work(logging_level="WARNING")
        finally:
            duties.end()


if __name__ == "__main__":
    main()
