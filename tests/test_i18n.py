"""The reader's own day: what screens call today is where they are, not where the server is."""

from __future__ import annotations

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
    page = f"/campaigns/{make_campaign(owner=lead, goal_by=date(2026, 7, 2)).id}"
    with clock.pretend(NEARLY_MIDNIGHT):
        sign_in(client, lead)
        assert "1 day left" in client.get(page).text
        with unit_of_work("move", actor="test"):
            db.session.merge(lead).timezone = "Europe/Brussels"
        assert "Due today" in client.get(page).text


@pytest.mark.sqlite_only
def test_outside_a_request_today_is_everybodys_day(app: Flask) -> None:
    with clock.pretend(NEARLY_MIDNIGHT):
        assert i18n.today() == clock.today() == date(2026, 7, 1)
        assert i18n.today("Asia/Tokyo") == date(2026, 7, 2)
