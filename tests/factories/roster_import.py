"""Rosters for tests: files of invented people, and importing them the way a command does."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

from openpyxl import Workbook

from crm import clock
from crm.extensions import db
from crm.roster_import import works
from crm.roster_import.actions import bring
from crm.roster_import.leases import take_up
from crm.roster_import.models import Import, ImportState
from crm.roster_import.staging import read_heading
from crm.roster_import.tally import Tally
from crm.unit_of_work import unit_of_work

EPP = "Group of the European People's Party (Christian Democrats)"
PATRIOTS = "Patriots for Europe Group"


def member(
    number: int, name: str, *, country: str = "Spain", group: str = EPP, party: str = "Partido Inventado"
) -> dict[str, str]:
    """One member of the full list."""
    return {
        "fullName": name,
        "country": country,
        "politicalGroup": group,
        "id": str(number),
        "nationalPoliticalGroup": party,
    }


def members(count: int, start: int = 1) -> list[dict[str, str]]:
    """Invented members with ids from `start`, no two of one name."""
    return [member(number, f"Ada INVENTED{number}") for number in range(start, start + count)]


def full_list(path: Path, people: Sequence[Mapping[str, str]]) -> Path:
    """Write a full list of the European Parliament."""
    lines = ['<?xml version="1.0" encoding="UTF-8" standalone="yes"?>', "<meps>"]
    for person in people:
        lines += ["<mep>", *(f"<{tag}>{escape(text)}</{tag}>" for tag, text in person.items()), "</mep>"]
    path.write_text("\n".join([*lines, "</meps>", ""]), encoding="utf-8")
    return path


def table(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """Write a CSV file with a line of column names."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def workbook(path: Path, rows: Sequence[Sequence[object]], title: str = "People") -> Path:
    """Write an XLSX file of one sheet."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for row in rows:
        sheet.append(list(row))
    book.save(path)
    return path


def leave_dead(import_id: int, state: ImportState) -> None:
    """Begin the work of a state as a worker does that dies at once; its lease is over."""
    with unit_of_work("take up import", actor="worker:desk"):
        take_up(import_id, state, actor="worker:desk")
    end_lease(import_id)


def end_lease(import_id: int) -> None:
    """Let the time be over for which a worker may hold an import without a sign of life."""
    with unit_of_work("wait", actor="test"):
        db.session.get_one(Import, import_id).lease_until = clock.now() - timedelta(seconds=1)


def stage_file(
    path: Path, *, as_of: date | None = None, complete: bool | None = None, user_id: int | None = None
) -> Import:
    """Stage a roster as the worker does with an upload."""
    heading = read_heading(path, path.name, as_of=as_of, complete=complete)
    with unit_of_work("bring import", actor="user:1"):
        import_id = bring(path.name, stored_name=None, asked={}, user_id=user_id, ring=False).id
    works.compare(import_id, heading, actor="user:1")
    return db.session.get_one(Import, import_id)


def apply_staged(import_id: int, actor: str = "user:1") -> Tally:
    """Apply a staged import, in the name of a user."""
    return works.apply(import_id, actor=actor)


def import_file(path: Path, *, as_of: date | None = None, complete: bool | None = None) -> dict[str, int]:
    """Stage and apply a roster; the number of rows of each kind, those without any left out."""
    tally = apply_staged(stage_file(path, as_of=as_of, complete=complete).id)
    return {kind: number for kind, number in tally.by_kind().items() if number}
