"""Keyset pages walk every row once, forwards and backwards."""

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.exceptions import BadRequest

from crm.audit.models import ChangeSet
from crm.extensions import db
from crm.paging import SortKey, page
from crm.unit_of_work import unit_of_work

ACTION, ID = ChangeSet.__table__.c.action, ChangeSet.__table__.c.id
MIXED = [SortKey(ACTION, descending=True), SortKey(ID)]
RISING = [SortKey(ACTION), SortKey(ID)]
FALLING = [SortKey(ACTION, descending=True), SortKey(ID, descending=True)]
ORDERS = pytest.mark.parametrize("keys", [MIXED, RISING, FALLING], ids=["mixed", "rising", "falling"])


@pytest.fixture
def eleven(app: Flask) -> None:
    with unit_of_work("make rows", actor="test"):
        db.session.add_all(ChangeSet(action=f"action {number % 3}", actor="test") for number in range(11))


@ORDERS
def test_pages_hold_every_row_once_in_both_directions(eleven: None, keys: list[SortKey]) -> None:
    statement = sa.select(ChangeSet.id)
    ordered = [key.column.desc() if key.descending else key.column.asc() for key in keys]
    rows = list(db.session.scalars(statement.order_by(*ordered)))
    forwards: list[int] = []
    cursor, pages = None, []
    while True:
        found = page(statement, keys, cursor, size=4)
        forwards += [row.id for row in found.rows]
        pages.append([row.id for row in found.rows])
        if found.next is None:
            break
        cursor = found.next
    assert forwards == rows
    assert len(rows) == 11
    back = page(statement, keys, found.previous, size=4)
    assert [row.id for row in back.rows] == pages[-2]
    first = page(statement, keys, back.previous, size=4)
    assert [row.id for row in first.rows] == pages[0]
    assert first.previous is None


def test_a_damaged_cursor_is_a_bad_request(app: Flask) -> None:
    with pytest.raises(BadRequest):
        page(sa.select(ChangeSet.id), RISING, "nonsense")
