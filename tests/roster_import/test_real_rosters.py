"""The real rosters of the European Parliament, one after the other, as they come."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from crm.cli import main
from crm.directory.models import (
    OPEN_END,
    Category,
    ContactPoint,
    Membership,
    Organization,
    Person,
    PointKind,
    PointStatus,
)
from crm.extensions import db
from crm.roster_import.models import Import
from crm.roster_import.readers import open_roster
from crm.roster_import.records import Record
from crm.timeline.models import EntryKind, TimelineEntry
from tests.conftest import SHARED_DATA
from tests.factories.roster_import import import_file

MEP = SHARED_DATA / "mep"
FULL_LIST = MEP / "ep_full_list_term10_2025-08.xml"
DAMAGED = MEP / "ep_full_list_term10_2025-08_as_found.xml"
TERM_8 = MEP / "ep_full_list_term8_2019-03_fr.xml"
SNAPSHOT = MEP / "ttp_meps.csv"

pytestmark = pytest.mark.skipif(
    not MEP.exists(), reason=f"{MEP} is not there: real rosters are not part of the project"
)


def people(*conditions: sa.ColumnElement[bool]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Person).where(*conditions)) or 0


def test_the_full_list_then_an_older_snapshot(app: Flask) -> None:
    assert import_file(FULL_LIST) == {"new": 718}
    assert people() == 718
    assert import_file(SNAPSHOT) == {"new": 6, "changed": 712}
    check_people_and_mandates()
    check_those_who_left()
    check_groups()
    check_names()
    check_details()
    memberships = sa.select(sa.func.count()).select_from(Membership)
    before = db.session.scalar(memberships)
    assert import_file(SNAPSHOT) == {"unchanged": 718}
    assert import_file(FULL_LIST) == {"unchanged": 718}
    assert db.session.scalar(memberships) == before


def check_people_and_mandates() -> None:
    assert people() == 724
    assert people(Person.mandate_end == OPEN_END) == 718
    assert people(Person.mandate_end == OPEN_END, Person.email.is_not(None)) == 712
    events = sa.select(sa.func.count()).select_from(TimelineEntry).where(TimelineEntry.kind == EntryKind.IMPORTED)
    assert db.session.scalar(events) == 718 + 718


def check_those_who_left() -> None:
    left = db.session.scalars(sa.select(Person).where(Person.mandate_end != OPEN_END)).all()
    names = {"MÎNZATU", "KUBILIUS", "KRAH", "HANSEN", "VIRKKUNEN", "KOVAŘÍK"}
    assert {person.family_name for person in left} == names
    assert {person.mandate_end for person in left} == {date(2025, 7, 31)}
    # The mailbox of an ended office is no address to write to.
    assert [person.email for person in left] == [None] * 6
    mailboxes = [point.status for person in left for point in person.points if point.kind is PointKind.EMAIL]
    assert mailboxes == [PointStatus.RETIRED] * 6


def check_groups() -> None:
    """One organization each, however a source calls it."""
    groups = sa.select(Organization.abbreviation).where(Organization.category == Category.POLITICAL_GROUP)
    assert sorted(filter(None, db.session.scalars(groups))) == [
        "ECR",
        "EPP",
        "ESN",
        "Greens/EFA",
        "NI",
        "PfE",
        "Renew",
        "S&D",
        "The Left",
    ]
    parliaments = sa.select(Organization.name).where(Organization.category == Category.PARLIAMENT)
    assert list(db.session.scalars(parliaments)) == ["European Parliament"]


def check_names() -> None:
    """They stay as the newer source spells them."""
    listed = {record.name for record in open_roster(FULL_LIST).records() if isinstance(record, Record)}
    assert len(listed) == 718
    assert set(db.session.scalars(sa.select(Person.name).where(Person.mandate_end == OPEN_END))) == listed


def check_details() -> None:
    with SNAPSHOT.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    points = sa.select(sa.func.count()).select_from(ContactPoint)
    assert db.session.scalar(points.where(ContactPoint.kind == PointKind.EMAIL)) == len(rows) == 718
    assert people(Person.birth_date.is_not(None)) == sum(bool(row["birthdate"]) for row in rows)
    assert people(Person.gender.is_not(None)) == sum(bool(row["gender"]) for row in rows) == 713
    seats = (
        sa.select(Membership.role)
        .join(Organization, Organization.id == Membership.organization_id)
        .where(Organization.abbreviation == "LIBE")
    )
    words = {"M": "member", "S": "substitute", "C": "chair", "V": "vice-chair"}
    assert Counter(db.session.scalars(seats)) == Counter(words[row["LIBE"]] for row in rows if row["LIBE"])


def test_in_the_order_of_time_the_newer_roster_ends_six_mandates(app: Flask) -> None:
    assert import_file(SNAPSHOT) == {"new": 718}
    counts = import_file(FULL_LIST)
    assert counts["ended"] == counts["new"] == 6
    assert counts["changed"] + counts["unchanged"] == 712
    assert people(Person.mandate_end == OPEN_END) == 718
    assert people(Person.mandate_end == OPEN_END, Person.email.is_not(None)) == 712


def test_the_french_list_of_an_earlier_term_is_past(app: Flask) -> None:
    assert import_file(TERM_8) == {"new": 750}
    assert people(Person.mandate_end == date(2019, 7, 1)) == 750
    mcallister = db.session.scalars(sa.select(Person).where(Person.family_name == "McALLISTER")).one()
    assert (mcallister.given_name, mcallister.country) == ("David", "DE")
    assert {
        row.abbreviation
        for row in db.session.execute(
            sa.select(Organization.abbreviation).where(Organization.category == Category.POLITICAL_GROUP)
        )
    } == {"EPP", "S&D", "ECR", "ALDE", "Greens/EFA", "The Left", "EFDD", "ENF", "NI"}


@pytest.mark.sqlite_only
class TestCommand:
    @pytest.fixture(autouse=True)
    def empty_folder(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("RATIFY_DATA", str(tmp_path))
        monkeypatch.setenv("RATIFY_ENV", "test")
        monkeypatch.delenv("DATABASE_URL", raising=False)

    def test_json_on_an_empty_folder(self) -> None:
        done = CliRunner().invoke(main, ["import-roster", str(FULL_LIST), "--apply", "--json"])
        assert done.exit_code == 0, done.output
        assert (
            json.loads(done.stdout).items()
            >= {
                "new": 718,
                "changed": 0,
                "ended": 0,
                "unchanged": 0,
                "suspicious": 0,
                "unreadable": 0,
                "as_of": "2025-08-01",
                "as_of_source": "file_name",
            }.items()
        )

    def test_the_damaged_file_is_refused_with_the_line(self) -> None:
        done = CliRunner().invoke(main, ["import-roster", str(DAMAGED), "--apply"])
        assert done.exit_code == 1
        assert "Line 3" in done.stderr
        assert "335, 4017" in done.stderr
        assert "nothing was changed" in done.stderr
        assert done.stdout == ""


def test_the_damaged_file_leaves_no_trace(app: Flask) -> None:
    with pytest.raises(Exception, match="Line 3"):
        import_file(DAMAGED)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Import)) == 0
    assert people() == 0
