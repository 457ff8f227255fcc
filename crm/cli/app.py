"""The app a command runs on: settings read, database migrated, shipped facts loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy.exc import OperationalError

from config import Settings, SettingsError, load_settings
from crm import create_app
from crm.database import upgrade_schema
from crm.directory.rebuilding import follows_rules, rebuild_columns
from crm.extensions import db
from crm.treaties.actions import load_facts
from crm.unit_of_work import unit_of_work


def prepare_data(settings: Settings) -> None:
    """Make an empty data folder or database ready: migrate it and load the shipped facts. Raises SettingsError."""
    try:
        # It holds people's data and the secret key.
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        upgrade_schema(settings.sqlalchemy_url)
        app = create_app(settings)
        with app.app_context():
            with unit_of_work("load facts", actor="command:facts"):
                load_facts()
            bring_up_to_date()
            db.engine.dispose()
    except OSError as error:
        raise SettingsError(f"RATIFY_DATA cannot be used: {error}") from None
    except OperationalError as error:
        raise SettingsError(f"DATABASE_URL or RATIFY_DATA: the database cannot be used: {error.orig}") from None


def bring_up_to_date() -> None:
    """Write anew what is derived of contacts where another version of the product has written it; else one query."""
    if follows_rules():
        return
    with unit_of_work("rebuild derived columns", actor="command:upgrade"):
        # Another process may have done it meanwhile.
        if not follows_rules():
            rebuild_columns()


@contextmanager
def ready_app() -> Iterator[Flask]:
    """The app, in its context, on a database that is ready."""
    settings = load_settings()
    prepare_data(settings)
    app = create_app(settings)
    with app.app_context():
        yield app
