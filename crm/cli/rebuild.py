"""`ratify rebuild`: derived columns and the search index, written anew from what they are derived of."""

from __future__ import annotations

import click

from crm.cli.app import ready_app
from crm.directory.rebuilding import rebuild_columns, rebuild_index
from crm.history.finished import rebuild as rebuild_finished
from crm.history.projection import rebuild as rebuild_history
from crm.outbox.tallies import recount
from crm.pipeline.furthest import rebuild_furthest
from crm.pipeline.last_contact import rebuild_last_contacts
from crm.stances.projection import rebuild as rebuild_stances
from crm.unit_of_work import unit_of_work

ACTOR = "command:rebuild"


@click.command()
def rebuild() -> None:
    """Write anew what lists and the search read: each contact's derived columns, current stances, the search index,
    entries of timelines, when something last reached each target and how
    far it ever came, how many letters of each mailing were sent.

    They follow every change by themselves; this is for a database that was changed by other means. People can go on
    working meanwhile.
    """
    with ready_app():
        with unit_of_work("rebuild derived columns", actor=ACTOR):
            contacts = rebuild_columns()
        with unit_of_work("rebuild current stances", actor=ACTOR):
            stances = rebuild_stances()
        with unit_of_work("rebuild timelines", actor=ACTOR):
            interactions = rebuild_history()
            rebuild_finished()
        with unit_of_work("rebuild the search index", actor=ACTOR):
            rebuild_index()
        with unit_of_work("rebuild last contacts", actor=ACTOR):
            rebuild_last_contacts()
            rebuild_furthest()
        with unit_of_work("recount letters", actor=ACTOR):
            miscounted = recount()
    click.echo(f"Contacts whose derived columns and search words are written anew: {contacts:,}.")
    click.echo(f"Contacts whose current stances are written anew: {stances:,}.")
    click.echo(f"Mailings whose letters were counted wrongly, and are counted anew: {len(miscounted):,}.")
    click.echo(f"Interactions whose entries on timelines are written anew: {interactions:,}.")
