"""`ratify create-user`: the first user, and any other without an invitation."""

from __future__ import annotations

import sys

import click
from email_validator import EmailNotValidError, validate_email

from crm.accounts.actions import EmailTaken, create_user
from crm.accounts.passwords import SHORTEST, Weakness, weakness
from crm.cli.app import ready_app
from crm.policy import Role
from crm.unit_of_work import unit_of_work

_WEAK = {
    Weakness.SHORT: f"the password needs at least {SHORTEST} characters",
    Weakness.REPEATED: "the password needs more different characters",
    Weakness.PERSONAL: "the password must be more than the user's name or address",
}


def _password(given: str | None, from_stdin: bool) -> str:
    if given is not None:
        return given
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


@click.command("create-user")
@click.option("--email", required=True, help="Address to sign in with.")
@click.option("--name", required=True, help="The person's name.")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]), help="What they may do.")
@click.option("--team", required=True, help="Their team; it is made where there is none of that name.")
@click.option("--password", help="Password; asked for where neither this nor --password-stdin is given.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
def create_user_command(
    email: str, name: str, role: str, team: str, password: str | None, password_stdin: bool
) -> None:
    """Add a user who can sign in at once."""
    try:
        validate_email(email.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise click.BadParameter(str(error), param_hint="--email") from None
    chosen = _password(password, password_stdin)
    if (found := weakness(chosen, name, email)) is not None:
        raise click.ClickException(_WEAK[found])
    with ready_app():
        try:
            with unit_of_work("create user", actor="command:create-user"):
                user = create_user(email, name, Role(role), team, chosen)
                created = f"{user.name} <{user.email}>, {role} in {team}"
        except EmailTaken:
            raise click.ClickException(f"there is a user with the address {email} already") from None
    click.echo(f"Created {created}.")
