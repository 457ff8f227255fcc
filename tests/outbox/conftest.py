"""An app that sends through the recording SMTP server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask

from crm.extensions import db
from crm.job_queue import MAIL
from crm.outbox import results
from crm.outbox.holder import Holder, process_start, this_process
from crm.outbox.models import Outage
from crm.outbox.results import Result, on_result
from crm.outbox.sender import Sender
from tests.servers.smtp import SmtpServer

Send = Callable[[], None]


def use_server(app: Flask, server: SmtpServer) -> None:
    """Let the app send through that server."""
    app.extensions["mail"].server = server.host
    app.extensions["mail"].port = server.port


@pytest.fixture
def server(app: Flask, smtp_server: SmtpServer) -> SmtpServer:
    use_server(app, smtp_server)
    return smtp_server


@pytest.fixture
def send(app: Flask) -> Send:
    """One turn of a sender, until nothing is due."""

    def run() -> None:
        Sender(this_process(MAIL)).run(30)

    return run


@pytest.fixture
def dead() -> Holder:
    """A process of this host that has ended."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    holder = replace(this_process(MAIL), worker="mail@dead", pid=process.pid, start=process_start(process.pid) or "")
    assert holder.start
    process.communicate()
    return holder


@pytest.fixture
def heard() -> Iterator[list[Result]]:
    """Every result announced during the test."""
    found: list[Result] = []

    def listen(some: Sequence[Result]) -> None:
        found.extend(some)

    on_result(listen)
    yield found
    del results._handlers[listen]


def outage() -> Outage | None:
    """The trouble on record."""
    db.session.rollback()
    return db.session.scalars(sa.select(Outage)).one_or_none()
