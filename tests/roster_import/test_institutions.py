"""Commissioners and heads of state and government: offices with a post, held by people we may know already."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from crm.directory.models import Category, Membership, Organization, Person, Post
from crm.extensions import db
from crm.roster_import.readers import open_roster
from crm.roster_import.records import BadLine, Problem, Record, RosterFormat
from tests.conftest import SHARED_DATA
from tests.factories.roster_import import full_list, import_file, member, table

INSTITUTIONS = SHARED_DATA / "institutions"
real = pytest.mark.skipif(
    not INSTITUTIONS.exists(), reason=f"{INSTITUTIONS} is not there: it is no part of the project"
)


def only(name: str) -> Person:
    db.session.rollback()
    return db.session.scalars(sa.select(Person).where(Person.name == name)).one()


def offices(person: Person) -> dict[str, Membership]:
    return {one.organization.name: one for one in person.memberships}


def post_of(office: Membership) -> str:
    return office.post.label if office.post else ""


def college(path: Path, *rows: dict[str, str]) -> Path:
    blank = {"name": "", "iso3": "", "portfolio": "", "since": "", "press_corner_id": "", "portfolio_source": ""}
    return table(path, [blank | row for row in rows])


ADA = {"name": "Ada Invented", "iso3": "MLT", "portfolio": "Energy and Housing", "since": "2024-12-01"}


class TestCommissioners:
    def test_a_line_comes_whole(self, tmp_path: Path) -> None:
        row = ADA | {"press_corner_id": "12", "portfolio_source": "memory, verify"}
        source = open_roster(college(tmp_path / "college.csv", row))
        (found,) = source.records()
        assert isinstance(found, Record)
        assert (source.format, found.country) == (RosterFormat.COMMISSIONERS, "MLT")
        assert (found.mandates[0].post, found.mandates[0].note) == ("Energy and Housing", "portfolio: memory, verify")
        assert found.mandates[0].start == date(2024, 12, 1)

    def test_no_name_and_no_date(self, tmp_path: Path) -> None:
        rows = [ADA | {"name": ""}, ADA | {"since": "soon"}]
        nameless, undated = open_roster(college(tmp_path / "college.csv", *rows)).records()
        assert isinstance(nameless, BadLine)
        assert nameless.problem is Problem.NO_NAME
        assert isinstance(undated, Record)
        assert undated.doubts[0].problem is Problem.NOT_A_DATE

    def test_a_member_of_parliament_who_becomes_one_is_one_person(self, app: Flask, tmp_path: Path) -> None:
        import_file(
            full_list(tmp_path / "list.xml", [member(1, "Ada INVENTED", country="Malta")]), as_of=date(2024, 8, 1)
        )
        path = college(tmp_path / "college.csv", ADA | {"portfolio_source": "memory, verify"})
        assert import_file(path) == {"changed": 1}
        ada = only("Ada INVENTED")
        assert (ada.category, ada.given_name) == (Category.COMMISSIONER, "Ada")
        office = offices(ada)["European Commission"]
        assert (office.role, post_of(office)) == ("commissioner", "Energy and Housing")
        assert office.source.endswith("(portfolio: memory, verify)")
        assert "European Parliament" in offices(ada)
        assert import_file(path) == {"unchanged": 1}

    def test_another_portfolio_moves_the_office_to_another_post(self, app: Flask, tmp_path: Path) -> None:
        import_file(college(tmp_path / "college.csv", ADA))
        path = college(tmp_path / "college.csv", ADA | {"portfolio": "Trade"})
        assert import_file(path, as_of=date(2025, 6, 1)) == {"changed": 1}
        assert post_of(offices(only("Ada Invented"))["European Commission"]) == "Trade"
        assert import_file(path, as_of=date(2025, 6, 1)) == {"unchanged": 1}
        assert len(db.session.scalars(sa.select(Post)).all()) == 2

    @real
    def test_the_real_college(self, app: Flask) -> None:
        """Four of its members had been elected to the European Parliament in 2024: each of them is one contact."""
        import_file(SHARED_DATA / "mep" / "ttp_meps.csv")
        path = INSTITUTIONS / "eu_commissioners_2024_2029.csv"
        assert import_file(path) == {"new": 23, "changed": 4}
        assert db.session.scalar(sa.select(sa.func.count()).where(Person.category == Category.COMMISSIONER)) == 27
        both = db.session.scalars(
            sa.select(Person).where(Person.category == Category.COMMISSIONER, Person.family_name.is_not(None))
        ).all()
        assert {person.family_name for person in both} == {"HANSEN", "KUBILIUS", "MÎNZATU", "VIRKKUNEN"}
        for person in both:
            assert {"European Parliament", "European Commission"} <= set(offices(person))
        posts = sa.select(sa.func.count()).select_from(Post)
        assert db.session.scalar(posts) == 27
        sources = sa.select(Membership.source).where(Membership.role == "commissioner")
        assert all(source.endswith("(portfolio: memory, verify)") for source in db.session.scalars(sources))
        assert import_file(path) == {"unchanged": 27}


def snapshot(path: Path, **countries: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"snapshot_date": "2026-08-22", "countries": countries}, indent=1), encoding="utf-8")
    return path


def country(code: str, name: str, **positions: tuple[str, dict[str, Any] | None]) -> dict[str, Any]:
    held = {key: {"title_en": title, "current_holder": holder} for key, (title, holder) in positions.items()}
    return {"country": {"iso_code": code, "name_en": name}, "positions": held}


GRACE = {"name_en": "Grace Invented", "name_local": "\u0413\u0440\u0435\u0439\u0441", "wikidata_id": "Q1"}
GRACE |= {"since": "2020-01-01", "party": "Blue Party", "born": "1960-02-03"}


class TestWorldLeaders:
    def test_two_offices_are_one_person(self, app: Flask, tmp_path: Path) -> None:
        both = country("MT", "Malta", head_of_state=("President", GRACE), head_of_government=("Prime Minister", GRACE))
        vacant = country("FR", "France", head_of_state=("President", None))
        path = snapshot(tmp_path / "leaders.json", malta=both, france=vacant)
        source = open_roster(path)
        assert (source.format, source.day) == (RosterFormat.WORLD_LEADERS, date(2026, 8, 22))
        assert import_file(path) == {"new": 1}
        grace = only("Grace Invented")
        assert (grace.category, grace.country, grace.birth_date) == (
            Category.NATIONAL_OFFICIAL,
            "MT",
            date(1960, 2, 3),
        )
        held = {one.role: one.post.label for one in grace.memberships if one.post}
        assert held == {"head of state": "President", "head of government": "Prime Minister"}
        assert set(offices(grace)) == {"Government of Malta", "Blue Party"}
        assert "greys" in grace.search_text
        assert import_file(path) == {"unchanged": 1}

    def test_who_reigns_in_several_countries_is_filed_under_none(self, tmp_path: Path) -> None:
        realms = {
            name: country(code, name, head_of_state=("Monarch", GRACE)) for code, name in (("AU", "Aa"), ("CA", "Bb"))
        }
        (found,) = open_roster(snapshot(tmp_path / "leaders.json", **realms)).records()
        assert isinstance(found, Record)
        assert (found.country, [one.country for one in found.mandates]) == ("", ["AU", "CA"])

    def test_offices_of_the_union_are_held_in_its_institutions(self, tmp_path: Path) -> None:
        entry = country("EU", "European Union", head_of_state=("President of the European Council", GRACE))
        (found,) = open_roster(snapshot(tmp_path / "leaders.json", eu=entry)).records()
        assert isinstance(found, Record)
        assert (found.mandates[0].institution, found.mandates[0].category) == (
            "European Council",
            Category.EU_INSTITUTION,
        )
        assert (found.country, found.party) == ("", None)

    @real
    def test_the_real_snapshot(self, app: Flask) -> None:
        path = INSTITUTIONS / "world_leaders_2026-08-22.json"
        assert import_file(path) == {"new": 45}
        governments = sa.select(sa.func.count()).where(Organization.category == Category.GOVERNMENT)
        assert db.session.scalar(governments) == 28
        offices_held = sa.select(sa.func.count()).select_from(Membership).where(Membership.post_id.is_not(None))
        assert db.session.scalar(offices_held) == 58
        officials = sa.select(sa.func.count()).where(Person.category == Category.NATIONAL_OFFICIAL)
        assert db.session.scalar(officials) == 41
        assert import_file(path) == {"unchanged": 45}
