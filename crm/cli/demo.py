"""`ratify demo`: the demo into an empty database, and a crowd of contacts of any size."""

from __future__ import annotations

import click

from config import Environment, Settings
from crm.cli.app import ready_app
from crm.demo.actions import load_demo
from crm.demo.crowd import create_crowd
from crm.demo.rows import CROWDED, highest_ids, note_rows_since
from crm.demo.users import PASSWORD, USERS, demo_users_exist, no_users_yet
from crm.unit_of_work import unit_of_work


@click.command()
@click.option("--size", type=click.IntRange(0), default=0, help="Add so many invented people, such as 100000.")
def demo(size: int) -> None:
    """Load invented people, a campaign and users to sign in as."""
    with ready_app() as app:
        settings: Settings = app.extensions["settings"]
        if settings.environment is Environment.PRODUCTION:
            raise click.ClickException("The demo's passwords are known to everyone: it is not loaded in production")
        if no_users_yet():
            load_demo()
            click.echo(f"Users {', '.join(user.email for user in USERS)}; password: {PASSWORD}")
        elif not (size and demo_users_exist()):
            raise click.ClickException("There are users already: the demo is for an empty database")
        if size:
            with unit_of_work(CROWDED, actor="command:demo"):
                before = highest_ids()
                create_crowd(size)
                note_rows_since(before)
            click.echo(f"{size:,} invented people")
