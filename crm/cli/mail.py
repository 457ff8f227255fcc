"""`ratify check-mail` and `ratify dkim`: the mail settings tried step by step, and the key that signs letters."""

from __future__ import annotations

import textwrap
from itertools import chain

import click

from config import load_settings
from crm import create_app
from crm.inbound.checking import check_mailbox
from crm.outbox.addresses import BadAddress
from crm.outbox.checking import Level, check_mail
from crm.outbox.dkim import NoKey, make_key, signer
from crm.outbox.sender_records import Records

_MARKS = {Level.GOOD: "ok", Level.DOUBT: "look", Level.BAD: "NO"}
_RECORD_PIECE = 250  # a string in the DNS has at most 255 bytes


@click.command("check-mail")
@click.option("--to", metavar="ADDRESS", help="Send one test letter there; without this, nothing is sent.")
@click.option("--name-server", metavar="ADDRESS", help="Ask this name server, not the one of this machine.")
def check_mail_command(to: str | None, name_server: str | None) -> None:
    """Try the mail settings step by step, and say what to do where one fails.

    Ends with 1 where no letter would leave or arrive. It uses the settings of the environment, as the worker does.
    """
    settings = load_settings()
    host, _, port = (name_server or "").partition("#")
    worst = Level.GOOD
    with create_app(settings).app_context():
        try:
            steps = check_mail(settings, lambda: Records([host] if host else (), int(port or 53)), to)
            for finding in chain(steps, check_mailbox(settings)):
                click.echo(f"{_MARKS[finding.level]:>4}  {finding.step}: {finding.said}")
                if finding.advice:
                    click.echo(textwrap.fill(finding.advice, 108, initial_indent="      → ", subsequent_indent=" " * 8))
                worst = Level.BAD if Level.BAD in (worst, finding.level) else finding.level
        except BadAddress as error:
            raise click.BadParameter(str(error), param_hint="--to or MAIL_DEFAULT_SENDER") from None
    if worst is Level.BAD:
        raise SystemExit(1)


@click.command("dkim")
def dkim_command() -> None:
    """Print the DNS record that receivers check our signatures with; makes the key where there is none yet."""
    settings = load_settings()
    if not settings.dkim_domain:
        raise click.ClickException("Set DKIM_DOMAIN to the domain letters come from, such as example.org.")
    try:
        make_key(settings.dkim_key)
        click.echo(f"A new key is in {settings.dkim_key}: keep it as you keep passwords, and put it on every host.\n")
    except FileExistsError:
        pass
    except OSError as error:
        raise click.ClickException(f"The key cannot be written: {error}") from None
    try:
        signs = signer(settings.dkim_domain, settings.dkim_selector, settings.dkim_key)
    except NoKey as error:
        raise click.ClickException(str(error)) from None
    record = signs.record()
    pieces = [record[start : start + _RECORD_PIECE] for start in range(0, len(record), _RECORD_PIECE)]
    click.echo(f"Put this record into the DNS of {signs.domain}:\n")
    click.echo(f"  name   {signs.record_name}")
    click.echo("  type   TXT")
    click.echo(f"  value  {record}\n")
    click.echo("The same as a line of a zone file:\n")
    click.echo(f"{signs.record_name}. IN TXT ( {' '.join(f'{chr(34)}{piece}{chr(34)}' for piece in pieces)} )\n")
    click.echo("Once it is there, `ratify check-mail` finds it, and every mail that leaves is signed.")
