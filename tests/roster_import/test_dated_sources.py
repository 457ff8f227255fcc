"""Sources that date groups, parties and committees: Parltrack, EveryPolitician, the Open Data API."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from crm.directory.models import Category, Organization, Person, PointKind
from crm.extensions import db
from crm.roster_import.readers import open_roster
from crm.roster_import.records import (
    BadLine,
    Doubt,
    Item,
    Mandate,
    OrganizationRecord,
    Problem,
    Record,
    RosterFormat,
    UnreadableRoster,
)
from tests.factories.roster_import import full_list, import_file, member, table

EPP, ECR = "Group of the European People's Party (Christian Democrats)", "European Conservatives and Reformists Group"
OPEN = "9999-12-31T00:00:00"


def spell(organization: str, start: str, end: str = OPEN, role: str = "Member", **more: str) -> dict[str, str]:
    return {"Organization": organization, "start": f"{start}T00:00:00", "end": end, "role": role} | more


def mep(**more: Any) -> dict[str, Any]:
    return {
        "UserID": "1",
        "Name": {"sur": "Ada", "family": "INVENTED", "full": "INVENTED, Ada", "title": "Dame"},
        "Mail": "ada@example.org Office@example.net",
        "Birth": {"date": "1950-02-03T00:00:00"},
        "Homepage": "",
        "Addresses": {
            "Brussels": {"Phone": "0032 2", "Fax": "0032 3", "Address": {"City": "Bruxelles", "Office": "1"}}
        },
        "Groups": [spell(ECR, "2010-02-18"), spell(EPP, "2009-07-14", "2010-02-17T00:00:00")],
        "Committees": [spell("Committee on Foreign Affairs", "2009-07-16", committee_id="AFET", role="Chair")],
        "Delegations": [],
        "Staff": [spell("European Parliament", "2010-01-01", role="Quaestor")],
        "Constituencies": [
            {"start": "2004-07-20T00:00:00", "end": "2009-07-13T00:00:00", "party": "Old Party", "country": "Malta"},
            {"start": "2009-07-14T00:00:00", "end": OPEN, "party": "New Party", "country": "Malta"},
        ],
    } | more


def dump(path: Path, *meps: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"count": len(meps), "meps": meps}, indent=1), encoding="utf-8")
    return path


def read(path: Path) -> list[Item]:
    return list(open_roster(path).records())


def one(path: Path) -> Record:
    (found,) = read(path)
    assert isinstance(found, Record)
    return found


def held(name: str) -> dict[tuple[str, str], tuple[date | None, date | None]]:
    """Dates of everything a person belongs to, by organization and role."""
    db.session.rollback()
    person = db.session.scalars(sa.select(Person).where(Person.name == name)).one()
    return {
        (kept.organization.abbreviation or kept.organization.name, kept.role): (kept.start_date, kept.end_date)
        for kept in person.memberships
    }


class TestParltrack:
    def test_a_member_comes_whole(self, tmp_path: Path) -> None:
        found = one(dump(tmp_path / "dump.json", mep()))
        assert (found.name, found.given_name, found.family_name) == ("Ada INVENTED", "Ada", "INVENTED")
        assert (found.honorific_prefix, found.birth_date) == ("Dame", date(1950, 2, 3))
        assert found.emails == ("ada@example.org", "office@example.net")
        assert (found.phones, found.faxes, found.urls) == (("+32 2",), ("+32 3",), ())
        assert dict(found.point_labels) == {"+32 2": "Brussels", "+32 3": "Brussels", "1, Bruxelles": "Brussels"}
        assert [(one.start, one.end, one.group) for one in found.mandates] == [
            (date(2009, 7, 14), None, ECR),
            (date(2004, 7, 20), date(2009, 7, 13), ""),
        ]
        assert (found.country, found.party, found.line) == ("Malta", "New Party", 4)

    def test_a_dump_may_be_a_list_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "dump.json"
        path.write_text(json.dumps([{**mep(), "UserID": 1, "Mail": ["ada@example.org"]}]), encoding="utf-8")
        assert open_roster(path).format is RosterFormat.PARLTRACK
        assert one(path).identifiers == (("europarl", "1"),)

    def test_spells_become_dated_memberships_once(self, app: Flask, tmp_path: Path) -> None:
        path = dump(tmp_path / "dump.json", mep())
        assert import_file(path, as_of=date(2011, 6, 1)) == {"new": 1}
        found = held("Ada INVENTED")
        assert found["EPP", "member"] == (date(2009, 7, 14), date(2010, 2, 17))
        assert found["ECR", "member"] == (date(2010, 2, 18), None)
        assert found["AFET", "chair"] == (date(2009, 7, 16), None)
        assert found["EP", "quaestor"] == (date(2010, 1, 1), None)
        assert found["Old Party", "member"] == (date(2004, 7, 20), date(2009, 7, 13))
        assert len(found) == 7  # both mandates in the Parliament go by one key
        assert import_file(path, as_of=date(2011, 6, 1)) == {"unchanged": 1}

    def test_a_later_dump_ends_what_ran_on(self, app: Flask, tmp_path: Path) -> None:
        import_file(dump(tmp_path / "dump.json", mep()), as_of=date(2011, 6, 1))
        ended = [spell(ECR, "2010-02-18", "2012-01-31T00:00:00"), spell(EPP, "2012-02-01")]
        assert import_file(dump(tmp_path / "dump.json", mep(Groups=ended)), as_of=date(2012, 6, 1)) == {"changed": 1}
        assert held("Ada INVENTED")["ECR", "member"] == (date(2010, 2, 18), date(2012, 1, 31))

    def test_a_roster_that_names_another_group_ends_the_dated_one(self, app: Flask, tmp_path: Path) -> None:
        import_file(dump(tmp_path / "dump.json", mep()), as_of=date(2011, 6, 1))
        later = full_list(
            tmp_path / "list.xml", [member(1, "Ada INVENTED", country="Malta", group=EPP, party="New Party")]
        )
        import_file(later, as_of=date(2012, 6, 1))
        person = db.session.scalars(sa.select(Person)).one()
        groups = sa.select(Organization.id).where(Organization.abbreviation == "EPP")
        assert person.group_id == db.session.scalar(groups)
        ended = [kept.ended_by for kept in person.memberships if kept.organization.abbreviation == "ECR"]
        assert ended == [date(2012, 6, 1)]

    def test_what_cannot_be_read_is_told(self, tmp_path: Path) -> None:
        broken = mep(Mail="no address", Birth={"date": "once"})
        assert [(doubt.field, doubt.problem) for doubt in one(dump(tmp_path / "a.json", broken)).doubts] == [
            ("birth_date", Problem.NOT_A_DATE),
            ("email", Problem.NOT_AN_ADDRESS),
            ("email", Problem.NOT_AN_ADDRESS),
        ]
        (nameless,) = read(dump(tmp_path / "b.json", mep(Name={})))
        assert isinstance(nameless, BadLine)
        assert (nameless.problem, nameless.line) == (Problem.NO_NAME, 4)

    def test_a_dump_cut_off_names_its_line(self, tmp_path: Path) -> None:
        path = dump(tmp_path / "dump.json", mep(), mep())
        lines = path.read_text().splitlines()
        path.write_text("\n".join(lines[:50]))
        with pytest.raises(UnreadableRoster, match=r"Line 50: .*cut off") as refused:
            read(path)
        assert refused.value.line == 50


def term(path: Path, *rows: dict[str, str]) -> Path:
    names = (
        "id name sort_name email twitter facebook group group_id area_id area chamber term start_date end_date gender"
    )
    blank = dict.fromkeys(names.split(), "") | {"chamber": "Chamber of Inventions", "term": "3"}
    return table(path, [blank | row for row in rows])


ADA = {"id": "a1", "name": "Ada Lovelace", "sort_name": "Lovelace, Ada", "email": "ada@example.org", "area": "North"}


class TestEveryPolitician:
    def test_group_spells_are_one_person_and_one_mandate(self, app: Flask, tmp_path: Path) -> None:
        path = term(
            tmp_path / "Spain_term-3.csv",
            ADA | {"group": "Blues", "start_date": "2011-01-01", "end_date": "2012-05-31"},
            {**ADA, "id": "b2", "name": "Bea Other", "sort_name": "Other, Bea", "email": ""},
            ADA | {"group": "Reds", "start_date": "2012-06-01", "gender": "female"},
        )
        ada, _bea = (found for found in read(path) if isinstance(found, Record))
        assert (ada.given_name, ada.family_name, ada.gender) == ("Ada", "Lovelace", "female")
        assert ada.mandates == (
            Mandate(
                "Chamber of Inventions",
                group="Reds",
                start=date(2011, 1, 1),
                category=Category.PARLIAMENT,
                country="ES",
                term="3",
                constituency="North",
            ),
        )
        assert import_file(path) == {"new": 2}
        found = held("Ada Lovelace")
        assert found == {
            ("Chamber of Inventions", "member"): (date(2011, 1, 1), None),
            ("Blues", "member"): (date(2011, 1, 1), date(2012, 5, 31)),
            ("Reds", "member"): (date(2012, 6, 1), None),
        }
        assert import_file(path) == {"unchanged": 2}
        person = db.session.scalars(sa.select(Person).where(Person.name == "Ada Lovelace")).one()
        assert (person.category, person.country) == (Category.NATIONAL_MP, "ES")

    def test_a_break_between_spells_is_another_mandate(self, tmp_path: Path) -> None:
        path = term(
            tmp_path / "Spain_term-3.csv",
            ADA | {"group": "Blues", "start_date": "2011-01-01", "end_date": "2011-05-31"},
            ADA | {"group": "Blues", "start_date": "2012-01-01", "end_date": "2012-05-31"},
        )
        found = one(path)
        assert [one.start for one in found.mandates] == [date(2012, 1, 1), date(2011, 1, 1)]
        assert found.affiliations == ()

    def test_the_country_is_told_by_the_name_or_refused(self, tmp_path: Path) -> None:
        path = term(tmp_path / "term.csv", ADA)
        with pytest.raises(UnreadableRoster, match="which country"):
            open_roster(path)
        assert [
            item.country for item in open_roster(path, "South_Korea-term-3.csv").records() if isinstance(item, Record)
        ] == ["KR"]
        folder = tmp_path / "South_Korea" / "Assembly"
        folder.mkdir(parents=True)
        assert one(term(folder / "term-3.csv", ADA)).country == "KR"

    def test_other_names_rename_nobody(self, app: Flask, tmp_path: Path) -> None:
        number = "0ba4dd24-5b5b-4598-a216-2396a6ee96a7"
        import_file(term(tmp_path / "Spain_term-3.csv", ADA | {"id": number}))
        names = tmp_path / "names.csv"
        names.write_text(f"name,id\nAugusta King,{number}\nAda Lovelace,{number}\n", encoding="utf-8")
        assert import_file(names) == {"changed": 1}
        person = db.session.scalars(sa.select(Person)).one()
        assert person.name == "Ada Lovelace"
        assert "augusta king" in person.search_text
        assert import_file(names) == {"unchanged": 1}


class TestApi:
    def answer(self, path: Path, *data: dict[str, Any]) -> Path:
        path.write_text(json.dumps({"data": data}, indent=1), encoding="utf-8")
        return path

    def test_a_member_with_a_mandate(self, app: Flask, tmp_path: Path) -> None:
        membership = {
            "organization": "org/ep-10",
            "represents": ["http://publications.example/country/MLT"],
            "memberDuring": {"startDate": "2024-07-16"},
            "contactPoint": [{"officeAddress": "1", "hasTelephone": {"hasValue": "tel:+322"}, "hasSite": "x/site/ASP"}],
        }
        person = {"id": "person/7", "identifier": "7", "label": "Ada INVENTED", "givenName": "Ada"}
        person |= {"familyName": "Invented", "hasEmail": "mailto:ada@example.org", "hasGender": "x/FEMALE"}
        path = self.answer(tmp_path / "mep.json", {**person, "hasMembership": [membership, {"organization": "org/1"}]})
        found = one(path)
        assert (found.country, found.gender, found.phones) == ("MLT", "female", ("+322",))
        assert found.mandates == (Mandate("European Parliament", start=date(2024, 7, 16), term="10"),)
        assert import_file(path) == {"new": 1}
        assert import_file(path) == {"unchanged": 1}

    def test_bodies_of_today_are_organizations(self, tmp_path: Path) -> None:
        today = {"id": "org/1", "type": "Organization", "label": "FROG", "prefLabel": {"en": "Committee on Frogs"}}
        past = {**today, "id": "org/2", "temporal": {"endDate": "1992-01-15"}}
        found, refused = read(self.answer(tmp_path / "bodies.json", today, past))
        assert isinstance(found, OrganizationRecord)
        assert found.name == "Committee on Frogs"
        assert refused == BadLine(refused.line, "Committee on Frogs", Problem.PAST_BODY)
        assert refused.line > found.line


@pytest.mark.parametrize(("column", "field"), [("address", "address"), ("url", "url"), ("role", "role")])
def test_what_is_too_long_is_a_doubt_and_never_cut(app: Flask, tmp_path: Path, column: str, field: str) -> None:
    row = {"name": "Ada ONE", "institution": "Senate", "phone": "12", column: "x" * 501}
    path = table(tmp_path / "people.csv", [row])
    found = one(path)
    assert found.doubts == (Doubt(field, "x" * 199 + "…", Problem.TOO_LONG),)
    assert import_file(path) == {"suspicious": 1}
    person = db.session.scalars(sa.select(Person)).one()
    assert {point.kind for point in person.points} == {PointKind.PHONE}
    assert {kept.role for kept in person.memberships} == {"member"}
