"""The mail of a morning: when it is due where its reader is, what it says, and the link that switches it off."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import current_app
from flask_babel import force_locale, format_date, gettext, ngettext
from itsdangerous import BadSignature, URLSafeSerializer

from config import Settings
from crm import clock, i18n
from crm.accounts.models import User
from crm.extensions import db
from crm.history.queries import Whose
from crm.outbox.actions import Draft, post_now
from crm.overview.agenda import MOST_COUNTED, Found, Reader, Section, first_of
from crm.overview.models import Reminder
from crm.unit_of_work import unit_of_work

logger = logging.getLogger(__name__)
ACTOR = "worker:mail"
# What counts as a morning.
HOURS = range(4, 13)
# After an outage of so long nobody begins their day any more: the morning is skipped.
MISSED_AFTER = timedelta(hours=4)
LINES_SHOWN = 15


def day_to_see_to(now: datetime, zone: str, hour: int, weekdays: str) -> date | None:
    """The day, in that time zone, whose reminder should leave now; None before its hour and when that is long past.

    An hour that the clock jumps over is the moment of the jump, one that it shows twice is the first.
    """
    day = now.astimezone(ZoneInfo(zone)).date()
    begins = datetime.combine(day, time(hour), ZoneInfo(zone)).astimezone(UTC)
    in_time = begins <= now < begins + MISSED_AFTER
    return day if in_time and str(day.isoweekday()) in weekdays else None


def send_due() -> int:
    """Post the reminders whose hour has come and that have not left, each in a transaction of its own; how many."""
    wanted = db.session.execute(
        sa.select(Reminder.id, Reminder.hour, Reminder.weekdays, Reminder.looked_on, User.timezone)
        .join(User, User.id == Reminder.user_id)
        .where(Reminder.active, User.active)
    ).all()
    sent = 0
    for row in wanted:
        try:
            day = day_to_see_to(clock.now(), row.timezone, row.hour, row.weekdays)
            if day is None or (row.looked_on is not None and row.looked_on >= day):
                continue
            with unit_of_work("send reminder", actor=ACTOR):
                sent += _see_to(row.id, day)
        except Exception:
            # One user's trouble must not keep the mail from all others.
            logger.exception("reminder %s was not sent", row.id)
    return sent


def _see_to(reminder_id: int, day: date) -> bool:
    """Send the day's reminder if nobody has seen to that day yet and anything is due."""
    claimed = (
        sa.update(Reminder)
        .where(
            Reminder.id == reminder_id,
            Reminder.active,
            sa.or_(Reminder.looked_on.is_(None), Reminder.looked_on < day),
        )
        .values(looked_on=day)
        .returning(Reminder.user_id)
    )
    user_id = db.session.scalar(claimed)
    if user_id is None:
        return False
    user = db.session.get_one(User, user_id)
    with force_locale(i18n.locale_of(user.language)):
        text = _text(user, day)
        subject = gettext("Today, %(day)s", day=format_date(day, "full"))
    if text is None:
        return False
    post_now(Draft(f"reminder:{user.id}:{day.isoformat()}", user.email, user.name, subject, text))
    return True


def _base_url() -> str:
    settings: Settings = current_app.extensions["settings"]
    return settings.base_url


def _text(user: User, day: date) -> str | None:
    """What is overdue and due, with links, in the running locale; None where nothing is."""
    reader = Reader(user.id, user.team_id, user.role, Whose.MINE, day)
    due, falling = (first_of(section, reader, LINES_SHOWN) for section in (Section.DUE, Section.COMMITMENTS))
    if not due.rows and not falling.rows:
        return None
    parts = [
        _part(gettext("Overdue:"), [_line(row) for row in due.rows if row.due < day]),
        _part(gettext("Due today:"), [_line(row) for row in due.rows if row.due == day]),
        _more(due),
        _part(gettext("Commitments falling due:"), [_promise(row) for row in falling.rows]),
        _more(falling),
    ]
    base = _base_url()
    paragraphs = [
        gettext("Hello %(name)s,", name=user.name),
        *(part for part in parts if part),
        gettext("All that waits: %(link)s", link=f"{base}/today?whose=mine"),
        gettext("To have no such mail any more: %(link)s", link=f"{base}/reminders/stop/{stop_token(user.id)}"),
    ]
    return "\n\n".join(paragraphs) + "\n"


def _part(heading: str, lines: Sequence[str]) -> str:
    return "\n".join([heading, *lines]) if lines else ""


def _more(found: Found) -> str:
    rest = found.total - len(found.rows)
    if rest <= 0:
        return ""
    if found.total > MOST_COUNTED:
        return str(gettext("… and many more."))
    return str(ngettext("… and %(num)d more.", "… and %(num)d more.", rest))


def _line(row: Any) -> str:
    about = f" ({row.contact})" if row.contact else ""
    page = "tasks" if row.kind == "task" else "targets"
    title = row.title or gettext("Next step")
    return f"- {format_date(row.due, 'medium')}: {title}{about}\n  {_base_url()}/{page}/{row.id}"


def _promise(row: Any) -> str:
    when = f"{format_date(row.due_on, 'medium')}: " if row.due_on else ""
    return f"- {when}{row.act} ({row.contact})\n  {_base_url()}/commitments/{row.id}"


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="reminder")


def stop_token(user_id: int) -> str:
    """The signed token of the link that ends a user's reminders."""
    return str(_serializer().dumps(user_id))


def user_of_token(token: str) -> int | None:
    """Whose reminders the token may end, or None for one we did not sign."""
    try:
        return int(_serializer().loads(token))
    except (BadSignature, ValueError, TypeError):
        return None


def set_reminder(user_id: int, *, active: bool, hour: int, weekdays: str) -> None:
    """Keep what a user wants, in the running unit of work."""
    kept = db.session.scalar(sa.select(Reminder).where(Reminder.user_id == user_id)) or Reminder(user_id=user_id)
    kept.active, kept.hour, kept.weekdays = active, hour, weekdays
    db.session.add(kept)
    db.session.flush()


def stop(user_id: int) -> None:
    """Send this user no reminder any more, in the running unit of work."""
    for kept in _of(user_id):
        kept.active = False
    db.session.flush()


def _of(user_id: int) -> Iterator[Reminder]:
    yield from db.session.scalars(sa.select(Reminder).where(Reminder.user_id == user_id))


def reminder_of(user_id: int) -> Reminder:
    """What the user has chosen, or what is offered to begin with."""
    return next(_of(user_id), None) or Reminder(active=False, hour=7, weekdays="12345")
