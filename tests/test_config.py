"""Settings are checked before anything starts, and the README tells of all of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from config import Environment, Settings, SettingsError, load_settings
from crm.cli import main
from crm.cli.settings import settings_table

README = Path(__file__).parents[1] / "README.md"
SAFE = {
    "RATIFY_ENV": "production",
    "RATIFY_URL": "https://crm.example.org",
    "SECRET_KEY": "a long and random text of at least 32 characters",
    "TRUSTED_HOSTS": "crm.example.org, www.crm.example.org",
}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in Settings.model_fields.values():
        alias = field.validation_alias
        for name in [alias] if isinstance(alias, str) else getattr(alias, "choices", []):
            monkeypatch.delenv(str(name), raising=False)
    monkeypatch.setenv("RATIFY_DATA", str(tmp_path))


def load(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def test_a_safe_production_start(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, **SAFE)
    assert settings.environment is Environment.PRODUCTION
    assert settings.trusted_hosts == ["crm.example.org", "www.crm.example.org"]
    flask = settings.flask_config()
    assert flask["SESSION_COOKIE_NAME"] == "__Host-ratify"
    assert flask["SESSION_COOKIE_SECURE"] is True
    assert flask["TRUSTED_HOSTS"] == settings.trusted_hosts
    assert flask["DEBUG"] is False


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is missing or shorter"),
        ({"SECRET_KEY": "too short"}, "SECRET_KEY is missing or shorter"),
        ({"FLASK_DEBUG": "1"}, "FLASK_DEBUG is on"),
        ({"DEBUG": "true"}, "FLASK_DEBUG is on"),
        ({"TRUSTED_HOSTS": ""}, "TRUSTED_HOSTS is empty or open"),
        ({"TRUSTED_HOSTS": "*"}, "TRUSTED_HOSTS is empty or open"),
        ({"TRUSTED_HOSTS": "crm.example.org,*"}, "TRUSTED_HOSTS is empty or open"),
        ({"RATIFY_URL": ""}, "RATIFY_URL is missing or not https"),
        ({"RATIFY_URL": "http://crm.example.org"}, "RATIFY_URL is missing or not https"),
        ({"MAIL_USE_TLS": "1", "MAIL_USE_SSL": "1"}, "exclude each other"),
        ({"PORT": "web"}, "PORT"),
        ({"RATIFY_ENV": "prod"}, "RATIFY_ENV"),
        ({"TRUSTED_PROXIES": "-1"}, "TRUSTED_PROXIES"),
        ({"MAIL_RETURN_PATH": "bounces"}, "no mailbox a tag can be put to"),
    ],
)
def test_an_unsafe_production_start_is_refused(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(message)) as refused:
        load(monkeypatch, **{**SAFE, **change})
    assert SAFE["SECRET_KEY"] not in str(refused.value)


def test_a_command_says_what_is_wrong_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATIFY_ENV", "production")
    answer = CliRunner().invoke(
        main, ["create-user", "--email", "a@b.example", "--name", "A", "--role", "admin", "--team", "T",
               "--password", "correct horse battery"]
    )  # fmt: skip
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: SECRET_KEY is missing")


def test_development_needs_no_setting_and_keeps_its_key(tmp_path: Path) -> None:
    settings = load_settings()
    key = settings.signing_key()
    assert len(key) > 32
    assert load_settings().signing_key() == key
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
    assert settings.sqlalchemy_url == f"sqlite:///{tmp_path / 'ratify.db'}"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_postgresql_gets_its_driver(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    settings = load(monkeypatch, DATABASE_URL=f"{scheme}://ratify@db/ratify")
    assert settings.sqlalchemy_url == "postgresql+psycopg://ratify@db/ratify"


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    settings: Any = load(monkeypatch, **SAFE, MAIL_PASSWORD="hunter2hunter2")
    shown = f"{settings!r} {settings} {settings.model_dump()}"
    assert SAFE["SECRET_KEY"] not in shown
    assert "hunter2" not in shown


def test_the_readme_holds_the_table_of_settings() -> None:
    found = re.search(r"<!-- settings -->\n(.*)\n<!-- /settings -->", README.read_text(), re.DOTALL)
    assert found, "README.md has no table between <!-- settings --> and <!-- /settings -->"
    assert found[1].strip() == settings_table(), "renew the table of settings with `ratify settings`"
    assert CliRunner().invoke(main, ["settings"]).output.strip() == settings_table()
    assert len(settings_table().splitlines()) == len(Settings.model_fields) + 2
