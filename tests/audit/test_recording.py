"""What the trail keeps of a write, and what may not be written at all."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from crm.accounts.models import User
from crm.audit.models import Change, ChangeKind, ChangeSet
from crm.audit.recording import REDACTED
from crm.directory.models import Category, Contact, ContactPoint, Organization, Person, PointKind
from crm.extensions import db
from crm.policy import Role
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user


def add_person(**values: Any) -> int:
    """A person, written as a row: the id of the change set that made it, which is its own work."""
    with unit_of_work("add person", actor="user:1") as work:
        db.session.add(Person(category=Category.MEP, name="Ada Lovelace", sort_name="lovelace ada", **values))
    assert work.change_set_id is not None
    return work.change_set_id


def changes_of(change_set_id: int | None) -> list[Change]:
    return list(db.session.scalars(sa.select(Change).where(Change.change_set_id == change_set_id).order_by(Change.id)))


def test_an_insert_is_kept_whole(app: Flask) -> None:
    (change,) = changes_of(add_person(birth_date=date(1815, 12, 10)))
    person = db.session.scalars(sa.select(Person)).one()
    assert (change.table_name, change.row_id, change.kind) == ("contact", person.id, ChangeKind.INSERT)
    assert change.before == {}
    assert change.after["name"] == "Ada Lovelace"
    assert change.after["category"] == "mep"
    assert change.after["birth_date"] == "1815-12-10"
    assert change.after["created_at"].endswith("+00:00")
    change_set = db.session.get_one(ChangeSet, change.change_set_id)
    assert (change_set.action, change_set.actor, change_set.undoes_id) == ("add person", "user:1", None)


def test_an_update_keeps_the_changed_columns_alone(app: Flask) -> None:
    add_person()
    with unit_of_work("rename", actor="user:2") as work:
        person = db.session.scalars(sa.select(Person)).one()
        person.name = "Ada King"
        person.category = Category.MEP
    (change,) = changes_of(work.change_set_id)
    assert change.kind is ChangeKind.UPDATE
    assert change.before["name"] == "Ada Lovelace"
    assert change.after["name"] == "Ada King"
    assert "category" not in change.after


def test_the_value_before_is_known_of_a_row_nobody_has_read(app: Flask) -> None:
    add_person(country="GB")
    person = db.session.scalars(sa.select(Person)).one()
    with unit_of_work("move", actor="user:2") as work:
        person.country = "FR"  # the rollback at the unit's start has expired it
    (change,) = changes_of(work.change_set_id)
    assert change.before["country"] == "GB"
    assert change.after["country"] == "FR"


def test_an_update_that_changes_nothing_leaves_no_trace(app: Flask) -> None:
    add_person()
    with unit_of_work("rename", actor="user:2") as work:
        db.session.scalars(sa.select(Person)).one().name = "Ada Lovelace"
    assert work.change_set_id is None


def test_a_delete_is_kept_whole(app: Flask) -> None:
    add_person()
    with unit_of_work("remove", actor="user:2") as work:
        db.session.delete(db.session.scalars(sa.select(Person)).one())
    (change,) = changes_of(work.change_set_id)
    assert change.kind is ChangeKind.DELETE
    assert change.before["name"] == "Ada Lovelace"
    assert change.after == {}


def test_rows_are_recorded_in_the_order_of_their_foreign_keys(app: Flask) -> None:
    with unit_of_work("add with address", actor="user:1") as work:
        point = ContactPoint(kind=PointKind.EMAIL, value="ada@people.example")
        db.session.add(point)
        point.contact = Organization(category=Category.PARTNER, name="Engines", sort_name="engines")
    assert [change.table_name for change in changes_of(work.change_set_id)] == ["contact", "contact_point"]
    with unit_of_work("remove with address", actor="user:1") as work:
        contact = db.session.scalars(sa.select(Contact)).one()
        db.session.delete(contact.points[0])
        db.session.delete(contact)
    assert [change.table_name for change in changes_of(work.change_set_id)] == ["contact_point", "contact"]


def test_secrets_never_enter_the_trail(app: Flask) -> None:
    user_id = make_user(Role.OFFICER).id
    with unit_of_work("change password", actor="user:1") as work:
        db.session.get_one(User, user_id).password_hash = "another hash"
    (change,) = changes_of(work.change_set_id)
    assert change.before == {"password_hash": REDACTED}
    assert change.after == {"password_hash": REDACTED}
    inserted = db.session.scalars(sa.select(Change).where(Change.table_name == "user").order_by(Change.id)).first()
    assert inserted is not None
    assert inserted.after["password_hash"] == REDACTED
    with unit_of_work("invite", actor="user:1") as work:
        db.session.get_one(User, user_id).password_hash = None
    assert changes_of(work.change_set_id)[0].after == {"password_hash": None}


def test_notes_sum_up_what_was_written_in_bulk(app: Flask) -> None:
    add_person()
    with unit_of_work("retire", actor="worker:desk") as work:
        db.session.execute(sa.update(Contact).values(country="FR"))
        work.notes["contacts"] = 1
    assert changes_of(work.change_set_id) == []
    assert db.session.get_one(ChangeSet, work.change_set_id).notes == {"contacts": 1}


def test_several_flushes_are_one_change_set(app: Flask) -> None:
    with unit_of_work("add two", actor="user:1") as work:
        for name in ("One", "Two"):
            db.session.add(Organization(category=Category.PARTNER, name=name, sort_name=name.lower()))
            db.session.flush()
    assert [change.after["name"] for change in changes_of(work.change_set_id)] == ["One", "Two"]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ChangeSet)) == 1


def test_a_write_outside_a_unit_of_work_is_refused(app: Flask) -> None:
    db.session.add(Organization(category=Category.PARTNER, name="Stray", sort_name="stray"))
    with pytest.raises(RuntimeError, match="outside unit_of_work"):
        db.session.flush()
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Contact)) == 0
