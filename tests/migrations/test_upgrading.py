"""A database with rows in it comes from an older schema to the newest one with every row kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import sqlalchemy as sa
from alembic import command
from flask import Flask

from config import Settings
from crm import clock, create_app
from crm.bare_writes import BareWrites
from crm.database import alembic_config
from crm.directory.models import Category, Contact, Membership, Organization
from crm.directory.projection import project
from crm.extensions import db
from crm.job_queue import MAIL
from crm.letters.footers import footer_in
from crm.outbox.holder import this_process
from crm.outbox.leases import claim
from crm.outbox.marks import mark_sent
from crm.outbox.models import MessageState, OutgoingMessage
from crm.outbox.outcomes import Outcome, Reply
from crm.outbox.sweep import sweep
from crm.unit_of_work import unit_of_work
from tests.factories.letters import approved, deliver, make_letter_target, make_mailing, make_wording, planned
from tests.factories.outbox import letters, make_batch
from tests.factories.pipeline import make_campaign

CONTACT = {
    "country_sort": "",
    "search_text": "",
    "group_sort": "",
    "created_at": "2025-01-01 00:00:00",
    "updated_at": "2025-01-01 00:00:00",
}
CONTACTS = (
    (1, "organization", "parliament", "European Parliament"),
    (2, "organization", "national_official", "Ministry of Tests"),
    (3, "person", "mep", "Ada Seated"),
    (4, "person", "mep", "Ben Unseated"),
    (5, "person", "partner", "Cleo Helper"),
)


def _insert(connection: sa.Connection, table: str, **values: object) -> None:
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)


def _fill(url: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for id_, kind, category, name in CONTACTS:
            _insert(connection, "contact", id=id_, kind=kind, category=category, name=name, sort_name=name, **CONTACT)
        _insert(connection, "identifier", id=1, contact_id=1, scheme="europarl-body", value="EP")
        membership = {"person_id": 3, "organization_id": 1, "role": "member", "source": "a roster"}
        _insert(connection, "membership", id=1, start_date=date(2024, 7, 16), **membership)
        point = {"kind": "email", "value": "ada@seated.example", "status": "current", "source": "a roster"}
        _insert(connection, "contact_point", id=1, contact_id=3, membership_id=1, **point)
    engine.dispose()


def test_rows_of_the_first_schema_are_kept(settings: Settings) -> None:
    config = alembic_config(settings.sqlalchemy_url)
    command.downgrade(config, "0001")
    _fill(settings.sqlalchemy_url)
    command.upgrade(config, "head")
    with create_app(settings).app_context():
        with unit_of_work("rebuild", actor="test"):
            project(range(1, 6))
        contacts = {row.id: row for row in db.session.scalars(sa.select(Contact))}
        membership = db.session.scalars(sa.select(Membership)).one()
        seat = (membership.person_id, membership.organization_id, membership.start_date)
        overrides = {id_: row.category_override for id_, row in contacts.items()}
        categories = {id_: row.category for id_, row in contacts.items()}
        parliament = contacts[1]
        assert isinstance(parliament, Organization)
        assert parliament.holders_are is Category.MEP
        address, institution = contacts[3].email, contacts[3].institution_id
        db.session.remove()
        db.engine.dispose()
    assert seat == (3, 1, date(2024, 7, 16))
    assert (address, institution) == ("ada@seated.example", 1)
    # Whose seat tells it needs nobody's word; everybody else keeps what was set.
    assert overrides == {
        1: Category.PARLIAMENT,
        2: Category.GOVERNMENT,
        3: None,
        4: Category.MEP,
        5: Category.PARTNER,
    }
    assert categories == {**overrides, 3: Category.MEP}


def test_letters_that_wait_get_the_line_by_which_readers_stop_them(app: Flask) -> None:
    campaign = make_campaign()
    for name in ("Ana Ruiz", "Bo Lund"):
        make_letter_target(campaign, name)
    mailing = approved(planned(make_mailing(campaign, wording=make_wording(campaign, language="fr"))))
    deliver(mailing, MessageState.SENT, ["Ana Ruiz"])
    with unit_of_work("as before", actor="test"):
        db.session.execute(sa.update(OutgoingMessage).values(footer=None))
    db.session.remove()
    config = alembic_config(app.extensions["settings"].sqlalchemy_url)
    command.downgrade(config, "0041")
    command.upgrade(config, "head")
    lines = db.session.execute(sa.select(OutgoingMessage.footer).order_by(OutgoingMessage.to_name))
    assert lines.scalars().all() == [None, footer_in("fr")]


def test_what_a_killed_worker_had_in_the_air_is_known_after_an_upgrade(app: Flask) -> None:
    batch = make_batch(3)
    dead = replace(this_process(MAIL), pid=2**22 + 1)
    taken = claim(dead, 3)
    assert taken is not None
    first, second, _third = taken.letters
    with BareWrites(db.engine) as writes:
        assert mark_sent(writes, taken, None, first)
        sent = Outcome(first, MessageState.SENT, clock.now(), None, Reply(250, "ok"), 100)
        assert mark_sent(writes, taken, sent, second)
    db.session.rollback()
    config = alembic_config(app.extensions["settings"].sqlalchemy_url)
    command.downgrade(config, "0046")
    before = sa.text("SELECT state FROM outgoing_message WHERE lease_token IS NOT NULL ORDER BY id")
    assert db.session.scalars(before).all() == ["sent", "handed_over", "claimed"]
    db.session.rollback()
    command.upgrade(config, "head")
    assert sweep(this_process(MAIL)) == 1
    assert [letter.state for letter in letters(batch)] == [MessageState.SENT, MessageState.HELD, MessageState.QUEUED]
    assert [letter.attempts for letter in letters(batch)] == [1, 0, 0]
