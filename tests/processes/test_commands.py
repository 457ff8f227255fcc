"""Every command works on an empty data folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm.cli import main
from tests.processes.product import ratify

# What each command is called with here, and those that have tests of their own.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "create-user": ("--email", "a@b.example", "--name=A", "--role=admin", "--team=T", "--password=a-long-one-to-pass"),
    "demo": ("--size", "20"),
    "hold-sending": (),
    "import-roster": (str(Path(__file__).with_name("roster.csv")),),
    "rebuild": (),
    "settings": (),
    "treaty-status": ("ICRMW", "--json"),
}
TRIED_ELSEWHERE = {"up", "check-mail", "dkim", "fetch-mail", "receive", "receive-lmtp"}
# Commands that need no database.
WITHOUT_DATA = {"settings"}


def test_every_command_is_tried() -> None:
    assert set(main.commands) - TRIED_ELSEWHERE == set(ARGUMENTS)


@pytest.mark.parametrize("command", ARGUMENTS)
def test_a_command_prepares_an_empty_folder(command: str, tmp_path: Path) -> None:
    folder = tmp_path / "not there yet"
    done = ratify(folder, command, *ARGUMENTS[command])
    if command not in WITHOUT_DATA:
        assert folder.stat().st_mode & 0o777 == 0o700, "people's data is for its owner alone"
    assert done.returncode == 0, done.stderr
    assert (folder / "ratify.db").exists() is (command not in WITHOUT_DATA)
    assert "Traceback" not in done.stderr


def test_wrong_settings_are_a_message(tmp_path: Path) -> None:
    refused = ratify(tmp_path / "data", "demo", PORT="http")
    assert refused.returncode == 1
    assert "PORT" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_folder_or_database_that_cannot_be_used_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    refused = ratify(tmp_path / "file" / "data", "demo")
    assert refused.returncode == 1
    assert "RATIFY_DATA cannot be used" in refused.stderr
    refused = ratify(tmp_path / "data", "demo", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert refused.returncode == 1
    assert "the database cannot be used" in refused.stderr
    assert "Traceback" not in refused.stderr
