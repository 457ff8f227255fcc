"""The rule that makes a stance of statements, by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from crm.stances.derivation import (
    CONTRADICTS_WITHIN,
    COUNTS_OLDER,
    Reason,
    Staleness,
    contradictions,
    course,
    derive,
    months_before,
    staleness,
)
from crm.stances.labels import page_link
from crm.stances.models import Confidence, Stance, as_link, is_link

DAY = date(2026, 3, 1)


@dataclass(frozen=True)
class Said:
    id: int
    stance: Stance
    said_on: date
    confidence: Confidence = Confidence.CERTAIN


def later(days: int) -> date:
    return DAY + timedelta(days=days)


def test_nobody_who_said_nothing_has_a_stance() -> None:
    found = derive([Said(1, Stance.OPPOSED, later(1))], DAY)
    assert (found.stance, found.reason, found.statement, found.since) == (
        Stance.UNKNOWN,
        Reason.NOTHING_SAID,
        None,
        None,
    )


def test_the_latest_statement_wins_whatever_order_they_come_in() -> None:
    said = [Said(2, Stance.CHAMPION, later(9)), Said(1, Stance.OPPOSED, DAY), Said(3, Stance.CHAMPION, later(30))]
    found = derive(said)
    assert (found.stance, found.statement, found.since, found.reason) == (
        Stance.CHAMPION,
        said[2],
        later(9),
        Reason.LATEST,
    )
    assert derive(said, later(8)).stance is Stance.OPPOSED
    assert derive(said, later(8)).reason is Reason.ONLY
    assert course(said) == [(DAY, said[1]), (later(9), said[0])]


@pytest.mark.parametrize("confidence", [Confidence.LIKELY, Confidence.UNSURE])
def test_what_is_less_sure_counts_as_older(confidence: Confidence) -> None:
    handicap = COUNTS_OLDER[confidence].days
    public = Said(1, Stance.SUPPORTIVE, DAY)
    heard = Said(2, Stance.OPPOSED, later(handicap), confidence)
    kept = derive([public, heard])
    assert (kept.stance, kept.reason, kept.later) == (Stance.SUPPORTIVE, Reason.SURER, (heard,))
    assert derive([public, Said(2, Stance.OPPOSED, later(handicap + 1), confidence)]).stance is Stance.OPPOSED


def test_of_one_day_and_one_confidence_what_was_written_down_last_wins() -> None:
    assert derive([Said(2, Stance.OPPOSED, DAY), Said(1, Stance.CHAMPION, DAY)]).stance is Stance.OPPOSED


def test_a_stance_held_before_is_held_since_its_own_return() -> None:
    said = [Said(1, Stance.CHAMPION, DAY), Said(2, Stance.OPPOSED, later(300)), Said(3, Stance.CHAMPION, later(600))]
    assert derive(said).since == later(600)


def test_opposite_sides_soon_upon_each_other_contradict() -> None:
    first, last = Said(1, Stance.SUPPORTIVE, DAY), Said(2, Stance.LEANING_AGAINST, DAY + CONTRADICTS_WITHIN)
    between = Said(3, Stance.UNDECIDED, later(5))
    assert contradictions([last, between, first]) == [(first, last)]
    assert contradictions([last, first], {(1, 2)}) == []
    assert contradictions([first, Said(2, Stance.OPPOSED, last.said_on + timedelta(days=1))]) == []
    assert contradictions([first, Said(2, Stance.CHAMPION, later(5))]) == []
    assert contradictions([first, last], on=later(5)) == []
    assert derive([first, last]).contradictions == ((first, last),)


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2024, 3, 31), 1, date(2024, 2, 29)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
        (date(2026, 5, 3), 24, date(2024, 5, 3)),
        (date(2026, 12, 3), 12, date(2025, 12, 3)),
    ],
)
def test_months_are_those_of_the_calendar(day: date, months: int, before: date) -> None:
    assert months_before(day, months) == before


@pytest.mark.parametrize(
    ("said_on", "mandate_end", "stale"),
    [
        (date(2024, 3, 1), None, None),
        (date(2024, 2, 29), None, Staleness.OLD),
        (date(2026, 1, 1), date(2026, 2, 28), Staleness.MANDATE_ENDED),
        (date(2026, 1, 1), DAY, None),  # the last day of the mandate is one of it
        (date(2026, 1, 1), date(2025, 12, 31), None),  # said after leaving
        (date(2020, 1, 1), date.max, Staleness.OLD),
    ],
)
def test_a_stance_goes_stale(said_on: date, mandate_end: date | None, stale: Staleness | None) -> None:
    assert staleness(said_on, DAY, 24, mandate_end) is stale


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("https://minutes.example/1?item=4#x", True),
        ("http://minutes.example", True),
        ("javascript:alert(1)", False),
        ("minutes.example", False),
        ("https://", False),
        ("https://minutes.example/\n1", False),
        ("https://minutes.example/a b", False),
        ("https://[broken", False),
        ("https://minutes.example/" + "x" * 1000, False),
    ],
)
def test_only_addresses_of_pages_are_links(text: str, is_one: bool) -> None:
    assert is_link(text) is is_one


def test_what_begins_with_a_host_becomes_an_address() -> None:
    typed = ("parliament.example", "minutes.example:8080/a?b#c", " ministère.example/1.pdf ")
    assert [as_link(text) for text in typed] == [f"https://{text.strip()}" for text in typed]
    for text in (
        "https://minutes.example",
        "speech.pdf",
        "ada@minutes.example",
        "Never. Ever",
        "10.5",
        "javascript:a.b",
        "",
    ):
        assert as_link(text) == text
    assert as_link(None) == ""


@pytest.mark.parametrize(
    ("written", "page"),
    [
        ("www.parliament.example/x", "https://www.parliament.example/x"),
        ("http://parliament.example/x", "http://parliament.example/x"),
        ("javascript:alert(1)", ""),
        ("//parliament.example", ""),
        ("minutes.pdf", ""),
        ("", ""),
    ],
)
def test_only_pages_that_a_browser_may_follow_are_led_to(written: str, page: str) -> None:
    assert page_link(written) == page
