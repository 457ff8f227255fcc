"""The reader's own day: what screens call today is where they are, not where the server is."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm import clock, i18n
from crm.extensions import db
from crm.policy import Role
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.pipeline import make_campaign

NEARLY_MIDNIGHT = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)


@pytest.mark.sqlite_only
def test_today_on_a_screen_is_the_readers_day(client: FlaskClient) -> None:
    lead = make_user(Role.LEAD)
    make_campaign(owner=lead, goal_by=date(2026, 7, 2))
    with clock.pretend(NEARLY_MIDNIGHT):
        sign_in(client, lead)
        assert _told(client) == "in 1 day"
        with unit_of_work("move", actor="test"):
            db.session.merge(lead).timezone = "Europe/Brussels"
        assert _told(client) == "today"


def _told(client: FlaskClient) -> str:
    """How soon the list of campaigns says that the goal is due."""
    found = re.search(r'<time datetime="2026-07-02"[^>]*>([^<]*)</time>', client.get("/campaigns").text)
    assert found is not None
    return found[1]


@pytest.mark.sqlite_only
def test_outside_a_request_today_is_everybodys_day(app: Flask) -> None:
    with clock.pretend(NEARLY_MIDNIGHT):
        assert i18n.today() == clock.today() == date(2026, 7, 1)
        assert i18n.today("Asia/Tokyo") == date(2026, 7, 2)
