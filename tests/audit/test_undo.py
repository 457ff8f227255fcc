"""A change set goes backwards whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from crm.audit.actions import Refusal, UndoRefused, undo
from crm.audit.models import ChangeSet
from crm.audit.queries import kept_tables
from crm.directory.actions import add_point, create_organization
from crm.directory.models import Category, Contact, ContactPoint, Organization, PointKind
from crm.extensions import db
from crm.policy import Role
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user


def add_organization(name: str = "Engines", *, email: str | None = None) -> int:
    with unit_of_work("add organization", actor="user:1") as work:
        organization = create_organization(name, category=Category.PARTNER)
        if email:
            add_point(organization, PointKind.EMAIL, email)
    assert work.change_set_id is not None
    return work.change_set_id


def do(action: str, change: Callable[[], Any]) -> int:
    with unit_of_work(action, actor="user:1") as work:
        change()
    assert work.change_set_id is not None
    return work.change_set_id


def undone(change_set_id: int) -> int:
    return do("undo", lambda: undo(change_set_id))


def refusal(change_set_id: int) -> Refusal:
    with pytest.raises(UndoRefused) as refused, unit_of_work("undo", actor="user:1"):
        undo(change_set_id)
    return refused.value.reason


def the_organization() -> Organization:
    return db.session.scalars(sa.select(Organization)).one()


def rename(name: str) -> int:
    return do("rename", lambda: setattr(the_organization(), "name", name))


def snapshot() -> list[dict[str, Any]]:
    """Every contact and contact point as they stand, but for the time of the last write."""
    db.session.rollback()
    tables = (Contact.__table__, ContactPoint.__table__)
    rows = [dict(row) for table in tables for row in db.session.execute(sa.select(table)).mappings()]
    return [{name: value for name, value in row.items() if name != "updated_at"} for row in rows]


def test_an_insert_is_undone_and_done_again(app: Flask) -> None:
    made = add_organization(email="engines@people.example")
    before = snapshot()
    assert len(before) == 2
    back = undone(made)
    assert snapshot() == []
    undone(back)
    assert snapshot() == before


def test_an_update_is_undone_and_done_again(app: Flask) -> None:
    add_organization()
    renamed = rename("Motors")
    back = undone(renamed)
    assert the_organization().name == "Engines"
    undone(back)
    assert the_organization().name == "Motors"


def test_a_delete_is_undone_with_every_column_as_it_was(app: Flask) -> None:
    add_organization(email="engines@people.example")
    before = snapshot()

    def remove() -> None:
        organization = the_organization()
        db.session.delete(organization.points[0])
        db.session.delete(organization)

    removed = do("remove", remove)
    assert snapshot() == []
    undone(removed)
    assert snapshot() == before


def test_the_undo_is_a_change_set_that_names_what_it_undoes(app: Flask) -> None:
    made = add_organization()
    back = undone(made)
    assert db.session.get_one(ChangeSet, back).undoes_id == made


def test_what_was_undone_is_not_undone_twice(app: Flask) -> None:
    made = add_organization()
    undone(made)
    assert refusal(made) is Refusal.UNDONE


def test_a_row_changed_since_is_left_alone(app: Flask) -> None:
    made = add_organization()
    first = rename("Motors")
    rename("Machines")
    assert refusal(first) is Refusal.CHANGED
    assert refusal(made) is Refusal.CHANGED
    assert the_organization().name == "Machines"


def test_a_row_gone_since_is_a_refusal(app: Flask) -> None:
    made = add_organization()
    do("remove", lambda: db.session.delete(the_organization()))
    assert refusal(made) is Refusal.CHANGED


def test_nothing_is_undone_in_part(app: Flask) -> None:
    add_organization("Engines")
    add_organization("Wheels")

    def rename_both() -> None:
        for organization in db.session.scalars(sa.select(Organization)):
            organization.name += " Ltd"

    both = do("rename", rename_both)
    engines = db.session.scalars(sa.select(Organization).where(Organization.name == "Engines Ltd")).one()
    do("rename", lambda: setattr(engines, "name", "Engines GmbH"))
    assert refusal(both) is Refusal.CHANGED
    assert sorted(db.session.scalars(sa.select(Organization.name))) == ["Engines GmbH", "Wheels Ltd"]


def test_what_others_need_is_not_taken_away(app: Flask) -> None:
    made = add_organization()
    organization_id = the_organization().id
    point = ContactPoint(contact_id=organization_id, kind=PointKind.EMAIL, value="engines@people.example")
    do("add address", lambda: db.session.add(point))
    assert refusal(made) is Refusal.NEEDED
    assert len(snapshot()) == 2


def test_bulk_work_is_not_undone_by_halves(app: Flask) -> None:
    with unit_of_work("import", actor="user:1") as work:
        db.session.add(Organization(category=Category.PARTNER, name="Engines", sort_name="engines"))
        work.notes["rows"] = 700
    assert work.change_set_id is not None
    assert refusal(work.change_set_id) is Refusal.BULK


def test_users_are_changed_back_on_their_own_page(app: Flask) -> None:
    make_user(Role.ADMIN)
    made = db.session.scalars(sa.select(ChangeSet.id)).one()
    assert refusal(made) is Refusal.KEPT


@pytest.mark.sqlite_only
def test_what_has_left_the_house_is_kept_from_undo() -> None:
    assert kept_tables() >= {"user", "team", "suppression", "outbox_batch", "mailing", "wording"}


def test_a_change_set_that_is_not_there_is_a_refusal(app: Flask) -> None:
    assert refusal(4711) is Refusal.MISSING


@pytest.mark.sqlite_only
def test_what_would_keep_everybody_waiting_is_undone_on_its_own_page(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = add_organization(email="post@engines.example")
    monkeypatch.setattr("crm.audit.actions.MOST_AT_ONCE", 1)
    assert refusal(made) is Refusal.LARGE
