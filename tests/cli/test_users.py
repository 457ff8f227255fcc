"""`ratify create-user` on an empty data folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from crm.cli import main
from tests.factories.accounts import PASSWORD

ARGUMENTS = ("--email", "Eve@Team.example", "--name", "Eve Abate", "--role", "lead", "--team", "Brussels")


@pytest.fixture(autouse=True)
def empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RATIFY_DATA", str(tmp_path))
    monkeypatch.setenv("RATIFY_ENV", "test")
    monkeypatch.delenv("DATABASE_URL", raising=False)


def create_user(*more: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, ["create-user", *ARGUMENTS, *more], input=typed)


def users(tmp_path: Path) -> list[tuple[str, str, str]]:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'ratify.db'}")
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT email, role, substr(password_hash, 1, 10) FROM user").all()
    engine.dispose()
    return [(email, role, scheme) for email, role, scheme in found]


@pytest.mark.parametrize(
    ("more", "typed"),
    [
        (("--password", PASSWORD), None),
        (("--password-stdin",), f"{PASSWORD}\n"),
        ((), f"{PASSWORD}\n{PASSWORD}\n"),
    ],
    ids=["option", "standard input", "prompt"],
)
def test_the_password_comes_in_three_ways(tmp_path: Path, more: tuple[str, ...], typed: str | None) -> None:
    answer = create_user(*more, typed=typed)
    assert answer.exit_code == 0, answer.output
    assert "Created Eve Abate <eve@team.example>, lead in Brussels." in answer.output
    assert PASSWORD not in answer.output
    assert users(tmp_path) == [("eve@team.example", "lead", "$argon2id$")]


def test_an_address_is_taken_once(tmp_path: Path) -> None:
    assert create_user("--password", PASSWORD).exit_code == 0
    again = create_user("--password", PASSWORD)
    assert again.exit_code == 1
    assert "already" in again.output
    assert len(users(tmp_path)) == 1


@pytest.mark.parametrize("weak", ["short", "aaaaaaaaaaaaaaaa", "eve@team.example"])
def test_a_weak_password_is_refused_before_anything_is_made(tmp_path: Path, weak: str) -> None:
    answer = create_user("--password", weak)
    assert answer.exit_code == 1
    assert "the password" in answer.output
    assert not (tmp_path / "ratify.db").exists()


def test_a_malformed_address_and_an_unknown_role_are_refused() -> None:
    assert "--email" in create_user("--password", PASSWORD, "--email", "eve").output
    assert "--role" in create_user("--password", PASSWORD, "--role", "boss").output
