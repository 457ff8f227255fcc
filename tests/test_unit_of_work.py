"""One transaction: all of it or nothing, and doorbells only for what was committed."""

from __future__ import annotations

import logging

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import OperationalError

from config import Settings
from crm import create_app, job_queue
from crm.audit.models import Change, ChangeSet
from crm.database import large_work
from crm.directory.models import Category, Contact, Organization
from crm.extensions import db
from crm.job_queue import MAIL
from crm.unit_of_work import current_unit_of_work, unit_of_work

JOB = "a.job.of.these.tests"


@pytest.fixture(autouse=True)
def job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(job_queue._jobs, JOB, (MAIL, 60))


def add_organization() -> None:
    db.session.add(Organization(category=Category.PARTNER, name="Engines", sort_name="engines"))


def count(table: type[Contact | Change | ChangeSet]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def waiting() -> list[str | None]:
    return [job.func_name for job in job_queue.get_queue(MAIL).jobs]


def test_an_error_leaves_no_trace(app: Flask) -> None:
    def fail() -> None:
        with unit_of_work("add", actor="user:1") as work:
            add_organization()
            db.session.flush()
            work.notes["rows"] = 1
            work.ring(JOB)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (count(Contact), count(Change), count(ChangeSet)) == (0, 0, 0)
    assert waiting() == []
    with unit_of_work("add", actor="user:1"):
        add_organization()
    assert count(Contact) == 1


def test_doorbells_ring_once_and_after_the_commit(app: Flask) -> None:
    with unit_of_work("add", actor="user:1") as work:
        add_organization()
        work.ring(JOB)
        work.ring(JOB)
        assert waiting() == []
    assert waiting() == [JOB]
    assert count(Contact) == 1


def test_a_dead_queue_server_loses_nothing(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    dead = create_app(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"}))
    with dead.app_context(), caplog.at_level(logging.WARNING):
        with unit_of_work("add", actor="user:1") as work:
            add_organization()
            work.ring(JOB)
        assert count(Contact) == 1
        db.session.remove()
        db.engine.dispose()
    assert "queue server away" in caplog.text


def test_a_unit_inside_a_unit_is_refused_and_rolls_the_outer_one_back(app: Flask) -> None:
    def nest() -> None:
        with unit_of_work("outer", actor="user:1"):
            add_organization()
            with unit_of_work("inner", actor="user:1"):
                pass

    with pytest.raises(RuntimeError, match="inside unit_of_work"):
        nest()
    assert count(Contact) == 0


def test_there_is_no_unit_of_work_after_its_end(app: Flask) -> None:
    with unit_of_work("add", actor="user:1") as work:
        assert current_unit_of_work() is work
    with pytest.raises(RuntimeError, match="outside"):
        current_unit_of_work()


@pytest.mark.sqlite_only  # PostgreSQL has no single write lock
def test_an_impatient_unit_gives_way_at_once(app: Flask, settings: Settings) -> None:
    other = create_app(settings)
    with other.app_context(), unit_of_work("long import", actor="user:1"):
        add_organization()
        with app.app_context(), pytest.raises(OperationalError), unit_of_work("mark", actor="user:1", wait=False):
            add_organization()
    assert count(Contact) == 1
    with unit_of_work("mark", actor="user:1", wait=False):
        add_organization()
    assert count(Contact) == 2
    assert db.session.scalar(sa.text("PRAGMA busy_timeout")) == 30_000


@pytest.mark.sqlite_only
def test_large_works_have_a_cache_of_their_own_and_give_it_back(app: Flask) -> None:
    def pragmas() -> tuple[int, int]:
        with unit_of_work("look", actor="user:1"):
            found = [db.session.scalar(sa.text(f"PRAGMA {name}")) for name in ("mmap_size", "cache_size")]
        return found[0], found[1]

    before = pragmas()
    with large_work():
        assert pragmas() == (0, -65536)
    assert pragmas() == before
    assert before[0] > 0
