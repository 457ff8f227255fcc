"""`ratify hold-sending`: for a restored copy of the database, before its workers start."""

from __future__ import annotations

import click

from crm.cli.app import ready_app
from crm.letters.actions import hold_starts
from crm.outbox.restoring import hold_sending
from crm.unit_of_work import unit_of_work


@click.command("hold-sending")
def hold_sending_command() -> None:
    """Let nothing leave that waits in the outbox; run it after a restore, before the workers start.

    Every running batch with letters to send is paused, until an administrator resumes or cancels it in the outbox;
    mailings that wait for their time are paused too, until somebody lets them go on.
    Invitations and password links that wait are cancelled: they are old, so they are to be asked for again.
    New ones are sent.
    """
    with ready_app(), unit_of_work("hold sending", actor="command:hold-sending"):
        stopped = hold_sending()
        mailings = hold_starts()
    named = f" (numbers {', '.join(map(str, stopped.batches))})" if stopped.batches else ""
    click.echo(f"Batches paused: {len(stopped.batches)}{named}.")
    if mailings:
        click.echo(f"Mailings that waited for their time, paused: {mailings}.")
    click.echo(f"Invitations and password links cancelled: {stopped.cancelled}.")
