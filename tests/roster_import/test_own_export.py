"""Our own Popolo export read back: the directory it comes from, and an emptied one."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm.database import Base
from crm.directory.actions import add_membership, create_organization, create_person
from crm.directory.models import (
    Category,
    Contact,
    ContactLanguage,
    ContactPoint,
    ContactSource,
    Identifier,
    Membership,
    Organization,
    OtherName,
    Post,
    Relationship,
    RelationshipKind,
)
from crm.directory.projection import projected_together
from crm.exports.popolo import document
from crm.exports.queries import contact_ids
from crm.extensions import db
from crm.roster_import import works
from crm.roster_import.lookups import CHUNK
from crm.roster_import.models import ImportRow, Reason
from crm.roster_import.readers import open_roster
from crm.roster_import.records import BadLine, OrganizationRecord, Problem
from crm.stances.actions import withdraw_statement
from crm.stances.models import Confidence, CurrentStance, Stance, Statement, Withdrawal
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.attachments import make_attachment
from tests.factories.directory import make_person, organization_named
from tests.factories.rich_directory import DAY, rich
from tests.factories.roster_import import apply_staged, import_file, stage_file
from tests.factories.stances import make_statement
from tests.roster_import.test_popolo import empty

# Who looks after a contact, and when its row was written, is this installation's own affair.
_LEFT_OUT = {"id", "owner_id", "created_at", "updated_at", "team_id"}
_TABLES = (
    Contact,
    ContactPoint,
    ContactSource,
    Identifier,
    OtherName,
    ContactLanguage,
    Membership,
    Post,
    Relationship,
)


def whole() -> dict[str, list[str]]:
    """Every row of the directory, with what it points to in place of ids; the imports' own sources aside."""
    db.session.rollback()
    connection = db.session.connection()

    def called(table: str, row_id: int | None) -> Any:
        if row_id is None:
            return None
        one = connection.execute(
            sa.select(Base.metadata.tables[table]).where(Base.metadata.tables[table].c.id == row_id)
        ).one()
        if table == "contact":
            return (one.name, one.country, str(one.category_override), str(one.birth_date))
        if table == "post":
            return (called("contact", one.organization_id), one.label)
        return (called("contact", one.person_id), called("contact", one.organization_id), one.role, one.start_date)

    found: dict[str, list[str]] = {}
    for model in _TABLES:
        table = model.__table__
        rows = []
        for row in connection.execute(sa.select(table)):
            told = {
                column.name: called(next(iter(column.foreign_keys)).column.table.name, row._mapping[column.name])
                if column.foreign_keys
                else row._mapping[column.name]
                for column in table.columns
                if column.name not in _LEFT_OUT
            }
            if not str(told.get("label", "")).startswith("directory.json"):
                rows.append(repr(sorted(told.items(), key=lambda item: item[0])))
        found[model.__tablename__] = sorted(rows)
    return found


def exported(path: Path) -> Path:
    path.write_text("".join(document(contact_ids({}))), encoding="utf-8")
    return path


def emptied() -> None:
    db.session.rollback()
    with db.engine.begin() as connection:
        empty(connection)
    db.session.rollback()


def test_a_directory_comes_back_whole(app: Flask, tmp_path: Path) -> None:
    rich()
    path = exported(tmp_path / "directory.json")
    before = whole()
    assert all(len(rows) > 1 for rows in before.values()), "every table has something to lose"
    assert import_file(path, as_of=DAY) == {"unchanged": 10}, "nothing is news to where it came from"
    assert whole() == before
    emptied()
    assert import_file(path, as_of=DAY) == {"new": 10}
    after = whole()
    for table, rows in before.items():
        assert after[table] == rows, table
    assert import_file(path, as_of=DAY) == {"unchanged": 10}
    assert whole() == before
    again = json.loads(exported(tmp_path / "again.json").read_text(encoding="utf-8"))
    assert {len(again[name]) for name in ("persons", "relationships")} == {4}


def test_an_import_of_everything_is_undone_at_once(app: Flask, tmp_path: Path) -> None:
    rich()
    path = exported(tmp_path / "directory.json")
    emptied()
    staged = stage_file(path, as_of=DAY)
    apply_staged(staged.id)
    assert all(whole().values())
    works.take_back(staged.id, actor="user:1")
    assert not any(whole().values())


