"""The `ratify` command: every subcommand builds the app on a migrated database, and does one thing."""

from __future__ import annotations

import click

from config import SettingsError
from crm.cli.demo import demo
from crm.cli.hold_sending import hold_sending_command
from crm.cli.mail import check_mail_command, dkim_command
from crm.cli.rebuild import rebuild
from crm.cli.receive import fetch_mail_command, receive_command, receive_lmtp_command
from crm.cli.roster import import_roster
from crm.cli.settings import settings
from crm.cli.treaties import treaty_status_command
from crm.cli.up import up
from crm.cli.users import create_user_command


class RatifyGroup(click.Group):
    """A group that reports wrong settings as a message, not as a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=RatifyGroup)
@click.version_option(package_name="ratify")
def main() -> None:
    """Ratify: a lightweight CRM for campaigns that win treaty ratifications."""


main.add_command(check_mail_command)
main.add_command(demo)
main.add_command(dkim_command)
main.add_command(create_user_command)
main.add_command(hold_sending_command)
main.add_command(import_roster)
main.add_command(rebuild)
main.add_command(receive_command)
main.add_command(receive_lmtp_command)
main.add_command(fetch_mail_command)
main.add_command(settings)
main.add_command(treaty_status_command)
main.add_command(up)
