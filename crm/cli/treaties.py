"""`ratify treaty-status`: who is party to a treaty and who only signed it, on any day."""

from __future__ import annotations

import json
from datetime import date, datetime

import click

from crm import clock
from crm.cli.app import ready_app
from crm.places.countries import country_name
from crm.places.states import alpha_3
from crm.treaties.models import Standing
from crm.treaties.queries import StateRow, TreatyStatus, treaties, treaty_by_code, treaty_status


def _as_json(code: str, status: TreatyStatus, known_until: date | None) -> str:
    return json.dumps(
        {
            "treaty": code,
            "as_of": status.as_of.isoformat(),
            "known_until": known_until.isoformat() if known_until else None,
            "parties": status.count(Standing.PARTY),
            "signed_only": sorted(alpha_3(row.state) for row in status.of(Standing.SIGNED)),
            "neither": status.count(Standing.NEITHER),
        }
    )


def _line(row: StateRow) -> str:
    signed = row.signature.done_on.isoformat() if row.signature else ""
    return f"  {alpha_3(row.state)}  {country_name(row.state):<32} {signed}".rstrip()


def _as_table(name: str, status: TreatyStatus, known_until: date | None) -> str:
    signed = sorted(status.of(Standing.SIGNED), key=lambda row: alpha_3(row.state))
    further = known_until is not None and status.as_of > known_until
    reach = f", by a record that reaches to {known_until}" if further else ""
    lines = [
        name,
        f"as of {status.as_of.isoformat()}{reach}",
        f"{status.count(Standing.PARTY):>6}  parties",
        f"{len(signed):>6}  signed only",
        f"{status.count(Standing.NEITHER):>6}  neither",
    ]
    if signed:
        lines += ["", "Signed only, and when:", *(_line(row) for row in signed)]
    return "\n".join(lines)


@click.command("treaty-status")
@click.argument("treaty")
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="The day to look at; by default today."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def treaty_status_command(treaty: str, as_of: datetime | None, as_json: bool) -> None:
    """Who is party to TREATY, named by its code such as ICRMW, and who only signed it."""
    on: date = as_of.date() if as_of else clock.today()
    with ready_app():
        found = treaty_by_code(treaty)
        if found is None:
            known = ", ".join(row.code for row in treaties())
            raise click.BadParameter(f"there is no treaty {treaty!r}; there is: {known}", param_hint="TREATY")
        status = treaty_status(found.id, on)
    said = _as_json(found.code, status, found.known_until)
    click.echo(said if as_json else _as_table(f"{found.code}: {found.name}", status, found.known_until))
