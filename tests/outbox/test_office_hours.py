"""Office hours: rules without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from crm.outbox.office_hours import opening, worked_through
from crm.outbox.outcomes import deferred, reply
from crm.outbox.reasons import Reason

BRUSSELS = "Europe/Brussels"
FRIDAY = datetime(2026, 3, 6, 15, 30, tzinfo=UTC)  # half an hour before offices close there
MONDAY = datetime(2026, 3, 9, 8, tzinfo=UTC)


def test_offices_open_on_their_own_clock() -> None:
    assert opening(None, FRIDAY) == opening(BRUSSELS, FRIDAY) == FRIDAY
    assert opening(BRUSSELS, FRIDAY + timedelta(hours=1)) == MONDAY
    assert opening("America/New_York", FRIDAY + timedelta(hours=1)) == FRIDAY + timedelta(hours=1)


def test_work_rests_while_they_are_closed() -> None:
    hours = timedelta(hours=1)
    assert worked_through(None, FRIDAY, 30 * hours) == FRIDAY + 30 * hours
    assert worked_through(BRUSSELS, FRIDAY, hours / 2) == FRIDAY + hours / 2
    assert worked_through(BRUSSELS, FRIDAY, 9 * hours) == MONDAY + timedelta(days=1) + hours / 2
    # From a Saturday, over the change to summer time.
    assert worked_through(BRUSSELS, datetime(2026, 3, 28, tzinfo=UTC), hours) == datetime(2026, 3, 30, 8, tzinfo=UTC)


def test_what_a_server_put_off_comes_back_in_office_hours_and_not_all_at_once() -> None:
    busy = reply(451, "later")
    letter = SimpleNamespace(first_deferred_at=None, attempts=5, office_zone=BRUSSELS)
    assert deferred(letter, Reason.SERVER_BUSY, busy, FRIDAY).next_attempt_at == MONDAY
    letter.attempts, letter.office_zone = 0, None
    again = {deferred(letter, Reason.SERVER_BUSY, busy, FRIDAY).next_attempt_at for _ in range(20)}
    assert len(again) > 10
    assert all(moment and timedelta(seconds=60) <= moment - FRIDAY <= timedelta(seconds=72) for moment in again)
