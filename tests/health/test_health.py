"""The product tells whether everything that should run does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm import clock
from crm.extensions import db
from crm.health.actions import beat, say_goodbye
from crm.health.models import WorkerHeartbeat
from crm.health.queries import health_warning
from crm.job_queue import DESK, MAIL, connect
from crm.outbox.models import Outage, OutageReason
from crm.unit_of_work import unit_of_work
from tests.factories.outbox import make_batch


def workers_beat(*queues: str) -> None:
    with unit_of_work("beat", actor="test"):
        for queue in queues:
            beat(queue, f"{queue}@here:1")


def ready(client: FlaskClient) -> tuple[int, dict[str, Any]]:
    """Status and contents of the answer."""
    answer = client.get("/readyz")
    return answer.status_code, answer.get_json()


def warning(app: Flask) -> str | None:
    app.extensions.pop("present_trouble", None)
    with app.test_request_context():
        return health_warning()


def test_alive(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"alive": True})


def test_ready_when_all_run(client: FlaskClient) -> None:
    workers_beat(MAIL, DESK)
    make_batch(1)
    status, found = ready(client)
    assert (status, found["ready"], found["problems"]) == (200, True, [])
    assert 0 <= found["workers"][MAIL] < 30
    assert 0 <= found["oldest_waiting_message"] < 30


def test_not_ready_without_workers(client: FlaskClient) -> None:
    workers_beat(DESK)
    with unit_of_work("age", actor="test"):
        db.session.execute(sa.update(WorkerHeartbeat).values(at=clock.now() - timedelta(minutes=1)))
    status, found = ready(client)
    assert status == 503
    assert found["problems"] == [
        "no mail worker has been seen for half a minute",
        "no desk worker has been seen for half a minute",
    ]
    assert found["workers"][MAIL] is None
    assert found["workers"][DESK] > 59


def test_not_ready_without_the_queue_server(app: Flask, client: FlaskClient) -> None:
    workers_beat(MAIL, DESK)
    app.extensions["queue_connection"] = connect("redis://127.0.0.1:1")
    status, found = ready(client)
    assert (status, found["problems"]) == (503, ["the queue server does not answer"])


@pytest.mark.sqlite_only
def test_not_ready_while_nobody_can_write(app: Flask, client: FlaskClient) -> None:
    workers_beat(MAIL, DESK)
    other = sa.create_engine(app.config["SQLALCHEMY_DATABASE_URI"])
    with other.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        status, found = ready(client)
    other.dispose()
    assert (status, found["problems"]) == (503, ["the database cannot be written"])


def test_a_worker_that_ends_is_missed_at_once(client: FlaskClient) -> None:
    workers_beat(MAIL, DESK)
    with unit_of_work("end", actor="test"):
        say_goodbye(f"{MAIL}@here:1")
    _status, found = ready(client)
    assert found["problems"] == ["no mail worker has been seen for half a minute"]


def test_the_banner_counts_letters_that_wait_for_a_worker(app: Flask) -> None:
    assert warning(app) is None
    make_batch(3, released=False)
    assert warning(app) is None
    make_batch(37, reference="mailing:2")
    assert warning(app) == "37 letters wait: no mail worker is running."
    workers_beat(MAIL)
    assert (
        warning(app)
        == "Imports and planned mailings wait: the program that does them in the background is not running."
    )
    workers_beat(DESK)
    assert warning(app) is None


def test_the_banner_tells_the_mail_servers_words(app: Flask) -> None:
    workers_beat(MAIL, DESK)
    make_batch(1)
    with unit_of_work("outage", actor="test"):
        now = clock.now()
        db.session.add(
            Outage(
                reason=OutageReason.LOGIN_REFUSED,
                words="535 wrong password",
                since=now,
                failures=1,
                next_attempt_at=now,
            )
        )
    assert warning(app) == "1 letter waits for the mail server: 535 wrong password"


def test_the_banner_is_looked_up_once_in_a_while(app: Flask) -> None:
    assert warning(app) is None
    make_batch(1)
    statements: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    with app.test_request_context():
        assert health_warning() is None
    assert statements == []
    assert warning(app) is not None
    assert [statement.split()[0] for statement in statements if "SELECT" in statement] == ["SELECT"] * 3


@pytest.mark.sqlite_only
def test_the_banner_never_breaks_a_page(app: Flask) -> None:
    with unit_of_work("break", actor="test"):
        db.session.execute(sa.text("DROP TABLE worker_heartbeat"))
    assert warning(app) is None
