"""Inserting many rows at once."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask

from crm.directory.models import Category, Contact, ContactKind, ContactLanguage
from crm.extensions import db
from crm.many_rows import insert_columns, new_ids
from crm.search_index.models import words
from crm.unit_of_work import unit_of_work
from tests.factories.directory import make_person


def test_reserved_ids_are_nobodys(app: Flask) -> None:
    known = make_person("Ada Invented", email=None).id
    with unit_of_work("reserve", actor="user:1"):
        ids = new_ids(db.session.connection(), Contact.__table__, 3)  # type: ignore[arg-type]
    assert len(set(ids)) == 3
    assert known not in ids


def test_values_are_converted_as_everywhere_else(app: Flask) -> None:
    made = make_person("Ada Invented", email=None)
    table: sa.Table = Contact.__table__  # type: ignore[assignment]
    with unit_of_work("copy", actor="user:1"):
        connection = db.session.connection()
        row = connection.execute(sa.select(table).where(table.c.id == made.id)).mappings().one()
        (copy_id,) = new_ids(connection, table, 1)
        stored = [column.name for column in table.c if column.computed is None]
        copied = {**row, "id": copy_id, "birth_date": date(1990, 1, 1), "forms_of_address": {"en": "Dear Ada"}}
        insert_columns(connection, table, {name: [copied[name]] for name in stored})
    copy = db.session.get_one(Contact, copy_id)
    assert (copy.kind, copy.category, copy.created_at) == (ContactKind.PERSON, row["category"], row["created_at"])
    assert isinstance(copy.category, Category)
    assert copy.forms_of_address == {"en": "Dear Ada"}
    assert copy.birth_date == date(1990, 1, 1)  # type: ignore[attr-defined]


def test_rows_that_are_there_are_passed_over_if_asked(app: Flask) -> None:
    with unit_of_work("words", actor="user:1"):
        connection = db.session.connection()
        insert_columns(connection, words, {"word": ["one", "two"]})
        insert_columns(connection, words, {"word": ["two", "three"]}, passing_over=True)
        insert_columns(connection, words, {"word": []})
    assert set(db.session.scalars(sa.select(words.c.word))) >= {"one", "two", "three"}


def test_what_the_database_refuses_is_told_as_everywhere_else(app: Flask) -> None:
    columns = {"contact_id": [0], "language": ["en"], "rank": [1]}
    with pytest.raises(sa.exc.IntegrityError), unit_of_work("break", actor="user:1"):
        insert_columns(db.session.connection(), ContactLanguage.__table__, columns)  # type: ignore[arg-type]


def test_a_column_left_out_is_refused(app: Flask) -> None:
    with unit_of_work("contact", actor="user:1"), pytest.raises(ValueError, match="needs more than name"):
        insert_columns(db.session.connection(), Contact.__table__, {"name": ["Ada"]})  # type: ignore[arg-type]