def test_what_a_directory_lacks_is_filled_and_what_was_made_by_hand_waits(app: Flask, tmp_path: Path) -> None:
    rich()
    path = exported(tmp_path / "directory.json")
    before = whole()
    region = sa.select(Organization).where(Organization.name == "Region")
    with unit_of_work("lose", actor="test"), projected_together():
        lost = db.session.scalars(region).one()
        db.session.execute(sa.delete(Relationship))
        db.session.execute(sa.delete(ContactSource))
        db.session.execute(sa.delete(ContactPoint).where(ContactPoint.contact_id == lost.id))
        db.session.execute(sa.delete(OtherName))
        db.session.execute(sa.update(Post).values(country=None, region=None))
        lost.founding_date = None
    with unit_of_work("found anew", actor="user:1"):
        db.session.scalars(region).one().dissolution_date = date(2021, 1, 1)
    counts = import_file(path, as_of=DAY)
    assert counts["suspicious"] == 1
    assert counts["changed"] > 2
    db.session.rollback()
    kept = db.session.scalars(region).one()
    assert kept.dissolution_date == date(2021, 1, 1), "set by hand here"
    with unit_of_work("mend", actor="test"):
        kept.dissolution_date, kept.founding_date = date(2020, 5, 6), kept.founding_date or date(1979, 1, 1)
    after = whole()
    assert after == before


def test_organizations_of_one_name_wait_for_a_person(app: Flask, tmp_path: Path) -> None:
    with unit_of_work("make", actor="test"):
        for _ in range(2):
            create_organization("Twin", category=Category.PARTNER, country="ES")
    path = exported(tmp_path / "directory.json")
    assert import_file(path, as_of=DAY) == {"suspicious": 2}
    rows = db.session.scalars(sa.select(ImportRow)).all()
    assert {row.reason for row in rows} == {Reason.AMBIGUOUS}
    assert all(len(row.candidates) == 2 for row in rows)
    emptied()
    assert import_file(path, as_of=DAY) == {"new": 2}, "the file tells them apart"


