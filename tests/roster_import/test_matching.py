"""Whom a record is about: told by identifier, address, or name and country, and never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from crm.directory.models import Person
from crm.extensions import db
from crm.roster_import.models import ImportRow, Reason, RowKind
from tests.factories.directory import make_person
from tests.factories.roster_import import import_file, stage_file, table


def staged_row(path: Path, **columns: str) -> ImportRow:
    """The row a table of one person comes to."""
    staged = stage_file(table(path / "people.csv", [columns]))
    return db.session.scalars(sa.select(ImportRow).where(ImportRow.import_id == staged.id)).one()


def person(name: str, **more: str) -> int:
    email = more.pop("email", None)
    country = more.pop("country", "ES")
    return make_person(name, country=country or None, email=email, parliament=None, group=None, identifiers=more).id


def test_an_identifier_settles_it_whatever_else_differs(app: Flask, tmp_path: Path) -> None:
    known = person("Ada Lovelace", europarl="7")
    found = staged_row(tmp_path, name="Augusta KING", epid="7", country="MT")
    assert (found.kind, found.contact_id) == (RowKind.CHANGED, known)


def test_an_address_settles_it_where_the_names_share_a_word(app: Flask, tmp_path: Path) -> None:
    known = person("Ada Lovelace", email="ada@parliament.example")
    found = staged_row(tmp_path, name="Augusta Ada LOVELACE", email="ADA@parliament.example")
    assert found.contact_id == known


def test_an_address_of_quite_another_name_waits_for_a_person(app: Flask, tmp_path: Path) -> None:
    known = person("Ada Lovelace", email="office@parliament.example")
    found = staged_row(tmp_path, name="Grace HOPPER", email="office@parliament.example", country="US")
    assert (found.kind, found.reason, found.candidates) == (RowKind.SUSPICIOUS, Reason.SHARED_ADDRESS, [known])


def test_an_address_of_several_people_is_an_offices(app: Flask, tmp_path: Path) -> None:
    people = [person(name, email="office@parliament.example") for name in ("Ada Lovelace", "Grace Hopper")]
    rows = [
        {"name": name, "email": "office@parliament.example", "country": "ES"}
        for name in ("Ada LOVELACE", "Grace HOPPER", "Emmy NOETHER", "Ada Byron")
    ]
    staged = stage_file(table(tmp_path / "people.csv", rows))
    found = sa.select(ImportRow).where(ImportRow.import_id == staged.id).order_by(ImportRow.line)
    assert [(row.contact_id, row.reason, row.candidates) for row in db.session.scalars(found)] == [
        (people[0], "", []),
        (people[1], "", []),
        (None, "", []),
        (None, Reason.AMBIGUOUS, [people[0]]),
    ]


@pytest.mark.parametrize("written", ["Zoë LOVELACE", "LOVELACE Zoë", "zoe lovelace", "Lovelace Zoë"])
def test_name_and_country_settle_it_in_any_order_and_without_accents(app: Flask, tmp_path: Path, written: str) -> None:
    known = person("Zoë Lovelace")
    assert staged_row(tmp_path, name=written, country="Espagne").contact_id == known


def test_a_namesake_of_another_country_is_somebody_else(app: Flask, tmp_path: Path) -> None:
    person("Ada Lovelace", country="MT")
    found = staged_row(tmp_path, name="Ada LOVELACE", country="ES")
    assert (found.kind, found.contact_id) == (RowKind.NEW, None)


@pytest.mark.parametrize(("known_country", "country"), [("ES", ""), ("", "ES")])
def test_a_namesake_without_a_country_waits_for_a_person(
    app: Flask, tmp_path: Path, known_country: str, country: str
) -> None:
    known = person("Ada Lovelace", country=known_country)
    found = staged_row(tmp_path, name="Ada LOVELACE", country=country)
    assert (found.kind, found.reason, found.candidates) == (RowKind.SUSPICIOUS, Reason.NAMESAKE, [known])


def test_two_who_fit_alike_wait_for_a_person(app: Flask, tmp_path: Path) -> None:
    both = sorted([person("Ada Lovelace"), person("Ada Lovelace")])
    found = staged_row(tmp_path, name="Ada LOVELACE", country="ES")
    assert (found.kind, found.reason, found.candidates) == (RowKind.SUSPICIOUS, Reason.AMBIGUOUS, both)


def test_another_number_in_the_same_register_is_somebody_else(app: Flask, tmp_path: Path) -> None:
    person("Maria González", europarl="1")
    found = staged_row(tmp_path, name="Maria GONZÁLEZ", epid="2", country="ES")
    assert (found.kind, found.contact_id) == (RowKind.NEW, None)


def test_an_address_and_a_number_that_disagree_wait_for_a_person(app: Flask, tmp_path: Path) -> None:
    known = person("Maria González", europarl="1", email="maria@parliament.example")
    found = staged_row(tmp_path, name="Maria GONZÁLEZ", epid="2", email="maria@parliament.example", country="ES")
    assert (found.reason, found.candidates) == (Reason.SHARED_ADDRESS, [known])


def test_the_same_person_twice_in_a_file_waits_for_a_person(app: Flask, tmp_path: Path) -> None:
    known = person("Ada Lovelace", europarl="7")
    rows = [
        {"name": "Ada LOVELACE", "epid": "7", "country": "ES"},
        {"name": "Ada LOVELACE", "epid": "7", "country": "MT"},
        {"name": "Grace HOPPER", "epid": "8", "country": "US"},
        {"name": "Grace HOPPER", "epid": "8", "country": "US"},
    ]
    staged = stage_file(table(tmp_path / "people.csv", rows))
    found = db.session.scalars(
        sa.select(ImportRow).where(ImportRow.import_id == staged.id).order_by(ImportRow.id)
    ).all()
    assert [(row.reason, row.candidates) for row in found] == [
        ("", []),
        (Reason.REPEATED, [known]),
        ("", []),
        (Reason.REPEATED, []),
    ]


def test_what_waits_for_a_person_writes_nothing(app: Flask, tmp_path: Path) -> None:
    person("Ada Lovelace")
    person("Ada Lovelace")
    path = table(tmp_path / "people.csv", [{"name": "Ada LOVELACE", "country": "ES", "email": "ada@x.example"}])
    assert import_file(path) == {"suspicious": 1}
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 2
