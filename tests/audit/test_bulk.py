"""Rows written in bulk leave the same trail as rows written one by one, and go back as well."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask

from crm.accounts.models import User
from crm.audit.actions import Refusal, UndoRefused, undo
from crm.audit.bulk import RowUpdate, insert_rows, update_rows
from crm.audit.models import Change, ChangeKind
from crm.directory.models import Category, Contact, ContactKind, ContactPoint, Person, PointKind, PointStatus
from crm.extensions import db
from crm.unit_of_work import unit_of_work


def people(count: int) -> list[dict[str, object]]:
    return [
        {
            "kind": ContactKind.PERSON,
            "category": Category.MEP,
            "name": f"Ada {number}",
            "sort_name": f"ada {number}",
            "birth_date": date(1990, 1, 1),
        }
        for number in range(count)
    ]


def test_rows_come_back_in_their_order_with_the_models_defaults(app: Flask) -> None:
    with unit_of_work("add many", actor="user:1"):
        ids = insert_rows(Contact, people(1200))
        insert_rows(ContactPoint, [{"contact_id": ids[7], "kind": PointKind.EMAIL, "value": "ada@parliament.example"}])
    found = db.session.scalars(sa.select(Person).where(Person.id.in_(ids)).order_by(Person.id)).all()
    assert [person.name for person in found] == [f"Ada {number}" for number in range(1200)]
    assert found[7].points[0].status is PointStatus.CURRENT
    assert found[0].created_at is not None
    changes = db.session.scalars(sa.select(Change).where(Change.table_name == "contact").order_by(Change.id)).all()
    assert [(change.row_id, change.kind) for change in changes] == [(row_id, ChangeKind.INSERT) for row_id in ids]
    assert changes[3].after["birth_date"] == "1990-01-01"
    assert changes[3].after["category"] == "mep"


def test_inserts_and_updates_are_undone_together(app: Flask) -> None:
    with unit_of_work("add many", actor="user:1"):
        kept, renamed = insert_rows(Contact, people(2))
    with unit_of_work("change many", actor="user:1") as work:
        added = insert_rows(Contact, people(3))
        update_rows(Contact, [RowUpdate(renamed, {"name": "Ada 1"}, {"name": "Ada Lovelace"})])
        update_rows(Contact, [RowUpdate(added[0], {"country": None}, {"country": "GB"})])
    assert db.session.get_one(Person, renamed).name == "Ada Lovelace"
    assert db.session.get_one(Person, added[0]).country == "GB"
    assert work.change_set_id is not None
    with unit_of_work("undo", actor="user:1"):
        undo(work.change_set_id)
    left = {row.id: row.name for row in db.session.execute(sa.select(Contact.id, Contact.name))}
    assert left == {kept: "Ada 0", renamed: "Ada 1"}


def test_an_undo_of_many_is_refused_whole_where_one_row_changed_since(app: Flask) -> None:
    with unit_of_work("add many", actor="user:1") as work:
        ids = insert_rows(Contact, people(600))
    with unit_of_work("correct a name", actor="user:1"):
        db.session.get_one(Person, ids[550]).name = "Grace"
    assert work.change_set_id is not None
    with pytest.raises(UndoRefused) as refused, unit_of_work("undo", actor="user:1"):
        undo(work.change_set_id)
    assert refused.value.reason is Refusal.CHANGED
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Contact)) == 600


def test_tables_with_secrets_are_refused(app: Flask) -> None:
    with pytest.raises(ValueError, match="secrets"), unit_of_work("add users", actor="user:1"):
        insert_rows(User, [{"email": "ada@example.org"}])
