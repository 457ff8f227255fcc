"""`ratify treaty-status` on a fresh database: the figures, and clear words for what it cannot read."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from config import Settings
from crm.cli import main


@pytest.fixture
def ratify(settings: Settings, monkeypatch: pytest.MonkeyPatch, app: object) -> CliRunner:
    monkeypatch.setattr("crm.cli.app.load_settings", lambda: settings)
    return CliRunner()


def _run(ratify: CliRunner, *arguments: str) -> Result:
    return ratify.invoke(main, ["treaty-status", *arguments])


def test_the_figures_of_today(ratify: CliRunner) -> None:
    result = _run(ratify, "ICRMW", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["parties"] == 60
    assert report["signed_only"] == ["ARM", "CMR", "COM", "GAB", "HTI", "KHM", "LBR", "MNE", "PLW", "SLE", "SRB"]


def test_the_figures_of_another_day(ratify: CliRunner) -> None:
    report = json.loads(_run(ratify, "icrmw", "--as-of", "2015-03-01", "--json").stdout)
    assert (report["treaty"], report["as_of"]) == ("ICRMW", "2015-03-01")
    assert (report["parties"], len(report["signed_only"])) == (47, 19)


def test_a_table_for_people(ratify: CliRunner) -> None:
    lines = _run(ratify, "ICRMW", "--as-of", "2015-03-01").output.splitlines()
    assert lines[:3] == [lines[0], "as of 2015-03-01", "    47  parties"]
    assert "  KHM  Cambodia                         2004-09-27" in lines


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("CEDAW",), "there is no treaty 'CEDAW'; there is: ICRMW"),
        (("ICRMW", "--as-of", "2015-02-30"), "'2015-02-30' does not match the format '%Y-%m-%d'"),
        (("ICRMW", "--as-of", "yesterday"), "'yesterday' does not match"),
        ((), "Missing argument 'TREATY'"),
    ],
)
def test_clear_words_for_what_it_cannot_read(ratify: CliRunner, arguments: tuple[str, ...], message: str) -> None:
    result = _run(ratify, *arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output
