"""Whatever is done to contacts, the index holds the words of their texts: no fewer, and no more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from crm.audit.actions import undo
from crm.cli import main
from crm.demo.actions import load_demo
from crm.demo.crowd import create_crowd
from crm.directory.actions import add_membership, create_person, update_contact
from crm.directory.bulk import add_memberships, add_organizations, add_people
from crm.directory.finding import contacts_named
from crm.directory.merging import merge
from crm.directory.models import Category, Contact, Membership, Person
from crm.directory.projection import forget, projected_together
from crm.directory.rebuilding import rebuild_columns, rebuild_index
from crm.directory.unmerging import unmerge
from crm.extensions import db
from crm.search_index.actions import forget_unused_words
from crm.search_index.models import postings, words
from crm.treaties.actions import load_facts
from crm.unit_of_work import unit_of_work
from tests.factories.directory import make_organization, make_person

Index = set[tuple[Any, ...]]


def index() -> Index:
    return {tuple(row) for row in db.session.execute(sa.select(postings))}


def vocabulary() -> set[str]:
    return set(db.session.scalars(sa.select(words.c.word)))


def derived() -> Index:
    columns = [column for column in Contact.__table__.c if column.info.get("derived")]
    return {tuple(row) for row in db.session.execute(sa.select(Contact.id, *columns))}


def done(deed: Callable[[], Any]) -> int:
    with unit_of_work("deed", actor="user:1") as work:
        deed()
    assert work.change_set_id is not None
    return work.change_set_id


def rebuilt() -> tuple[Index, Index, set[str]]:
    with unit_of_work("rebuild derived columns", actor="test"):
        rebuild_columns()
    with unit_of_work("rebuild the search index", actor="test"):
        rebuild_index()
    return derived(), index(), vocabulary()


def holds() -> None:
    """What was kept is what a rebuild makes; words nobody has any more may be left in the vocabulary."""
    kept_columns, kept_index, kept_words = derived(), index(), vocabulary()
    columns, whole, every_word = rebuilt()
    assert kept_columns == columns
    assert kept_index == whole
    assert kept_words >= every_word == {word for word, _, _ in whole}


def test_a_rebuilt_database_equals_the_kept_one(app: Flask) -> None:
    with unit_of_work("load facts", actor="test"):
        load_facts()
    load_demo()
    with unit_of_work("invent a crowd", actor="test"):
        create_crowd(60)
    assert len(index()) > 600
    holds()


def test_deeds_undone_and_done_again_leave_it_true(app: Flask) -> None:
    group = make_organization("Green Group", category=Category.POLITICAL_GROUP, abbreviation="G")
    person = make_person("Ada Alvaro", group=None, email=None)
    deeds = [
        done(lambda: update_contact(person, family_name="Alvarez")),
        done(lambda: add_membership(person, group, start_date=date(2024, 7, 16))),
        done(lambda: update_contact(group, name="Greener Group")),
    ]
    added = done(lambda: make_person("Zoë Quill", group="Green Group", party="Verdes"))
    assert len(contacts_named("greener")) == 2
    holds()
    back = done(lambda: undo(added))
    assert contacts_named("quill") == []
    holds()
    done(lambda: undo(back))
    assert [row.name for row in contacts_named("quill")] == ["Zoë Quill"]
    holds()
    for deed in reversed(deeds):
        done(lambda deed=deed: undo(deed))  # type: ignore[misc]
        holds()
    assert contacts_named("greener") == []
    assert [row.name for row in contacts_named("alvaro")] == ["Ada Alvaro"]


def test_writes_in_bulk_leave_it_true(app: Flask) -> None:
    def write() -> None:
        with projected_together():
            (parliament,) = add_organizations([{"name": "Cortes", "category_override": Category.PARLIAMENT}])
            people = add_people(
                [{"name": f"Ada Bulk{number}", "given_name": "Ada", "family_name": f"Bulk{number}"} for number in "123"]
            )
            add_memberships([{"person_id": id_, "organization_id": parliament} for id_ in people])

    deed = done(write)
    assert len(contacts_named("cortes bulk")) == 3
    holds()
    done(lambda: undo(deed))
    assert contacts_named("cortes") == []
    assert index() == set()


def test_a_merge_and_its_end_leave_it_true(app: Flask) -> None:
    group = make_organization("Green Group", category=Category.POLITICAL_GROUP)
    double = make_organization("Verdant Group", category=Category.POLITICAL_GROUP)
    make_person("Ada Alvaro", group="Verdant Group", email=None)
    names = group.id, double.id
    with unit_of_work("merge", actor="test"):
        merged = merge(*names).id
    assert [row.name for row in contacts_named("green")] == ["Green Group", "Ada Alvaro"]
    holds()
    with unit_of_work("unmerge", actor="test"):
        unmerge(merged)
    assert [row.name for row in contacts_named("verdant")] == ["Verdant Group", "Ada Alvaro"]
    holds()


def test_whoever_goes_is_forgotten_down_to_the_name(app: Flask) -> None:
    make_person("Ada Keep", group=None, email=None)
    gone = make_person("Ada Unforgettable", group=None, email=None)
    with unit_of_work("erase", actor="test"):
        forget([gone.id])
        db.session.execute(sa.delete(Membership).where(Membership.person_id == gone.id))
        db.session.execute(sa.delete(Contact).where(Contact.id == gone.id))
    with unit_of_work("forget words", actor="test"):
        forget_unused_words()
    assert "unforgettable" not in vocabulary()
    assert {"ada", "keep"} <= vocabulary()
    holds()


def test_the_command_mends_what_was_changed_by_other_means(
    app: Flask, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = make_person("Ada Alvaro", group="Green Group", email=None)
    with unit_of_work("know a whole name alone", actor="test"):
        create_person(name="Ada Boole")
    whole = index()
    with unit_of_work("other means", actor="test"):
        db.session.execute(sa.update(Person).values(search_text="", sort_name="wrong"))
        db.session.execute(sa.delete(postings))
    monkeypatch.setenv("RATIFY_DATA", str(tmp_path))
    monkeypatch.setenv("RATIFY_ENV", "test")
    monkeypatch.setenv("DATABASE_URL", database_url)
    told = CliRunner().invoke(main, ["rebuild"], catch_exceptions=False)
    assert told.exit_code == 0, told.output
    assert "written anew: 4" in told.output
    db.session.rollback()
    assert "boole ada" in db.session.scalars(sa.select(Person.sort_name)).all()
    assert index() == whole
    assert [row.id for row in contacts_named("alvaro green")] == [person.id]
