"""The app a command runs on: settings read, database migrated, shipped facts loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from config import Settings, load_settings
from crm import create_app
from crm.database import upgrade_schema
from crm.treaties.actions import load_facts
from crm.unit_of_work import unit_of_work


def prepare_data(settings: Settings) -> None:
    """Make an empty data folder or database ready: migrate it and load the shipped facts."""
    settings.data.mkdir(parents=True, exist_ok=True)
    upgrade_schema(settings.sqlalchemy_url)
    with create_app(settings).app_context(), unit_of_work("load facts", actor="command:facts"):
        load_facts()


@contextmanager
def ready_app() -> Iterator[Flask]:
    """The app, in its context, on a database that is ready."""
    settings = load_settings()
    prepare_data(settings)
    app = create_app(settings)
    with app.app_context():
        yield app
