"""No page grows with the data: the demo, then the demo with hundreds more of everything, asks as many questions."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from config import Settings
from crm.accounts.actions import create_user, team_named
from crm.accounts.models import User
from crm.demo.actions import load_demo
from crm.demo.users import TEAM
from crm.directory.projection import projected_together
from crm.extensions import db
from crm.pipeline.actions import add_targets
from crm.pipeline.models import Campaign
from crm.policy import Role
from crm.treaties.actions import load_facts
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import sign_in
from tests.factories.caught_mail import catch_letter
from tests.factories.directory import make_person

MORE = 70  # more than a page
LARGEST = 200_000  # bytes of the heaviest page, the board
# Filled with the id of the first row.
ID = re.compile(r"<int:\w+>")


@dataclass(frozen=True)
class Cost:
    """What a page costs: statements on the database, bytes on the wire."""

    statements: int
    size: int


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"mail_catcher": True})


@pytest.fixture
def admin(app: Flask, client: FlaskClient) -> FlaskClient:
    with unit_of_work("load facts", actor="test"):
        load_facts()
    load_demo()
    return sign_in(client, db.session.scalars(sa.select(User).where(User.role == Role.ADMIN)).one())


def _pages(app: Flask) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        path = ID.sub("1", rule.rule)
        if "GET" in (rule.methods or ()) and "<" not in path:
            yield path


def _costs(app: Flask, client: FlaskClient) -> dict[str, Cost]:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    costs: dict[str, Cost] = {}
    event.listen(db.engine, "before_cursor_execute", note)
    # The first answers fill caches, and once in a while one notes that the user was seen: the cheapest counts.
    for path in [*_pages(app)] * 3:
        asked.clear()
        answer = client.get(path)
        if answer.status_code == 200 and answer.mimetype == "text/html":
            known = costs.get(path, Cost(sys.maxsize, 0))
            costs[path] = Cost(min(known.statements, len(asked)), len(answer.data))
    event.remove(db.engine, "before_cursor_execute", note)
    return costs


def _grow(settings: Settings) -> None:
    with unit_of_work("grow", actor="test"), projected_together():
        people = [make_person(f"Ada Grown{number}") for number in range(MORE)]
        campaign = db.session.scalars(sa.select(Campaign)).one()
        add_targets(campaign.id, [person.id for person in people])
        for number in range(MORE):
            create_user(f"grown{number}@ratify.example", f"Grown {number}", Role.VIEWER, TEAM, None)
    for number in range(MORE):
        with unit_of_work(f"grow {number}", actor="test"):
            team_named(f"Team {number}")
        catch_letter(settings.caught_mail)


@pytest.mark.sqlite_only
def test_no_page_grows_with_the_data(app: Flask, admin: FlaskClient, settings: Settings) -> None:
    before = _costs(app, admin)
    assert {"/", "/contacts", "/campaigns/1/board", "/caught-mail", "/users", "/audit"} <= before.keys()
    _grow(settings)
    after = _costs(app, admin)
    assert after.keys() == before.keys()
    grown = {path: (before[path], cost) for path, cost in after.items() if cost.statements > before[path].statements}
    assert not grown
    assert not {path: cost for path, cost in after.items() if cost.size > LARGEST}
