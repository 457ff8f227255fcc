"""A pace never lets more leave than its minutes allow and a short burst, whoever asks how often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crm.outbox.rates import BURST, SECOND, Rate, micros, moment_of

START = micros(datetime(2026, 3, 2, 9, tzinfo=UTC))


@given(
    per_minute=st.integers(1, 600),
    asks=st.lists(st.tuples(st.integers(0, 20 * SECOND), st.integers(0, 200)), min_size=1, max_size=60),
)
def test_in_any_stretch_of_time_no_more_than_its_minutes_and_a_burst(
    per_minute: int, asks: list[tuple[int, int]]
) -> None:
    rate, free_at, now = Rate(per_minute), None, START
    left: list[int] = []
    for later, wanted in asks:
        now += later
        letters = min(wanted, rate.allowed(free_at, now))
        if letters:
            free_at = rate.after(free_at, now, letters)
            assert free_at <= now + rate.interval
        left += [now] * letters
    for first in range(len(left)):
        for last in range(first, len(left)):
            stretch = left[last] - left[first]
            assert (last - first) * rate.interval <= stretch + BURST


@given(per_minute=st.integers(10, 600), step=st.integers(1, 6 * SECOND - 1))
def test_who_asks_before_a_burst_is_lost_reaches_the_pace(per_minute: int, step: int) -> None:
    rate, free_at, now, left = Rate(per_minute), None, START, 0
    while now <= START + 60 * SECOND:
        letters = rate.allowed(free_at, now)
        free_at = rate.after(free_at, now, letters)
        left += letters
        now += max(step, SECOND // 10)
    assert left >= per_minute - 1


def test_a_clock_gone_wrong_holds_nothing_back_for_long() -> None:
    rate = Rate(60)
    days_ahead = rate.after(None, START + 3 * 24 * 3600 * SECOND, 5)
    assert rate.allowed(days_ahead, START) == 1
    assert rate.after(days_ahead, START, 1) == START + SECOND
    assert moment_of(START) == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert moment_of(START + 1) - moment_of(START) == timedelta(microseconds=1)
