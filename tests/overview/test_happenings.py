"""The timeline in words: what two contacts that are one by now were told alike is one line."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from crm.overview.happenings import happenings
from crm.timeline.models import EntryKind

pytestmark = pytest.mark.sqlite_only


def test_what_was_told_of_both_is_told_once(app: Flask) -> None:
    at = datetime(2026, 1, 1, 12, 0, 5, tzinfo=UTC)

    def row(kind: EntryKind, reference: str, summary: str, later: int = 0) -> Any:
        at_all: dict[str, Any] = {"details": {}, "actor": "user:1", "team_id": None}
        return SimpleNamespace(
            at=at + timedelta(seconds=later), kind=kind, reference=reference, summary=summary, **at_all
        )

    rows = [
        row(EntryKind.CALL, "interaction:1", "Spoke of the vote"),
        row(EntryKind.CALL, "interaction:1", "Spoke of the vote", later=1),
        row(EntryKind.CALL, "interaction:2", "Spoke of the vote"),
        row(EntryKind.CALL, "interaction:1", "Spoke of the vote", later=90),
    ]
    with app.test_request_context():
        assert [event.at.second for event in happenings(rows, {})] == [5, 5, 35]
