"""Keyset pages walk every row once, forwards and backwards."""

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.exceptions import BadRequest

from crm.audit.models import ChangeSet
from crm.extensions import db
from crm.paging import SortKey, page
from crm.unit_of_work import unit_of_work

KEYS = [SortKey(ChangeSet.__table__.c.action, descending=True), SortKey(ChangeSet.__table__.c.id)]


@pytest.fixture
def rows(app: Flask) -> list[int]:
    with unit_of_work("make rows", actor="test"):
        db.session.add_all(ChangeSet(action=f"action {number % 3}", actor="test") for number in range(11))
    ordered = sa.select(ChangeSet.id).order_by(ChangeSet.action.desc(), ChangeSet.id)
    return list(db.session.scalars(ordered))


def test_pages_hold_every_row_once_in_both_directions(rows: list[int]) -> None:
    statement = sa.select(ChangeSet.id)
    forwards, cursor, pages = [], None, []
    while True:
        found = page(statement, KEYS, cursor, size=4)
        forwards += [row.id for row in found.rows]
        pages.append([row.id for row in found.rows])
        if found.next is None:
            break
        cursor = found.next
    assert forwards == rows
    assert len(rows) == 11
    back = page(statement, KEYS, found.previous, size=4)
    assert [row.id for row in back.rows] == pages[-2]
    first = page(statement, KEYS, back.previous, size=4)
    assert [row.id for row in first.rows] == pages[0]
    assert first.previous is None


def test_a_damaged_cursor_is_a_bad_request(app: Flask) -> None:
    with pytest.raises(BadRequest):
        page(sa.select(ChangeSet.id), KEYS, "nonsense")
