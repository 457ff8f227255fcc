"""`ratify receive < message` and `ratify receive-lmtp` for mail servers that hand mail over; `ratify fetch-mail`."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys

import click
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from config import load_settings
from crm import create_app
from crm.inbound.actions import receive, size_limit
from crm.inbound.mailbox import TROUBLES, NoMailbox, fetch
from crm.inbound.models import Source
from crm.processes import lmtp
from crm.unit_of_work import unit_of_work

# sysexits.h: mail servers keep the message and try again later.
EX_TEMPFAIL = 75

logger = logging.getLogger(__name__)


@click.command("receive")
@click.option("--recipient", default="", help="Address it was sent to, as the envelope says.")
def receive_command(recipient: str) -> None:
    """Take one message (RFC 5322) from the standard input, as it came.

    It is kept whole, and the worker looks at it. The same message twice is one. Where it cannot be kept just now, the
    exit code is 75, for which mail servers try again later.
    """
    app = create_app(load_settings())
    with app.app_context():
        raw = sys.stdin.buffer.read(size_limit() + 1)
        try:
            with unit_of_work("receive message", actor="command:receive"):
                receive(raw, Source.PIPE, recipient=recipient)
        except (SQLAlchemyError, OSError) as error:
            logger.exception("a message could not be kept")
            click.echo(f"Not kept, try again later: {error}", err=True)
            sys.exit(EX_TEMPFAIL)


@click.command("receive-lmtp")
def receive_lmtp_command() -> None:
    """Take messages from a mail server by LMTP (RFC 2033) at INBOUND_LMTP, until SIGTERM.

    The server is told that a message is taken once it is kept whole, and otherwise to try again later. Only programs
    of this machine reach the port; a socket, only those of its owner and group.
    """
    settings = load_settings()
    if not settings.lmtp:
        raise click.ClickException("Nobody hands mail over: set INBOUND_LMTP to a port or to the path of a socket.")
    app = create_app(settings)
    try:
        asyncio.run(_listen(app, settings.lmtp))
    except OSError as error:
        raise click.ClickException(f"INBOUND_LMTP={settings.lmtp}: {error}") from None


async def _listen(app: Flask, address: str) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await lmtp.listen(app, address, stopped, lambda: click.echo(f"taking mail by LMTP at {address}"))


@click.command("fetch-mail")
def fetch_mail_command() -> None:
    """Fetch what is new in the mailbox (INBOUND_IMAP_HOST) now; the worker does so every minute."""
    app = create_app(load_settings())
    with app.app_context():
        try:
            taken = fetch("command:fetch-mail")
        except NoMailbox:
            raise click.ClickException("No mailbox is set: set INBOUND_IMAP_HOST, and what belongs to it.") from None
        except TROUBLES as trouble:
            raise click.ClickException(f"The mailbox cannot be fetched: {trouble}") from None
    click.echo(f"Messages taken in: {taken}")
