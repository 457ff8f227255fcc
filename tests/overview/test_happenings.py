"""The timeline in words: what two contacts that are one were told alike is one line, and who may follows a link."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.overview.happenings import happenings
from crm.policy import Role
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person

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


def test_an_import_is_told_with_a_link_for_those_who_may_open_it(client: FlaskClient) -> None:
    officer, viewer = make_user(), make_user(Role.VIEWER)
    person = make_person()
    details = {"kind": "changed", "as_of": "2025-08-01"}
    with unit_of_work("import", actor="test"):
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        add_events([Event(person.id, moment, EntryKind.IMPORTED, "import:7", "roster.xml", details)])
    page = sign_in(client, officer).get(f"/contacts/{person.id}").text
    assert "Changed, as of" in page
    assert 'href="/imports/7"' in page
    page = sign_in(client, viewer).get(f"/contacts/{person.id}").text
    assert "roster.xml" in page
    assert 'href="/imports/7"' not in page
