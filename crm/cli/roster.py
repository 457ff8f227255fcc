"""`ratify import-roster`: a roster compared with the directory and, when asked, applied."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from crm import clock
from crm.cli.app import ready_app
from crm.roster_import import actions, works
from crm.roster_import.leases import take_up
from crm.roster_import.models import ImportState, RowKind
from crm.roster_import.preparing import Step
from crm.roster_import.readers.columns import FIELDS, SEAT, SEVERAL
from crm.roster_import.records import Item, UnreadableRoster
from crm.roster_import.reviewing import open_questions, questions
from crm.roster_import.spool import Spool
from crm.roster_import.staging import Heading, compared, layout_of, read_heading
from crm.roster_import.tally import Tally
from crm.roster_import.touched import mark
from crm.roster_import.words import alarm_text, reason_label
from crm.unit_of_work import unit_of_work

ACTOR = "command:import-roster"
_LINES_SHOWN = 20


class NotApplied(click.ClickException):
    """The file was read, and nothing was changed because a person has to confirm first."""


@dataclass
class _Bad:
    """The first unreadable lines: number, what they hold, and why they cannot be taken."""

    lines: list[dict[str, Any]] = field(default_factory=list)

    def note(self, rows: Sequence[dict[str, Any]]) -> None:
        for row in rows:
            if row["kind"] is RowKind.UNREADABLE and len(self.lines) < _LINES_SHOWN:
                self.lines.append({"line": row["line"], "text": row["name"], "problem": row["reason"]})


def _report(heading: Heading, tally: Tally, import_id: int | None, bad: _Bad) -> dict[str, Any]:
    survey = heading.survey
    layout = heading.layout
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
        "columns": dict(zip(layout.header, layout.fields, strict=True)) if layout else {},
        "unreadable_lines": bad.lines,
        "known_otherwise": {label: likely[0].name for label, likely in heading.likely.items()},
    }


def _table(report: dict[str, Any]) -> str:
    lines = [
        f"{report['file']} ({report['format']}), {'every member' if report['complete'] else 'some contacts'}",
        f"describes {report['as_of']} (known by: {report['as_of_source'].replace('_', ' ')})",
        *(f"{report[kind]:>8}  {kind}" for kind in RowKind),
    ]
    notes = ("unread_columns", "unknown_groups", "alarms")
    lines += [f"{name.replace('_', ' ')}: {', '.join(report[name])}" for name in notes if report[name]]
    lines += [f"{label}: perhaps known as {name}" for label, name in report["known_otherwise"].items()]
    lines += [f"line {bad['line']}: {reason_label(bad['problem'])} {bad['text']}" for bad in report["unreadable_lines"]]
    more = report[RowKind.UNREADABLE] - len(report["unreadable_lines"])
    if more > 0:
        lines.append(f"and {more} more unreadable lines")
    lines.append("applied" if report["applied"] else "nothing was changed; --apply applies it")
    return "\n".join(lines)


def _refusal(import_id: int) -> str:
    number = open_questions(import_id)
    asked = questions(import_id, _LINES_SHOWN)
    more = [f"and {number - len(asked)} more"] if number > len(asked) else []
    how = (
        "Answer line by line where contacts are imported in the browser, or run the command again with --apart: then "
        "each of these becomes a contact of its own."
    )
    title = f"Nothing was changed. New lines look like others, or like somebody known ({number}):"
    return "\n".join([title, *asked, *more, how])


def _known_otherwise(heading: Heading) -> str:
    """Which institutions of the file go by another name in the directory, as far as names tell; "" for none.

    Two names of one that is new are merged later as well.
    """
    likely = {label: found[0].name for label, found in heading.likely.items() if found[0].telling and found[0].id}
    named = [f"{label}: perhaps {name}" for label, name in likely.items()]
    how = (
        "Import the file in the browser and say there whether they are, give the institution that other name on its "
        "page, or run the command again with --apart: then each becomes one of its own."
    )
    title = f"Nothing was changed. Institutions may be known under another name ({len(named)}):"
    return "\n".join([title, *named[:_LINES_SHOWN], how]) if named else ""


def _apply(heading: Heading, bad: _Bad, *, confirmed: bool, apart: bool) -> tuple[Tally, int]:
    """Compare, and write at once what was compared.

    An alarm nobody has confirmed leaves everything as it was, and so do lines that may be somebody else's, unless they
    are to stay `apart`.
    """
    if not apart and (renamed := _known_otherwise(heading)):
        raise NotApplied(renamed)
    with unit_of_work("stage import", actor=ACTOR):
        import_id = actions.bring(heading.file_name, stored_name=None, asked={}, user_id=None, ring=False).id
        since = mark()
    applying = False
    try:
        with Spool[Step]() as spool:
            tally = works.compare(import_id, heading, actor=ACTOR, spool=spool, asking=not apart, watch=bad.note)
            if tally.alarms() and not confirmed:
                why = " ".join(alarm_text(alarm, tally.by_kind(), tally.seen()) for alarm in tally.alarms())
                raise NotApplied(
                    f"Nothing was changed. {why} If the file is right, run the command again with --confirm-drop."
                )
            if not apart and open_questions(import_id):
                raise NotApplied(_refusal(import_id))
            with unit_of_work("take up import", actor=ACTOR):
                lease = take_up(import_id, ImportState.APPLYING, actor=ACTOR)
            applying = True
            return works.write(lease, spool, since, actor=ACTOR), import_id
    except actions.MoveRefused:
        # A worker took it for abandoned, and finishes it.
        raise
    except BaseException:
        is_gone = applying and works.refuse(import_id, "", actor=ACTOR)
        if is_gone or not applying:
            with unit_of_work("drop import", actor=ACTOR):
                actions.drop(import_id)
        raise


def _mapping(file: Path, named: Sequence[str]) -> list[str] | None:
    """What the columns hold, where options say so: those named, and the others as they are recognised."""
    if not named:
        return None
    layout = layout_of(file, file.name)
    if layout is None:
        raise click.BadParameter("this format says itself what stands where", param_hint="--map")
    fields = list(layout.fields)
    for one in named:
        name, _sign, heading = one.partition("=")
        if name not in (*FIELDS, SEAT, "") or heading not in layout.header:
            raise click.BadParameter(
                f"{one!r}: give a field and a column, such as name=Member. Fields: {', '.join(FIELDS)}. "
                f"Columns of this file: {', '.join(layout.header)}.",
                param_hint="--map",
            )
        index = layout.header.index(heading)
        if name not in SEVERAL:
            fields = ["" if field_name == name else field_name for field_name in fields]
        fields[index] = name
    return fields


@click.command("import-roster")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day the file describes; by default the date in the file's name, else the latest start of a mandate "
    "in it, else today.",
)
@click.option(
    "--complete/--partial",
    default=None,
    help="Whether it names every member of its institution (whoever is absent has left) or only some contacts.",
)
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="What a column of a table holds, such as name=Member; once for each. =COLUMN leaves one out. The others are "
    "recognised by their names.",
)
@click.option("--apply", "apply_it", is_flag=True, help="Apply it; without this nothing is changed.")
@click.option(
    "--confirm-drop",
    is_flag=True,
    help="Apply it even if many mandates end or many names change at once, or some end while lines are unreadable.",
)
@click.option(
    "--apart",
    is_flag=True,
    help="Apply it even if new lines look like other lines, or like somebody known: each becomes a contact of its own.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def import_roster(
    file: Path,
    as_of: datetime | None,
    complete: bool | None,
    mapping: tuple[str, ...],
    apply_it: bool,
    confirm_drop: bool,
    apart: bool,
    as_json: bool,
) -> None:
    """Import contacts: compare FILE with the directory, and apply it with --apply.

    The European Parliament's full list (XML, any language) and tables (CSV, XLSX) with a line of column names are
    understood. What people have said of the columns of a table in the browser holds here too.
    """
    if as_of is not None and as_of.date() > clock.today():
        raise click.BadParameter("that day is still to come", param_hint="--as-of")
    with ready_app():
        try:
            day = as_of.date() if as_of else None
            fields = _mapping(file, mapping)
            bad = _Bad()
            with Spool[Item]() as lines:
                heading = read_heading(file, file.name, as_of=day, complete=complete, fields=fields, keep=lines)
                if apply_it:
                    tally, import_id = _apply(heading, bad, confirmed=confirm_drop, apart=apart)
                    report = _report(heading, tally, import_id, bad)
                else:
                    tally = Tally()
                    for batch in compared(heading, tally):
                        bad.note(batch.rows)
                    report = _report(heading, tally, None, bad)
        except UnreadableRoster as error:
            if as_json:
                click.echo(json.dumps({"error": str(error), "line": error.line}, ensure_ascii=False))
            click.echo(f"{file.name} cannot be imported. {error}", err=True)
            sys.exit(1)
    click.echo(json.dumps(report, ensure_ascii=False) if as_json else _table(report))
