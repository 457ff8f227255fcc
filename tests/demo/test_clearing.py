"""Starting one's own campaign leaves nothing of the demo, and takes nothing that is real."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from config import Settings
from crm import clock
from crm.accounts import passwords
from crm.accounts.models import User
from crm.audit.models import Change, ChangeSet
from crm.database import Base
from crm.demo.actions import load_demo
from crm.demo.rows import demo_is_loaded
from crm.demo.users import USERS
from crm.directory.models import Contact
from crm.extensions import db
from crm.history.actions import ToDo, What, add_task, record_interaction
from crm.history.models import InteractionKind
from crm.pipeline.models import Campaign, Target
from crm.policy import Role
from crm.search_index.models import postings, words
from crm.treaties.actions import load_facts
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import sign_in
from tests.factories.directory import make_person
from tests.factories.pipeline import make_target
from tests.factories.stances import make_statement

OWN = {
    "name": "Ines Admin",
    "email": "ines@campaign.org",
    "new_password": "seven quiet lanterns",
    "team": "Lisbon team",
    "agreed": "y",
}
# What is there before a demo is, and what any use of the product writes beside it.
STAYS = {"treaty", "treaty_action", "place_alias", "team", "user", "user_session", "change_set", "change"}


def counts() -> dict[str, int]:
    db.session.rollback()
    tables = Base.metadata.sorted_tables
    found = {table.name: db.session.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in tables}
    return {name: count for name, count in found.items() if count}


@pytest.fixture
def admin(app: Flask, client: FlaskClient) -> FlaskClient:
    """The demo's administrator, signed in to a demo just loaded."""
    with unit_of_work("load facts", actor="test"):
        load_facts()
    load_demo()
    return sign_in(client, db.session.scalars(sa.select(User).where(User.role == Role.ADMIN)).one())


@pytest.mark.sqlite_only
def test_one_click_leaves_an_empty_house(app: Flask, admin: FlaskClient, settings: Settings) -> None:
    lead = sign_in(app.test_client(), db.session.scalars(sa.select(User).where(User.role == Role.LEAD)).one())
    assert "Start our real campaign" not in lead.get("/today").text
    assert lead.post("/demo/clear", data=OWN).status_code == 403
    facts = {name: count for name, count in counts().items() if name.startswith("treaty")}
    assert "Start our real campaign" in admin.get("/today").text
    page = admin.get("/demo/clear").text
    assert "this account becomes yours" in page
    for wrong in ({"agreed": ""}, {"email": "lead@ratify.example"}, {"new_password": "migrants have rights"}):
        assert admin.post("/demo/clear", data=OWN | wrong).status_code == 422
    assert demo_is_loaded()
    exports = Path(settings.data) / "exports"
    exports.mkdir(exist_ok=True)
    (exports / "people.csv").write_text("Aurelie")
    answer = admin.post("/demo/clear", data=OWN, follow_redirects=True)
    assert "The demo is gone" in answer.text
    left = counts()
    assert set(left) <= STAYS, left
    assert {name: left[name] for name in facts} == facts
    assert left["user"] == left["team"] == left["user_session"] == 1
    assert not exports.exists()
    keeper = db.session.scalars(sa.select(User)).one()
    assert (keeper.name, keeper.email, keeper.team.name) == (OWN["name"], OWN["email"], OWN["team"])
    assert passwords.verify(keeper.password_hash, OWN["new_password"])
    (summary,) = db.session.scalars(sa.select(ChangeSet).where(ChangeSet.action == "clear demo"))
    assert summary.actor == f"user:{keeper.id}"
    assert summary.notes["cleared"]["campaign"] == 1
    assert set(db.session.scalars(sa.select(Change.table_name))) <= {"user", "team"}
    assert admin.get("/demo/clear").status_code == 302
    assert "There is no demo here" in admin.post("/demo/clear", data=OWN, follow_redirects=True).text
    assert "invented people" not in admin.get("/today").text
    for screen in ("/contacts", "/campaigns", "/letters", "/outbox", "/audit", "/reports/pipeline"):
        assert admin.get(screen, follow_redirects=True).status_code == 200, screen


def test_what_is_real_stays(admin: FlaskClient) -> None:
    demo_campaign = db.session.scalars(sa.select(Campaign)).one()
    demo_user = db.session.scalars(sa.select(User).where(User.role == Role.OFFICER)).one()
    invented = db.session.scalars(sa.select(Contact).order_by(Contact.id)).first()
    assert invented is not None
    invented_last = db.session.scalars(sa.select(sa.func.max(Contact.id))).one()
    real = make_person("Rita Real")
    make_target(demo_campaign, real)
    make_statement(real.id, quote="Yes.")
    now = date(2026, 1, 5)
    with unit_of_work("work on", actor=f"user:{demo_user.id}"):
        both = What(InteractionKind.CALL, clock.now(), "Called", [real.id, invented.id], [demo_user.id])
        kept = record_interaction(both)
        record_interaction(What(InteractionKind.NOTE, clock.now(), "Alone", [invented.id], []))
        mine = add_task(ToDo("Write to Rita", demo_user.id, now, contact_id=real.id))
        add_task(ToDo("Write to nobody", demo_user.id, now, contact_id=invented.id))
        kept_id, mine_id = kept.id, mine.id
    added = sa.select(Contact.name).where(Contact.id > invented_last)
    names = set(db.session.scalars(added))
    real_contacts = len(names)
    page = admin.get("/demo/clear").text
    assert f"{real_contacts} contacts that you added or imported" in page
    assert "The demo is gone" in admin.post("/demo/clear", data=OWN, follow_redirects=True).text
    db.session.rollback()
    assert set(db.session.scalars(sa.select(Contact.name))) == names
    assert db.session.scalars(sa.select(Target.id)).all() == []
    interactions = Base.metadata.tables["interaction"]
    tasks = Base.metadata.tables["task"]
    assert db.session.scalars(sa.select(interactions.c.id)).all() == [kept_id]
    keeper = db.session.scalars(sa.select(User)).one()
    assert db.session.execute(sa.select(tasks.c.id, tasks.c.owner_id)).all() == [(mine_id, keeper.id)]
    assert len(db.session.scalars(sa.select(Base.metadata.tables["statement"].c.id)).all()) == 1
    assert set(db.session.scalars(sa.select(postings.c.subject_id))) == set(db.session.scalars(sa.select(Contact.id)))
    assert "aurelie" not in set(db.session.scalars(sa.select(words.c.word)))
    assert USERS[1].email not in set(db.session.scalars(sa.select(User.email)))
    client = admin.get(f"/contacts/{real.id}")
    assert client.status_code == 200
    assert "ICRMW: the first ratifications" not in client.text
