"""The real files of every other format, each imported twice: all of it comes over once, and only once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from crm.directory.models import (
    OPEN_END,
    Category,
    ContactPoint,
    ContactSource,
    Identifier,
    Membership,
    Organization,
    OtherName,
    Person,
    PointKind,
)
from crm.extensions import db
from crm.roster_import.readers import open_roster
from crm.roster_import.records import BadLine, Record
from tests.conftest import SHARED_DATA
from tests.factories.roster_import import import_file

MEP, PARLIAMENTS = SHARED_DATA / "mep", SHARED_DATA / "parliaments"

pytestmark = pytest.mark.skipif(
    not MEP.exists(), reason=f"{MEP} is not there: real rosters are not part of the project"
)


def count(of: type[object], *conditions: sa.ColumnElement[bool]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(of).where(*conditions)) or 0


def records(path: Path) -> list[Record]:
    found = list(open_roster(path).records())
    assert not [item for item in found if isinstance(item, BadLine)]
    return [item for item in found if isinstance(item, Record)]


def parliament_of(name: str) -> sa.ColumnElement[bool]:
    return Membership.organization_id.in_(sa.select(Organization.id).where(Organization.name == name))


@pytest.mark.parametrize("name", ["ep_incoming_outgoing_RECONSTRUCTED.xml", "ttp_inout.csv"])
def test_comings_and_goings(app: Flask, name: str) -> None:
    assert import_file(MEP / name) == {"new": 11}
    assert count(Membership, parliament_of("European Parliament"), Membership.end_date.is_(None)) == 5
    assert count(Membership, parliament_of("European Parliament"), Membership.end_date < date(2024, 10, 1)) == 6
    assert import_file(MEP / name) == {"unchanged": 11}


def test_comings_and_goings_date_the_mandates_of_a_roster(app: Flask) -> None:
    import_file(MEP / "ttp_meps.csv")
    assert import_file(MEP / "ep_incoming_outgoing_RECONSTRUCTED.xml")["new"] == 6
    assert count(Person, Person.mandate_end == OPEN_END) == 718
    assert import_file(MEP / "ep_incoming_outgoing_RECONSTRUCTED.xml") == {"unchanged": 11}


def test_two_terms_of_the_open_data_portal(app: Flask) -> None:
    eighth, ninth = MEP / "odp_beta_meps_term8_en.csv", MEP / "odp_beta_meps_term9_en.csv"
    assert sum(len(record.emails) for record in records(eighth)) == 269
    assert sum(len(record.emails) for record in records(ninth)) == 734
    first = import_file(eighth)
    assert sum(first.values()) == 860
    damaged = first.pop("suspicious")
    assert damaged == sum("?" in record.name for record in records(eighth))
    assert import_file(eighth) == {"unchanged": 860 - damaged, "suspicious": damaged}
    second = import_file(ninth)
    assert sum(second.values()) == 813
    assert count(Membership, Membership.term == "8") == 860 - damaged
    assert count(Person, Person.mandate_end == OPEN_END) == 0
    assert count(Person, Person.death_date.is_not(None)) > 10
    again = import_file(ninth)
    assert set(again) == {"unchanged", "suspicious"}


def test_the_portal_overwrites_no_good_name_with_lost_letters(app: Flask) -> None:
    assert import_file(MEP / "ep_full_list_term8_2019-03_fr.xml") == {"new": 750}
    import_file(MEP / "odp_beta_meps_term8_en.csv")
    assert count(Person, Person.name.contains("?")) == 0
    assert count(Membership, Membership.term == "8", parliament_of("European Parliament")) >= 750


def test_parltrack(app: Flask) -> None:
    path = MEP / "parltrack_meps_term7_2011.json"
    found = records(path)
    assert len(found) == 733
    assert sum(bool(record.emails) for record in found) == 723
    assert sum(len(record.mandates) for record in found) == 1419
    assert import_file(path) == {"new": 733}
    assert count(Membership, parliament_of("European Parliament"), Membership.role == "member") == 1419
    assert count(Identifier, Identifier.scheme == "europarl") == 733
    assert count(ContactPoint, ContactPoint.kind == PointKind.EMAIL) == sum(len(record.emails) for record in found)
    assert count(ContactPoint, ContactPoint.kind == PointKind.FAX, ContactPoint.label == "Brussels") == 733
    assert count(ContactSource) == 733
    memberships = count(Membership)
    assert import_file(path) == {"unchanged": 733}
    assert count(Membership) == memberships


TERMS = {
    # People, lines, addresses, mandates; who waits for a decision.
    "Spain/Congress/term-10.csv": (397, 397, 254, 397, 2),
    "South_Korea/National_Assembly/term-19.csv": (296, 298, 280, 298, 0),
    "Serbia/National_Assembly/term-10.csv": (251, 251, 0, 251, 0),
}


@pytest.mark.parametrize("name", TERMS)
def test_everypolitician(app: Flask, name: str) -> None:
    people, lines, addresses, mandates, waiting = TERMS[name]
    path = PARLIAMENTS / name
    assert path.read_text(encoding="utf-8").count("\n") == lines + 1
    found = records(path)
    assert len(found) == people
    assert sum(len(record.emails) for record in found) == addresses
    assert sum(len(record.mandates) for record in found) == mandates
    imported = import_file(path)
    assert (imported["new"], imported.get("suspicious", 0)) == (people - waiting, waiting)
    assert count(Person, Person.category == Category.NATIONAL_MP) == people
    assert count(Membership, Membership.term.is_not(None)) == mandates
    assert import_file(path) == {"unchanged": people - waiting} | ({"suspicious": waiting} if waiting else {})
    import_file(path.parent / "names.csv")
    assert count(OtherName) > 0 or name.startswith("Serbia")
    again = import_file(path)
    assert again.get("unchanged") == people - waiting
    assert import_file(path.parent / "names.csv") == {"unchanged": people}


def test_parliaments_of_one_name_are_told_apart_by_their_country(app: Flask) -> None:
    for country in ("South_Korea", "Serbia"):
        (path,) = (PARLIAMENTS / country / "National_Assembly").glob("term-*.csv")
        import_file(path)
    found = sa.select(Organization.country).where(Organization.category == Category.PARLIAMENT)
    assert sorted(filter(None, db.session.scalars(found))) == ["KR", "RS"]


class TestApi:
    def test_one_member(self, app: Flask) -> None:
        path = MEP / "odp_api_v2_mep_1294_sample.json"
        assert import_file(path) == {"new": 1}
        person = db.session.scalars(sa.select(Person)).one()
        assert (person.country, person.gender, person.email is not None) == ("BE", "male", True)
        assert import_file(path) == {"unchanged": 1}

    def test_the_lists(self, app: Flask) -> None:
        assert import_file(MEP / "odp_api_v2_meps_list_sample.json") == {"new": 1}
        assert import_file(MEP / "odp_api_v2_meps_show-current_sample.json") == {"new": 1}
        assert import_file(MEP / "odp_api_v2_meps_show-current_sample.json") == {"unchanged": 1}

    def test_bodies_of_today_are_organizations(self, app: Flask) -> None:
        path = MEP / "odp_api_v2_corporate_bodies_list_sample.json"
        assert import_file(path) == {"new": 1}
        body = db.session.scalars(sa.select(Organization)).one()
        assert (body.name, body.abbreviation) == ("Committee on Economic and Monetary Affairs", "ECON")
        assert body.category is Category.COMMITTEE
        assert import_file(path) == {"unchanged": 1}
        # One that ended in 1992 is not today's.
        assert import_file(MEP / "odp_api_v2_corporate_body_sample.json") == {"unreadable": 1}
