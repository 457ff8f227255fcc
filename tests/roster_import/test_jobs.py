"""The desk worker applies what was asked for, once, and finds what a dead one has left."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException
from sqlalchemy.exc import OperationalError

from crm import job_queue
from crm.audit.models import ChangeSet
from crm.directory.models import Person
from crm.extensions import db
from crm.job_queue import DESK, AllowedJob
from crm.roster_import import actions, applying, jobs, preparing, works
from crm.roster_import.models import MOST_ATTEMPTS, Import, ImportRow, ImportState, Reason
from crm.roster_import.progress import Phase, Progress, progress_of
from crm.roster_import.queries import waiting_imports
from crm.roster_import.spool import Spool
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user
from tests.factories.directory import make_person
from tests.factories.roster_import import full_list, leave_dead, members, stage_file

USER = "Ada Officer"


@pytest.fixture
def staged_id(app: Flask, tmp_path: Path) -> int:
    path = full_list(tmp_path / "list.xml", members(3))
    user_id = make_user(name=USER).id
    return stage_file(path, as_of=date(2025, 6, 1), user_id=user_id).id


def ask(import_id: int) -> None:
    with unit_of_work("ask for import", actor="user:1"):
        actions.request_application(import_id, confirmed=False)


def state_of(import_id: int) -> ImportState:
    db.session.rollback()
    return db.session.get_one(Import, import_id).state


def people() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Person)) or 0


def test_a_real_worker_applies_it_in_the_name_of_who_asked(staged_id: int) -> None:
    ask(staged_id)
    queue = job_queue.get_queue(DESK)
    worker = SimpleWorker([queue], connection=queue.connection, job_class=AllowedJob, serializer=JSONSerializer)
    worker.work(burst=True)
    assert state_of(staged_id) is ImportState.APPLIED
    assert people() == 3
    found = db.session.get_one(Import, staged_id)
    assert found.change_set_id is not None
    change_set = db.session.get_one(ChangeSet, found.change_set_id)
    assert (change_set.action, change_set.actor) == ("apply import", f"user:{found.user_id}")
    assert progress_of(staged_id) == Progress(Phase.WRITTEN, 3, 3)


def test_a_second_ring_changes_nothing(staged_id: int) -> None:
    ask(staged_id)
    jobs.apply_queued(staged_id)
    jobs.apply_queued(staged_id)
    assert (state_of(staged_id), people()) == (ImportState.APPLIED, 3)


def test_what_a_dead_worker_left_is_applied_by_the_next(staged_id: int) -> None:
    ask(staged_id)
    leave_dead(staged_id, ImportState.APPLYING)
    jobs.catch_up()
    assert (state_of(staged_id), people()) == (ImportState.APPLIED, 3)


def test_the_desk_worker_catches_up_with_imports_whose_ring_was_lost(staged_id: int) -> None:
    ask(staged_id)
    assert waiting_imports() == [(staged_id, ImportState.QUEUED)]
    assert f"{jobs.__name__}.catch_up" in job_queue.catching_up(DESK)


def test_a_failure_is_told_and_changes_nothing(staged_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(staged_id)

    def fail(_events: object) -> None:
        raise RuntimeError("no room")

    with monkeypatch.context() as broken:
        broken.setattr(applying, "add_events", fail)
        with pytest.raises(RuntimeError):
            jobs.apply_queued(staged_id)
    assert (state_of(staged_id), people()) == (ImportState.REFUSED, 0)
    assert "rolled back" in db.session.get_one(Import, staged_id).problem
    ask(staged_id)
    jobs.apply_queued(staged_id)
    assert (state_of(staged_id), people()) == (ImportState.APPLIED, 3)


@pytest.fixture
def two_waiting(staged_id: int, tmp_path: Path) -> tuple[int, int]:
    path = full_list(tmp_path / "other.xml", members(2, start=10))
    other_id = stage_file(path, as_of=date(2025, 6, 1)).id
    ask(staged_id)
    ask(other_id)
    return staged_id, other_id


def fail_on(import_id: int, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    real = preparing.prepare

    def prepare(wanted_id: int, spool: Spool[preparing.Step], progress: preparing.Progress) -> None:
        if wanted_id == import_id:
            raise error
        real(wanted_id, spool, progress)

    monkeypatch.setattr(works, "prepare", prepare)


class Busy(Exception):
    sqlite_errorcode = sqlite3.SQLITE_BUSY


class TooManyVariables(Exception):
    sqlite_errorcode = sqlite3.SQLITE_ERROR


class StatementTimeout(Exception):
    sqlstate = "57014"


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (RuntimeError("no room"), ImportState.REFUSED),
        (OperationalError("", {}, TooManyVariables()), ImportState.REFUSED),
        (OperationalError("", {}, StatementTimeout()), ImportState.REFUSED),
        (OperationalError("", {}, Busy()), ImportState.APPLYING),
    ],
)
def test_one_that_always_fails_does_not_hold_up_the_next(
    two_waiting: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    state: ImportState,
) -> None:
    fail_on(two_waiting[0], error, monkeypatch)
    jobs.catch_up()
    assert [state_of(import_id) for import_id in two_waiting] == [state, ImportState.APPLIED]
    assert f"import {two_waiting[0]} failed" in caplog.text


def test_one_that_kills_its_worker_comes_last(two_waiting: tuple[int, int]) -> None:
    leave_dead(two_waiting[0], ImportState.APPLYING)
    assert [import_id for import_id, _state in waiting_imports()] == [two_waiting[1], two_waiting[0]]


def test_a_job_out_of_time_leaves_the_rest_to_the_next(
    two_waiting: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_on(two_waiting[0], JobTimeoutException(), monkeypatch)
    with pytest.raises(JobTimeoutException):
        jobs.catch_up()
    assert [state_of(import_id) for import_id in two_waiting] == [ImportState.REFUSED, ImportState.QUEUED]


def test_an_import_discarded_while_it_waited_is_left_alone(staged_id: int) -> None:
    ask(staged_id)
    with unit_of_work("discard", actor="user:1"):
        actions.discard(staged_id)
    jobs.apply_queued(staged_id)
    assert (state_of(staged_id), people()) == (ImportState.DISCARDED, 0)


def test_without_a_queue_server_there_is_no_progress_to_tell(staged_id: int, app: Flask) -> None:
    app.extensions["queue_connection"] = job_queue.connect("redis://127.0.0.1:1")
    try:
        ask(staged_id)
        jobs.apply_queued(staged_id)
        assert progress_of(staged_id) is None
    finally:
        app.extensions["queue_connection"] = job_queue.connect(app.extensions["queue_url"])
    assert state_of(staged_id) is ImportState.APPLIED


def test_one_that_kills_its_worker_again_and_again_is_given_up(staged_id: int) -> None:
    ask(staged_id)
    for _attempt in range(MOST_ATTEMPTS):
        leave_dead(staged_id, ImportState.APPLYING)
    jobs.catch_up()
    assert (state_of(staged_id), people()) == (ImportState.REFUSED, 0)
    assert "begun several times and never finished" in db.session.get_one(Import, staged_id).problem
    # Who asks again has another try.
    ask(staged_id)
    jobs.catch_up()
    assert (state_of(staged_id), people()) == (ImportState.APPLIED, 3)


def test_what_somebody_changed_while_it_was_prepared_is_left_alone(
    staged_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = preparing.prepare

    def prepare(import_id: int, spool: Spool[preparing.Step], progress: preparing.Progress) -> None:
        real(import_id, spool, progress)
        make_person("Ada INVENTED2", email=None, parliament=None, group=None, country="ES")

    monkeypatch.setattr(works, "prepare", prepare)
    ask(staged_id)
    jobs.apply_queued(staged_id)
    assert state_of(staged_id) is ImportState.APPLIED
    held = db.session.scalars(sa.select(ImportRow).where(ImportRow.reason == Reason.MOVED_ON)).all()
    assert [row.name for row in held] == ["Ada INVENTED2"]
    assert people() == 3
