"""`ratify demo`: the demo into a database where nobody can sign in yet."""

from __future__ import annotations

import click

from config import Environment, Settings
from crm.cli.app import ready_app
from crm.demo.actions import load_demo
from crm.demo.users import PASSWORD, USERS, no_users_yet


@click.command()
def demo() -> None:
    """Load invented people, a campaign and users to sign in as."""
    with ready_app() as app:
        settings: Settings = app.extensions["settings"]
        if settings.environment is Environment.PRODUCTION:
            raise click.ClickException("The demo's passwords are known to everyone: it is not loaded in production")
        if not no_users_yet():
            raise click.ClickException("There are users already: the demo is for an empty database")
        load_demo()
    click.echo(f"Users {', '.join(user.email for user in USERS)}; password: {PASSWORD}")
