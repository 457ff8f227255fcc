"""Times and languages of letters: rules without a database."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import available_timezones

import pytest

from crm.letters.languages import languages_of_country, languages_read
from crm.letters.models import LanguageReason
from crm.letters.schedule import Schedule, zone_of
from crm.places.countries import country_codes

FRIDAY = date(2026, 3, 27)  # the clocks change in the night to Sunday
NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)


def leaves(schedule: Schedule, country: str | None = None, now: datetime = NOON) -> str:
    return schedule.moment(country, now).strftime("%d %H:%M")


def test_letters_leave_at_a_time_of_our_clock_or_of_each_reader() -> None:
    ours = Schedule(FRIDAY, time(10), "Europe/Brussels")
    assert (leaves(ours, "PT"), leaves(ours)) == ("27 09:00", "27 09:00")
    theirs = Schedule(FRIDAY, time(10), "Europe/Brussels", readers_zone=True)
    assert [leaves(theirs, code) for code in ("PT", "ES", "FI", "US", None)] == [
        *("27 10:00", "27 09:00", "27 08:00", "27 14:00"),
        "27 09:00",
    ]
    # Two days on it is summer time, and the same clock is an hour earlier.
    assert leaves(Schedule(date(2026, 3, 29), time(10), "Europe/Brussels")) == "29 08:00"
    assert leaves(Schedule(date(2026, 3, 29), time(2, 30), "Europe/Brussels")) == "29 01:30"
    assert leaves(ours, now=datetime(2026, 3, 27, 15, tzinfo=UTC)) == "27 15:00"
    assert ours.has_passed(datetime(2026, 3, 27, 9, 1, tzinfo=UTC))
    assert not ours.has_passed(datetime(2026, 3, 27, 8, 59, tzinfo=UTC))
    assert ours.is_to_come(["FI"], datetime(2026, 3, 27, 8, 59, tzinfo=UTC))
    assert not theirs.is_to_come(["PT", "FI"], datetime(2026, 3, 27, 8, 0, tzinfo=UTC))
    assert theirs.is_to_come(["PT", "ES"], datetime(2026, 3, 27, 8, 59, tzinfo=UTC))
    assert theirs.is_to_come([], datetime(2026, 3, 27, 8, 59, tzinfo=UTC))
    assert not Schedule(office_hours=True).is_to_come(["PT"], NOON)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 3, 27, 7, tzinfo=UTC), "27 08:00"),
        (datetime(2026, 3, 27, 9, tzinfo=UTC), "27 09:00"),
        (datetime(2026, 3, 27, 16, tzinfo=UTC), "30 07:00"),  # over the week-end into summer time
        (datetime(2026, 3, 28, 11, tzinfo=UTC), "30 07:00"),
    ],
)
def test_office_hours_put_off_to_the_next_opening(now: datetime, expected: str) -> None:
    assert leaves(Schedule(zone="Europe/Brussels", office_hours=True), now=now) == expected


def test_every_country_has_the_clock_of_its_capital() -> None:
    zones = {code: zone_of(code) for code in country_codes()}
    assert set(zones.values()) - {None} <= available_timezones()
    # Only where nobody governs: Antarctica, the outlying islands of the United States.
    assert {code for code, zone in zones.items() if zone is None} <= {"AQ", "UM", "BV", "HM"}


def test_languages_of_the_reader_go_before_those_of_the_country() -> None:
    assert [languages_of_country(code)[:3] for code in ("BE", "MT", "ES", None)] == [
        *(("nl", "fr", "de"), ("mt", "en"), ("es",)),
        (),
    ]
    read = languages_read(("fr-BE",), "BE", "en")
    assert list(read) == ["fr-BE", "fr", "nl", "de", "en"]
    assert (read["fr"], read["nl"], read["en"]) == tuple(LanguageReason)
    assert "en" not in languages_read((), "BE", "")
