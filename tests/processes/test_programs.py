"""Which programs run for which settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import Settings, load_settings
from crm.processes import programs as programs_module
from crm.processes.programs import QueueServerMissing, programs


def _settings(folder: Path, **chosen: str) -> Settings:
    return load_settings(RATIFY_DATA=str(folder), **chosen)


def test_everything_is_local_where_nothing_is_set(tmp_path: Path) -> None:
    running = programs(_settings(tmp_path, MAIL_CATCHER="true", REDIS_URL=""))
    assert [program.name for program in running] == ["queue", "catcher", "mail", "desk", "web"]
    priorities = [program.priority for program in running]
    assert priorities == sorted(priorities), "what stops last comes first"


def test_servers_that_are_given_are_not_started(tmp_path: Path) -> None:
    given = {"REDIS_URL": "redis://queue.example", "MAIL_SERVER": "mail.example"}
    running = programs(_settings(tmp_path, **given))
    assert [program.name for program in running] == ["mail", "desk", "web"]
    running = programs(_settings(tmp_path, **given, INBOUND_LMTP="2400"))
    assert [program.name for program in running] == ["mail", "desk", "intake", "web"]
    assert running == sorted(running, key=lambda program: program.priority)


def test_a_machine_without_the_embedded_queue_server_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs_module, "get_binary_path", None)
    with pytest.raises(QueueServerMissing, match="REDIS_URL="):
        programs(_settings(tmp_path, REDIS_URL=""))


def test_the_queues_folder_is_private_and_not_taken_from_others(tmp_path: Path) -> None:
    settings = _settings(tmp_path, REDIS_URL="")
    programs(settings)
    assert settings.queue_socket.parent.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "queue").stat().st_mode & 0o777 == 0o700
    settings.queue_socket.parent.rmdir()
    settings.queue_socket.parent.symlink_to(tmp_path)
    try:
        with pytest.raises(PermissionError, match="belongs to somebody else"):
            programs(settings)
    finally:
        settings.queue_socket.parent.unlink()
