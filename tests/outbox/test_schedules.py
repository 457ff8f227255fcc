"""Letters that wait for their time, and the files that go with them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from crm import clock
from crm.extensions import db
from crm.outbox import actions, enclosures
from crm.outbox.actions import File
from crm.outbox.models import Batch, BatchState, MessageState, PauseReason
from crm.unit_of_work import unit_of_work
from tests.factories.outbox import a_draft, letters, make_batch
from tests.outbox.conftest import Send
from tests.servers.smtp import SmtpServer

HOUR = timedelta(hours=1)


def paused(batch: Batch) -> tuple[BatchState, PauseReason | None]:
    db.session.rollback()
    found = db.session.get_one(Batch, batch.id)
    return found.state, found.paused_for


def test_a_letter_leaves_at_its_time_and_one_that_missed_it_waits_for_a_person(server: SmtpServer, send: Send) -> None:
    now = clock.now()
    batch = make_batch()
    with unit_of_work("post", actor="test"):
        actions.post(
            batch.id,
            [
                a_draft(1, not_before=now - HOUR, late_after=now + HOUR),
                a_draft(2, not_before=now + HOUR, late_after=now + 13 * HOUR),
            ],
        )
    send()
    assert [letter.state for letter in letters(batch)] == [MessageState.SENT, MessageState.QUEUED]
    with clock.pretend(now + 14 * HOUR):
        send()
        assert paused(batch) == (BatchState.PAUSED, PauseReason.LATE)
        assert letters(batch)[1].state is MessageState.QUEUED
        with unit_of_work("resume", actor="test"):
            actions.resume(batch.id)
        assert paused(batch) == (BatchState.RUNNING, None)
        send()
    assert letters(batch)[1].state is MessageState.SENT
    assert len(server.received) == 2


def test_files_go_with_every_letter_and_one_that_is_gone_stops_them(
    server: SmtpServer, send: Send, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enclosures, "_keepers", [tmp_path.joinpath])
    (tmp_path / "a").write_bytes(b"%PDF-1.7\n.\n" + bytes(range(256)))
    batch = make_batch(2, released=False, html="<p>Hi</p>")
    with unit_of_work("enclose", actor="test"):
        actions.enclose(batch.id, [File("a", "Être “là”.pdf", "application/pdf", 267), File("b", "b.txt", "x/y", 1)])
        actions.release(batch.id)
    send()
    assert paused(batch) == (BatchState.PAUSED, PauseReason.MISSING_FILE)
    (tmp_path / "b").write_bytes(b"b")
    with unit_of_work("resume", actor="test"):
        actions.resume(batch.id)
    send()
    assert [letter.state for letter in letters(batch)] == [MessageState.SENT] * 2
    message = server.received[1].message
    assert message.get_body(("plain",)) is not None
    assert message.get_body(("html",)) is not None
    files = list(message.iter_attachments())
    assert [file.get_filename() for file in files] == ["Être “là”.pdf", "b.txt"]
    assert files[0].get_content() == (tmp_path / "a").read_bytes()
