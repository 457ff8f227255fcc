"""The day a roster describes, and whether it is complete."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from crm.roster_import.models import AsOfSource
from crm.roster_import.readers import open_roster
from crm.roster_import.records import UnreadableRoster
from crm.roster_import.survey import COMPLETE_FROM, day_described, day_in_name, survey
from tests.factories.roster_import import full_list, member, members, table

TODAY = date(2026, 3, 15)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("ep_full_list_term10_2025-08.xml", date(2025, 8, 1)),
        ("meps-20250831.csv", date(2025, 8, 31)),
        ("meps_2024_09_27.v2.csv", date(2024, 9, 27)),
        ("from 2019-03 to 2019-06.csv", date(2019, 6, 1)),
        ("2019-03 (downloaded 2026-12-24).csv", date(2019, 3, 1)),
        ("list_2024.csv", None),
        ("call 0032 2025081234.csv", None),
        ("2025-02-30.csv", None),
        ("ttp_meps.csv", None),
    ],
)
def test_the_day_in_a_file_name(name: str, day: date | None) -> None:
    assert day_in_name(name, TODAY) == day


def test_the_name_comes_before_the_dates_and_those_before_today() -> None:
    start = date(2024, 9, 27)
    assert day_described("list_2025-08.csv", start, TODAY) == (date(2025, 8, 1), AsOfSource.FILE_NAME)
    assert day_described("list.csv", start, TODAY) == (start, AsOfSource.DATES)
    assert day_described("list.csv", date(2027, 1, 1), TODAY) == (TODAY, AsOfSource.TODAY)
    assert day_described("list.csv", None, TODAY) == (TODAY, AsOfSource.TODAY)


def rows(count: int) -> list[dict[str, str]]:
    return [
        {"name": f"Ada INVENTED{number}", "epid": str(number), "since": f"2024-07-{number % 28 + 1:02}"}
        for number in range(count)
    ]


def test_a_full_list_is_complete_and_its_unknown_groups_are_told(tmp_path: Path) -> None:
    path = full_list(tmp_path / "list.xml", [*members(2), member(9, "Grace HOPPER", group="Brand New Group")])
    found = survey(open_roster(path))
    assert (found.complete, found.rows, found.institution) == (True, 3, "European Parliament")
    assert found.unknown_groups == ("Brand New Group",)


def test_a_large_table_of_one_parliament_is_complete_unless_said_otherwise(tmp_path: Path) -> None:
    path = table(tmp_path / "people.csv", rows(COMPLETE_FROM))
    assert survey(open_roster(path)).complete
    assert not survey(open_roster(path), complete=False).complete
    assert survey(open_roster(path)).latest_start == date(2024, 7, 28)


def test_a_small_table_is_some_contacts_unless_said_otherwise(tmp_path: Path) -> None:
    path = table(tmp_path / "people.csv", rows(COMPLETE_FROM - 1))
    assert not survey(open_roster(path)).complete
    assert survey(open_roster(path), complete=True).complete


@pytest.mark.parametrize("institutions", [("", ""), ("Senate", "Assembly")])
def test_only_one_institution_can_be_complete(tmp_path: Path, institutions: tuple[str, str]) -> None:
    people = [{"name": f"Ada {number}", "institution": where} for number, where in enumerate(institutions)]
    path = table(tmp_path / "people.csv", people)
    with pytest.raises(UnreadableRoster, match="Import it as some contacts"):
        survey(open_roster(path), complete=True)


def test_a_table_of_nobody_is_refused(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("name,email\n")
    with pytest.raises(UnreadableRoster, match="names nobody"):
        survey(open_roster(tmp_path / "people.csv"))