def test_a_value_the_directory_cannot_hold_is_named(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "directory.json"
    ours: dict[str, Any] = {"ratify": {}}
    organizations = [
        {"id": "1", "name": "One", "classification": "planet", **ours},
        {"id": "2", "name": "Two", "founding_date": "once", **ours},
        {"id": "3", "name": "T" * 301, **ours},
        {"id": "4", "name": "Four", "ratify": {"country": "Atlantis"}},
        {"id": "5", "name": "Five", "contact_details": [{"type": "email", "value": "nobody"}], **ours},
        {"id": "6", "name": "Si\0x", **ours},
        {"id": "7", **ours},
        {"id": "8", "name": "Loop", "parent_id": "9", **ours},
        {"id": "9", "name": "Pool", "parent_id": "8", **ours},
    ]
    path.write_text(json.dumps({"organizations": organizations}), encoding="utf-8")
    found = list(open_roster(path, path.name).records())
    problems = [one.problem for one in found if isinstance(one, BadLine)]
    assert problems == [
        Problem.UNKNOWN_KIND,
        Problem.NOT_A_DATE,
        Problem.TOO_LONG,
        Problem.UNKNOWN_COUNTRY,
        Problem.NOT_AN_ADDRESS,
        Problem.NUL,
        Problem.NO_NAME,
    ]
    assert {one.name for one in found if isinstance(one, OrganizationRecord)} == {"Loop", "Pool"}
    counts = import_file(path, as_of=DAY)
    assert counts == {"unreadable": 7, "new": 2}


def test_what_a_team_keeps_to_itself_stays_out_of_the_file(app: Flask, tmp_path: Path) -> None:
    user = make_user(team="Campaigns")
    with unit_of_work("make", actor="test"):
        ada = create_person(given_name="Ada", family_name="One")
        partner = create_organization("Partner", category=Category.PARTNER)
        ada.owner_id = user.id
        tie = {"subject_id": ada.id, "object_id": partner.id, "team_id": user.team_id}
        db.session.add(Relationship(kind=RelationshipKind.ALLY, note="a secret", **tie))
    told = exported(tmp_path / "directory.json").read_text(encoding="utf-8")
    assert "Partner" in told
    assert json.loads(told)["relationships"] == []
    assert "secret" not in told
    assert "owner" not in told


def test_the_review_says_which_lines_are_organizations(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    rich()
    path = exported(tmp_path / "directory.json")
    emptied()
    sign_in(client, make_user())
    page = client.get(f"/imports/{stage_file(path, as_of=DAY).id}").get_data(as_text=True)
    assert page.count("Organization · ") == 6
    for words in ("Part of", "Out of use", "Relationship", "Forms of address", "regional government"):
        assert words.lower() in page.lower()


@pytest.mark.sqlite_only
def test_more_contacts_than_one_batch_find_each_other(app: Flask, tmp_path: Path) -> None:
    count = 2 * CHUNK + 10
    with unit_of_work("make", actor="test"), projected_together():
        places = [create_organization(f"Place {n}", category=Category.PARTNER) for n in range(CHUNK + 5)]
        people = [create_person(given_name="Ada", family_name=f"No{n}", country="ES") for n in range(CHUNK + 5)]
        # Told before what it is part of.
        places[0].parent_id = places[-1].id
        for number, person in enumerate(people):
            add_membership(person, places[-1 - number], source="x")
        ends = [(people[0], people[-1]), (people[-1], places[0]), (places[-2], people[1])]
        db.session.add_all(
            Relationship(subject_id=one.id, object_id=other.id, kind=RelationshipKind.ADVISES) for one, other in ends
        )
    path = exported(tmp_path / "directory.json")
    before = whole()
    emptied()
    assert import_file(path, as_of=DAY) == {"new": count}
    assert whole() == before
    assert import_file(path, as_of=DAY) == {"unchanged": count}


def test_statements_come_back_and_those_known_are_never_touched(app: Flask, tmp_path: Path) -> None:
    own = make_user().team_id
    person, party = make_person("Ada Alverberg"), organization_named("Prairie Party", Category.PARTY)
    make_statement(person.id, Stance.SUPPORTIVE, date(2026, 1, 1), quote="“We should ratify.”")
    wrong = make_statement(person.id, Stance.OPPOSED, date(2026, 2, 1), confidence=Confidence.UNSURE)
    make_statement(party.id, Stance.CHAMPION, date(2026, 3, 1))
    make_statement(person.id, Stance.OPPOSED, date(2026, 3, 1), team_id=own, quote="Told in confidence.")
    make_statement(person.id, Stance.CHAMPION, date(2025, 1, 1), source_url="", attachment=make_attachment())
    with unit_of_work("withdraw", actor="user:1"):
        withdraw_statement(wrong.id, "She was misquoted.")
    path = exported(tmp_path / "directory.json")
    assert "Told in confidence" not in path.read_text(encoding="utf-8")

    def said() -> list[tuple[Any, ...]]:
        db.session.rollback()
        found = sa.select(
            Contact.name, Statement.stance, Statement.said_on, Statement.confidence, Statement.quote, Withdrawal.reason
        ).join(Contact, Contact.id == Statement.contact_id)
        shared = Statement.team_id.is_(None), Statement.attachment_id.is_(None)
        found = found.outerjoin(Withdrawal, Withdrawal.statement_id == Statement.id).where(*shared)
        return [tuple(row) for row in db.session.execute(found.order_by(Statement.said_on))]

    def held() -> list[tuple[Any, ...]]:
        current = sa.select(CurrentStance.contact_id, CurrentStance.stance, CurrentStance.since)
        return [tuple(row) for row in db.session.execute(current.order_by(CurrentStance.contact_id))]

    before = said()
    assert len(before) == 3
    assert "changed" not in import_file(path, as_of=DAY)
    with unit_of_work("withdraw", actor="user:1"):
        withdraw_statement(
            db.session.scalars(sa.select(Statement.id).where(Statement.contact_id == party.id)).one(), "x"
        )
    assert "changed" not in import_file(path, as_of=DAY), "what was withdrawn here since stays withdrawn"
    with unit_of_work("lose", actor="test"):
        for table in (CurrentStance, Withdrawal, Statement):
            db.session.execute(sa.delete(table))
    staged = stage_file(path, as_of=DAY)
    apply_staged(staged.id)
    assert said() == before
    assert held() == [
        (person.id, Stance.SUPPORTIVE, date(2026, 1, 1)),
        (party.id, Stance.CHAMPION, date(2026, 3, 1)),
    ]
    works.take_back(staged.id, actor="user:1")
    assert said() == held() == []
