"""`ratify hold-sending` on a restored copy: what waits in it stays where it is, and what is new still leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from crm.audit.models import ChangeSet
from crm.cli import main
from crm.extensions import db
from crm.job_queue import MAIL
from crm.outbox import actions
from crm.outbox.holder import this_process
from crm.outbox.leases import claim
from crm.outbox.models import Batch, BatchState, MessageState, OutgoingMessage, PauseReason, Priority
from crm.outbox.reasons import Reason
from crm.outbox.sender import Sender
from crm.unit_of_work import unit_of_work
from tests.factories.outbox import a_draft, letters, make_batch
from tests.outbox.conftest import use_server
from tests.servers.smtp import SmtpServer


@pytest.fixture
def hold(app: Flask, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The environment of a command on the app's own database."""
    monkeypatch.setenv("RATIFY_DATA", str(tmp_path))
    monkeypatch.setenv("RATIFY_ENV", "test")
    monkeypatch.setenv("DATABASE_URL", database_url)
    return ["hold-sending"]


def post_link(number: int) -> int:
    with unit_of_work("reset password", actor="test"):
        return actions.post_now(a_draft(number, reference=f"reset:{number}", text="a secret link"))


def state_of(batch: Batch) -> BatchState:
    db.session.rollback()
    db.session.refresh(batch)
    return batch.state


def test_nothing_of_a_restored_copy_leaves_by_itself(app: Flask, smtp_server: SmtpServer, hold: list[str]) -> None:
    links = [post_link(1), post_link(2)]
    taken = claim(this_process(MAIL), 1)
    assert taken is not None
    assert [letter.id for letter in taken.letters] == links[:1], "one was claimed when the copy was made"
    running = make_batch(2)
    finished = make_batch(0, reference="mailing:2")
    unreleased = make_batch(1, reference="mailing:3", released=False)
    answer_to_one = make_batch(1, reference="answer:1", kind="answer", priority=Priority.PERSONAL)

    answer = CliRunner().invoke(main, hold)
    assert answer.exit_code == 0, answer.output
    assert f"Batches paused: 2 (numbers {running.id}, {answer_to_one.id})." in answer.output
    assert "Invitations and password links cancelled: 2." in answer.output
    assert [state_of(batch) for batch in (running, answer_to_one, finished, unreleased)] == [
        BatchState.PAUSED,
        BatchState.PAUSED,
        BatchState.RUNNING,
        BatchState.UNRELEASED,
    ]
    for message_id in links:
        message = db.session.get_one(OutgoingMessage, message_id)
        assert (message.state, message.reason, message.text) == (MessageState.CANCELLED, Reason.RESTORED, "")
    assert (running.paused_for, answer_to_one.paused_for) == (PauseReason.RESTORED, PauseReason.RESTORED)
    change_set = db.session.scalars(sa.select(ChangeSet).where(ChangeSet.action == "hold sending")).one()
    assert (change_set.actor, change_set.notes) == (
        "command:hold-sending",
        {
            "outbox_batch": {str(running.id): "paused", str(answer_to_one.id): "paused"},
            "transactional letters cancelled": 2,
        },
    )

    use_server(app, smtp_server)
    post_link(3)
    Sender(this_process(MAIL)).run(30)
    assert [received.recipient for received in smtp_server.received] == ["member3@parliament.example"]
    with unit_of_work("resume", actor="test"):
        actions.resume(running.id)
    Sender(this_process(MAIL)).run(30)
    assert [letter.state for letter in letters(running)] == [MessageState.SENT] * 2


def test_an_empty_copy_has_nothing_to_hold(app: Flask, hold: list[str]) -> None:
    answer = CliRunner().invoke(main, hold)
    assert answer.exit_code == 0, answer.output
    assert answer.output.splitlines() == ["Batches paused: 0.", "Invitations and password links cancelled: 0."]
