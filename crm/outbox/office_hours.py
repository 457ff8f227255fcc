"""Office hours: whether a moment falls into them on the clock of a time zone, and when they begin again."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

# Monday to Friday; nobody's holidays are known here.
OPENS, CLOSES = time(9), time(17)
_SATURDAY = 5


def in_office_hours(local: datetime) -> datetime:
    """The moment itself, or the next opening after it; on the clock of its zone."""
    if local.weekday() < _SATURDAY and OPENS <= local.time() < CLOSES:
        return local
    day = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
    while day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    return datetime.combine(day, OPENS, local.tzinfo)


def opening(zone: str | None, moment: datetime) -> datetime:
    """When a letter leaves that may from `moment` on, in office hours of that IANA zone (none: at any hour); in UTC."""
    if zone is None:
        return moment
    return in_office_hours(moment.astimezone(ZoneInfo(zone))).astimezone(UTC)


def worked_through(zone: str | None, start: datetime, duration: timedelta) -> datetime:
    """When work of that duration is done that begins at `start` and rests outside of office hours of the zone."""
    if zone is None:
        return start + duration
    moment = opening(zone, start)
    while True:
        local = moment.astimezone(ZoneInfo(zone))
        closes = datetime.combine(local.date(), CLOSES, local.tzinfo).astimezone(UTC)
        if duration <= closes - moment:
            return moment + duration
        duration -= closes - moment
        moment = opening(zone, closes)
