"""Values the directory cannot hold make their line unreadable, on every database alike, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from crm.directory.models import Person
from crm.extensions import db
from crm.roster_import.models import ImportRow, RowKind
from crm.roster_import.readers import open_roster
from crm.roster_import.records import BadLine, Item, Problem, Record
from tests.factories.roster_import import apply_staged, full_list, member, members, stage_file, table

# Column, the field it is told as, and the most it may hold.
LIMITS = [
    ("name", "name", 300),
    ("first name", "given_name", 150),
    ("last name", "family_name", 150),
    ("ep id", "identifier", 120),
    ("wikidata", "identifier", 120),
    ("institution", "institution", 300),
    ("group", "group", 300),
    ("party", "party", 300),
    ("committee", "seat", 40),
]
WITHOUT_LIMIT = [
    ("role", "role"),
    ("country", "country"),
    ("gender", "gender"),
    ("phone", "phone"),
    ("address", "address"),
    ("room", "address"),
    ("url", "url"),
    ("twitter", "twitter"),
]


def people(path: Path, column: str, value: str) -> Path:
    """Three people on the lines 2 to 4, the second with that value."""
    parts = column in ("first name", "last name")
    rows = [({"first name": "Ada", "last name": name} if parts else {"name": f"Ada {name}"}) for name in "ABC"]
    rows = [{"institution": "Senate", column: "", **row} for row in rows]
    rows[1][column] = value
    return table(path, rows)


def second(path: Path) -> Item:
    return list(open_roster(path).records())[1]


@pytest.mark.parametrize(("column", "field", "limit"), LIMITS)
def test_one_letter_too_many(app: Flask, tmp_path: Path, column: str, field: str, limit: int) -> None:
    assert isinstance(second(people(tmp_path / "fits.csv", column, "ä" * limit)), Record)
    staged = stage_file(people(tmp_path / "people.csv", column, "ä" * (limit + 1)))
    staged_id = staged.id
    assert (staged.counts["new"], staged.counts["unreadable"]) == (2, 1)
    row = db.session.scalars(sa.select(ImportRow).where(ImportRow.kind == RowKind.UNREADABLE)).one()
    assert (row.line, row.reason) == (3, Problem.TOO_LONG)
    assert [(one["field"], one["held"]) for one in row.diff] == [(field, Problem.TOO_LONG)]
    assert row.diff[0]["after"].startswith("ä" * 40)
    apply_staged(staged_id)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 2


@pytest.mark.parametrize(("column", "field", "limit"), LIMITS)
def test_what_just_fits_is_written(app: Flask, tmp_path: Path, column: str, field: str, limit: int) -> None:
    apply_staged(stage_file(people(tmp_path / "people.csv", column, "ä" * limit)).id)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 3


@pytest.mark.parametrize(("column", "field"), [(column, field) for column, field, _ in LIMITS] + WITHOUT_LIMIT)
def test_a_nul_byte(app: Flask, tmp_path: Path, column: str, field: str) -> None:
    staged = stage_file(people(tmp_path / "people.csv", column, "a\0b"))
    staged_id = staged.id
    row = db.session.scalars(sa.select(ImportRow).where(ImportRow.kind == RowKind.UNREADABLE)).one()
    assert (row.line, row.reason) == (3, Problem.NUL)
    assert row.diff[0]["field"] == field
    assert "\0" not in row.name + row.diff[0]["after"]
    apply_staged(staged_id)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 2


@pytest.mark.parametrize("column", ["email", "birth date", "since", "a column nobody reads", "a\0column"])
def test_a_nul_byte_in_what_is_not_taken_over(app: Flask, tmp_path: Path, column: str) -> None:
    apply_staged(stage_file(people(tmp_path / "people.csv", column, "a\0b")).id)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 3


def test_the_full_list_has_the_same_limits(tmp_path: Path) -> None:
    path = full_list(tmp_path / "list.xml", [*members(1), member(2, "Ada TWO", party="p" * 301)])
    bad = second(path)
    assert isinstance(bad, BadLine)
    assert (bad.line, bad.text, bad.problem, bad.field) == (10, "Ada TWO", Problem.TOO_LONG, "party")
