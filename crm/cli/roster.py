"""`ratify import-roster`: a roster compared with the directory and, when asked, applied."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from crm import clock
from crm.cli.app import ready_app
from crm.roster_import.actions import apply, begin, stage
from crm.roster_import.known import APPLY
from crm.roster_import.models import RowKind
from crm.roster_import.records import UnreadableRoster
from crm.roster_import.staging import Heading, Tally, read_heading, staged_rows
from crm.roster_import.words import alarm_text
from crm.unit_of_work import unit_of_work

ACTOR = "command:import-roster"


class NotApplied(click.ClickException):
    """The file was read, and nothing was changed because a person has to confirm first."""


def _report(heading: Heading, tally: Tally, import_id: int | None) -> dict[str, Any]:
    survey = heading.survey
    return {
        **tally.by_kind(),
        "applied": import_id is not None,
        "import_id": import_id,
        "file": heading.file_name,
        "format": survey.format,
        "institution": survey.institution,
        "complete": survey.complete,
        "as_of": heading.as_of.isoformat(),
        "as_of_source": heading.as_of_source,
        "alarms": tally.alarms(),
        "unread_columns": list(survey.unread_columns),
        "unknown_groups": list(survey.unknown_groups),
    }


def _table(report: dict[str, Any]) -> str:
    lines = [
        f"{report['file']} ({report['format']}), {'complete roster' if report['complete'] else 'some contacts'}",
        f"describes {report['as_of']} (known by: {report['as_of_source'].replace('_', ' ')})",
        *(f"{report[kind]:>8}  {kind}" for kind in RowKind),
    ]
    notes = ("unread_columns", "unknown_groups", "alarms")
    lines += [f"{name.replace('_', ' ')}: {', '.join(report[name])}" for name in notes if report[name]]
    lines.append("applied" if report["applied"] else "nothing was changed; --apply applies it")
    return "\n".join(lines)


def _apply(heading: Heading, *, confirmed: bool) -> tuple[Tally, int]:
    """Stage and apply in one transaction; an alarm nobody has confirmed rolls all of it back."""
    with unit_of_work(APPLY, actor=ACTOR):
        staged, tally = stage(heading)
        if tally.alarms() and not confirmed:
            why = " ".join(alarm_text(alarm, tally.by_kind(), tally.seen()) for alarm in tally.alarms())
            raise NotApplied(
                f"Nothing was changed. {why} If the file is right, run the command again with --confirm-drop."
            )
        begin(staged.id)
        return apply(staged.id), staged.id


@click.command("import-roster")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day the roster describes; by default the date in the file's name, else the latest start of a mandate "
    "in it, else today.",
)
@click.option(
    "--complete/--partial",
    default=None,
    help="Whether it names every member of its institution (whoever is absent has left) or only some contacts.",
)
@click.option("--apply", "apply_it", is_flag=True, help="Apply it; without this nothing is changed.")
@click.option(
    "--confirm-drop",
    is_flag=True,
    help="Apply it even if many mandates end or many names change at once, or some end while lines are unreadable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def import_roster(
    file: Path, as_of: datetime | None, complete: bool | None, apply_it: bool, confirm_drop: bool, as_json: bool
) -> None:
    """Compare the roster in FILE with the directory, and apply it with --apply.

    The European Parliament's full list (XML, any language) and CSV files with a line of column names are understood.
    """
    if as_of is not None and as_of.date() > clock.today():
        raise click.BadParameter("that day is still to come", param_hint="--as-of")
    with ready_app():
        try:
            heading = read_heading(file, file.name, as_of=as_of.date() if as_of else None, complete=complete)
            if apply_it:
                tally, import_id = _apply(heading, confirmed=confirm_drop)
                report = _report(heading, tally, import_id)
            else:
                tally = Tally()
                for _rows in staged_rows(heading, tally):
                    pass
                report = _report(heading, tally, None)
        except UnreadableRoster as error:
            if as_json:
                click.echo(json.dumps({"error": str(error), "line": error.line}, ensure_ascii=False))
            click.echo(f"{file.name} cannot be imported. {error}", err=True)
            sys.exit(1)
    click.echo(json.dumps(report, ensure_ascii=False) if as_json else _table(report))
