"""`ratify import-roster` says why it does not apply a file, and applies it once that is confirmed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crm.cli import main
from tests.factories.roster_import import full_list, member, members, workbook


@pytest.fixture(autouse=True)
def empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RATIFY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("RATIFY_ENV", "test")
    monkeypatch.delenv("DATABASE_URL", raising=False)


def import_roster(path: Path, *more: str) -> Result:
    return CliRunner().invoke(main, ["import-roster", str(path), *more])


def test_nobody_is_ended_beside_an_unreadable_line_before_somebody_confirms(tmp_path: Path) -> None:
    path = tmp_path / "list.xml"
    assert import_roster(full_list(path, members(3)), "--apply", "--as-of", "2025-06-01").exit_code == 0
    again = (full_list(path, [*members(2), member(3, "")]), "--apply", "--as-of", "2025-12-01", "--json")
    refused = import_roster(*again)
    assert refused.exit_code == 1
    assert "Nothing was changed. Mandates that would end: 1." in refused.output
    assert "whom they are about: 1." in refused.output
    assert "--confirm-drop" in refused.output
    confirmed = json.loads(import_roster(*again, "--confirm-drop").output)
    assert (confirmed["applied"], confirmed["ended"], confirmed["unreadable"]) == (True, 1, 1)


def test_a_mark_that_lies_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(b"\xef\xbb\xbfname\nJos\xe9\n")
    refused = import_roster(path)
    assert refused.exit_code == 1
    assert "people.csv cannot be imported. Line 2: the file says of itself that it is UTF-8" in refused.output


def test_columns_are_named_on_the_command_line(tmp_path: Path) -> None:
    path = workbook(tmp_path / "people.xlsx", [["Mitglied", "Wohin"], ["Ada Invented", "ada@x.example"]])
    refused = import_roster(path)
    assert refused.exit_code == 1
    assert "no column with names was found" in refused.output
    read = import_roster(path, "--map", "name=Mitglied", "--map", "email=Wohin", "--apply", "--json")
    report = json.loads(read.output)
    assert (report["new"], report["applied"], report["format"]) == (1, True, "xlsx")
    assert report["columns"] == {"Mitglied": "name", "Wohin": "email"}
    wrong = import_roster(path, "--map", "name=Nobody")
    assert wrong.exit_code == 2
    assert "Columns of this file: Mitglied, Wohin." in wrong.output


def test_unreadable_lines_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("name,email\nAda Invented,\n" + ",nobody@x.example\n" * 22)
    summary = import_roster(path).output
    assert "line 3: The line has no name. ,nobody@x.example" in summary
    assert "and 2 more unreadable lines" in summary
    assert len(json.loads(import_roster(path, "--json").output)["unreadable_lines"]) == 20


def test_open_questions_are_listed_and_nothing_is_applied_before_they_are_answered(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("name,country,email\nAda Lovelace,France,ada@x.example\n")
    assert import_roster(path, "--apply").exit_code == 0
    path.write_text("name,country,email\nAda Lovelase,France,\nGrace Hopper,Spain,\nGrace Hoper,Spain,\n")
    refused = import_roster(path, "--apply")
    assert refused.exit_code == 1
    assert "line 2, Ada Lovelase: the same as Ada Lovelace (contact " in refused.output
    assert "--apart" in refused.output
    assert json.loads(import_roster(path, "--json").output)["new"] == 3
    report = json.loads(import_roster(path, "--apply", "--apart", "--json").output)
    assert (report["applied"], report["new"]) == (True, 3)
    # An import that was refused has left nothing behind.
    assert report["import_id"] == 2


def test_an_alarm_leaves_no_import_behind(tmp_path: Path) -> None:
    path = tmp_path / "list.xml"
    assert import_roster(full_list(path, members(20)), "--apply", "--as-of", "2025-06-01").exit_code == 0
    fewer = (full_list(path, members(3)), "--apply", "--as-of", "2025-12-01", "--json")
    assert "17 of 20 mandates would end" in import_roster(*fewer).output
    report = json.loads(import_roster(*fewer, "--confirm-drop").output)
    assert (report["ended"], report["import_id"]) == (17, 2)


def test_an_institution_known_by_another_name_is_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("name,country,institution,role\nAda Inventada,Spain,Basque Government,Consejera\n")
    assert import_roster(path, "--apply").exit_code == 0
    path.write_text("name,country,institution,role\nGrace Fingida,Spain,Gobierno Vasco,Consejera\n")
    assert "Gobierno Vasco: perhaps known as Basque Government" in import_roster(path).output
    refused = import_roster(path, "--apply")
    assert refused.exit_code == 1
    assert "Gobierno Vasco: perhaps Basque Government" in refused.output
    report = json.loads(import_roster(path, "--apply", "--apart", "--json").output)
    assert (report["new"], report["known_otherwise"]) == (1, {"Gobierno Vasco": "Basque Government"})
