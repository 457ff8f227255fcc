"""A reminder leaves once a day, in the morning of its reader, across changes of the clock, and never late."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm import clock
from crm.accounts.models import User
from crm.extensions import db
from crm.outbox.models import OutgoingMessage
from crm.overview.models import Reminder
from crm.overview.reminders import day_to_see_to, send_due, set_reminder, stop_token
from crm.policy import Role
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.history import make_task

WEEK = "1234567"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_morning_begins_where_the_reader_is() -> None:
    cases = [
        # The clocks of Brussels go forward in the night to 29 March 2026, and back in that to 25 October.
        ("2026-03-28T05:59", "Europe/Brussels", None),
        ("2026-03-28T06:00", "Europe/Brussels", date(2026, 3, 28)),
        ("2026-03-29T04:59", "Europe/Brussels", None),
        ("2026-03-29T05:00", "Europe/Brussels", date(2026, 3, 29)),
        ("2026-10-24T05:00", "Europe/Brussels", date(2026, 10, 24)),
        ("2026-10-25T05:00", "Europe/Brussels", None),
        ("2026-10-25T06:00", "Europe/Brussels", date(2026, 10, 25)),
        # A morning that was missed for four hours is skipped.
        ("2026-10-25T09:59", "Europe/Brussels", date(2026, 10, 25)),
        ("2026-10-25T10:00", "Europe/Brussels", None),
        # It is another day in the Pacific.
        ("2026-05-04T19:00", "Pacific/Fiji", date(2026, 5, 5)),
        ("2026-05-04T17:00", "Pacific/Honolulu", date(2026, 5, 4)),
    ]
    for moment, zone, day in cases:
        assert day_to_see_to(at(moment), zone, 7, WEEK) == day, (moment, zone)
    assert day_to_see_to(at("2026-05-09T06:00"), "Europe/Brussels", 7, "12345") is None  # a Saturday


def mails() -> list[OutgoingMessage]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(OutgoingMessage).order_by(OutgoingMessage.id)))


def test_what_is_due_is_told_once_a_day_to_who_wants_it(app: Flask) -> None:
    wants, idle, silent = make_user(name="Ada"), make_user(), make_user()
    users = [wants.id, idle.id]
    make_task(wants.id, "Send the briefing", date(2026, 3, 27))
    task = make_task(wants.id, "Call the desk", date(2026, 3, 30)).id
    make_task(silent.id, "Not told", date(2026, 3, 27))
    with unit_of_work("want reminders", actor="test"):
        for user_id in users:
            set_reminder(user_id, active=True, hour=7, weekdays=WEEK)
        db.session.execute(sa.update(User).values(timezone="Europe/Brussels"))
    monday = at("2026-03-30T05:05")
    with clock.pretend(monday - timedelta(minutes=6)):
        assert send_due() == 0
    with clock.pretend(monday):
        assert (send_due(), send_due()) == (1, 0)
    with clock.pretend(monday + timedelta(hours=3)):
        assert send_due() == 0
    [mail] = mails()
    text = mail.text
    assert mail.subject == "Today, Monday, 30 March 2026"
    assert text.index("Overdue:") < text.index("Send the briefing") < text.index("Due today:")
    assert f"/tasks/{task}\n" in text
    assert "Not told" not in text
    # A worker that comes back in the afternoon leaves the morning alone, and the next day is told of again.
    with clock.pretend(monday + timedelta(days=1, hours=6)):
        assert send_due() == 0
    with clock.pretend(monday + timedelta(days=2)):
        assert send_due() == 1
    assert len(mails()) == 2


def test_it_is_chosen_on_ones_own_page_and_stopped_by_the_link_in_the_mail(client: FlaskClient) -> None:
    user = make_user(Role.TRANSLATOR)
    user_id = user.id
    make_task(user_id, "Translate it", date(2020, 1, 1))
    sign_in(client, user)
    page = client.get("/account").text
    assert 'name="reminder-active"' in page
    assert not re.search(r'name="reminder-active"[^>]* checked|checked[^>]* name="reminder-active"', page)
    chosen = {"reminder-active": "y", "reminder-hour": "6", "reminder-weekdays": ["1", "7"]}
    assert "will come on these days" in client.post("/account/reminder", data=chosen, follow_redirects=True).text
    kept = db.session.scalars(sa.select(Reminder)).one()
    assert (kept.user_id, kept.active, kept.hour, kept.weekdays) == (user_id, True, 6, "17")
    with clock.pretend(at("2026-11-22T06:00")):
        assert send_due() == 1
    [mail] = mails()
    link = re.search(r"/reminders/stop/\S+", mail.text)
    assert link is not None
    stranger = client.application.test_client()
    assert stranger.get(link[0]).status_code == 200
    assert db.session.scalars(sa.select(Reminder.active)).one()
    assert stranger.get(f"{link[0]}x").status_code == 404
    assert "No more reminders will come" in stranger.post(link[0]).text
    db.session.rollback()
    assert not db.session.scalars(sa.select(Reminder.active)).one()
    assert stop_token(user_id) in link[0]
    with clock.pretend(at("2026-11-23T06:00")):
        assert send_due() == 0
    client.post("/account/reminder", data={"reminder-active": "y", "reminder-hour": "6"})
    assert not db.session.scalars(sa.select(Reminder.active)).one()
