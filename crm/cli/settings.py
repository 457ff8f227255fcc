"""`ratify settings`: every setting as the table of the README."""

from __future__ import annotations

from enum import Enum

import click
from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo

from config import Settings
from config_inbound import InboundSettings
from config_pace import PaceSettings


def _names(field: FieldInfo) -> str:
    alias = field.validation_alias
    names = alias.choices if isinstance(alias, AliasChoices) else [alias]
    return " or ".join(f"`{name}`" for name in names)


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        value = str(value).lower()
    return f"`{value}`" if value not in ("", []) else ""


def settings_table() -> str:
    """The table in Markdown, one line a setting, in the order of config.py, config_pace.py and config_inbound.py."""
    inherited = PaceSettings.model_fields | InboundSettings.model_fields
    own = {name: field for name, field in Settings.model_fields.items() if name not in inherited}
    lines = ["| Variable | Default | Meaning |", "| --- | --- | --- |"]
    lines += [f"| {_names(field)} | {_default(field)} | {field.description} |" for field in (own | inherited).values()]
    return "\n".join(lines)


@click.command()
def settings() -> None:
    """Print the table of settings."""
    click.echo(settings_table())
