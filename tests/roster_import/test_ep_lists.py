"""The European Parliament's lists beside the full one: who came and left, and the Open Data Portal's table."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from crm.directory.models import OPEN_END, Category, ContactSource, Identifier, OtherName, Person, PointKind
from crm.extensions import db
from crm.roster_import.readers import open_roster
from crm.roster_import.records import BadLine, Mandate, Problem, Record, RosterFormat, UnreadableRoster
from crm.roster_import.survey import survey
from tests.factories.roster_import import full_list, import_file, member, members, table

DAY = date(2025, 6, 1)


def someone(number: int) -> Person:
    db.session.rollback()
    return db.session.scalars(
        sa.select(Person).join(Identifier).where(Identifier.scheme == "europarl", Identifier.value == str(number))
    ).one()


def coming(number: int, name: str, start: str, end: str) -> dict[str, str]:
    return member(number, name) | {"leg": "10", "mandate-start": start, "mandate-end": end}


class TestTurnover:
    def test_a_feed_dates_mandates(self, tmp_path: Path) -> None:
        path = full_list(
            tmp_path / "in.xml",
            [coming(1, "Ada ONE", "16/07/2024", "26/09/2024"), coming(2, "Ada TWO", "27/09/2024", "ONGOING")],
        )
        source = open_roster(path)
        left, came = (found for found in source.records() if isinstance(found, Record))
        assert (source.format, source.complete) == (RosterFormat.EP_TURNOVER, False)
        assert (left.mandates[0].start, left.mandates[0].end) == (date(2024, 7, 16), date(2024, 9, 26))
        assert (came.mandates[0].start, came.mandates[0].end) == (date(2024, 9, 27), None)

    def test_attributes_stand_in_for_empty_elements(self, tmp_path: Path) -> None:
        path = tmp_path / "in.xml"
        path.write_text(
            '<meps><mep><fullName>Ada ONE</fullName><country countryCode="MT"/><politicalGroup bodyCode="EPP"/>'
            "<id>1</id><mandate-start>16/07/2024</mandate-start><mandate-end>ONGOING</mandate-end></mep></meps>",
            encoding="utf-8",
        )
        (found,) = open_roster(path).records()
        assert isinstance(found, Record)
        assert (found.country, found.mandates[0].group) == ("MT", "EPP")

    def test_an_end_nobody_can_read_is_a_bad_line(self, tmp_path: Path) -> None:
        path = full_list(tmp_path / "in.xml", [coming(1, "Ada ONE", "16/07/2024", "soon")])
        (found,) = open_roster(path).records()
        assert isinstance(found, BadLine)
        assert (found.problem, found.field, found.value) == (Problem.NOT_A_DATE, "until", "soon")

    def test_it_is_never_complete(self, tmp_path: Path) -> None:
        path = full_list(tmp_path / "in.xml", [coming(1, "Ada ONE", "16/07/2024", "ONGOING")])
        assert not survey(open_roster(path)).complete
        with pytest.raises(UnreadableRoster, match="some contacts"):
            survey(open_roster(path), complete=True)

    def test_it_dates_and_ends_the_mandates_of_the_full_list(self, app: Flask, tmp_path: Path) -> None:
        import_file(full_list(tmp_path / "list.xml", members(2)), as_of=date(2024, 8, 1))
        rows = [coming(1, "Ada INVENTED1", "16/07/2024", "26/09/2024"), coming(3, "Ada THREE", "27/09/2024", "ONGOING")]
        path = full_list(tmp_path / "in.xml", rows)
        assert import_file(path, as_of=DAY) == {"changed": 1, "new": 1}
        (mandate,) = [one for one in someone(1).memberships if one.organization.category is Category.PARLIAMENT]
        assert (mandate.start_date, mandate.end_date) == (date(2024, 7, 16), date(2024, 9, 26))
        assert (someone(2).mandate_end, someone(3).mandate_end) == (OPEN_END, OPEN_END)
        assert import_file(path, as_of=DAY) == {"unchanged": 2}
        sources = sa.select(sa.func.count()).select_from(ContactSource)
        assert db.session.scalar(sources) == 2 + 2


ADA = {
    "identifier": "1",
    "honorific_prefix": "Ms",
    "given_name": "Ada",
    "family_name": "Invented1",
    "official_given_name": "Ada Maria",
    "official_family_name": "Invented1",
    "gender": "female",
    "citizenship": "Malta",
    "birthday": "06/02/1952 01:00",
    "death_date": "01/03/2020 01:00",
    "email": "mailto:Ada@example.org",
    "homepage": "https://ada.example",
    "twitter": "https://twitter.com/ada",
    "facebook_page": "https://facebook.example/ada",
    "instagram": "https://instagram.example/ada",
}


def portal(path: Path, *rows: dict[str, str]) -> Path:
    columns = [*ADA, "URI"]
    return table(path, [{f"mep_{name}": row.get(name, "") for name in columns} for row in rows])


class TestOpenData:
    def test_a_member_comes_whole(self, tmp_path: Path) -> None:
        source = open_roster(portal(tmp_path / "meps_term9.csv", ADA))
        (found,) = source.records()
        assert isinstance(found, Record)
        assert (source.format, source.complete, source.day) == (RosterFormat.EP_OPEN_DATA, False, date(2024, 7, 15))
        assert (found.given_name, found.family_name, found.other_names) == (
            "Ada",
            "Invented1",
            ("Ada Maria Invented1",),
        )
        assert (found.birth_date, found.death_date) == (date(1952, 2, 6), date(2020, 3, 1))
        assert (found.emails, found.twitter) == (("ada@example.org",), ("ada",))
        assert (found.facebook, found.instagram) == ((ADA["facebook_page"],), (ADA["instagram"],))
        assert (found.country, found.citizenship, found.honorific_prefix) == ("", "Malta", "Ms")
        assert found.mandates == (Mandate("European Parliament", term="9"),)

    def test_without_a_term_in_its_name_it_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableRoster, match="does not say in which"):
            open_roster(portal(tmp_path / "members.csv", ADA))
        assert open_roster(portal(tmp_path / "members.csv", ADA), "odp_term8.csv").day == date(2019, 7, 1)

    def test_it_describes_whom_a_roster_has_named_and_disturbs_nothing(self, app: Flask, tmp_path: Path) -> None:
        import_file(full_list(tmp_path / "list.xml", [member(1, "Ada INVENTED1", country="Spain")]), as_of=DAY)
        path = portal(tmp_path / "term10.csv", {**ADA, "death_date": ""}, {**ADA, "identifier": "2", "email": ""})
        assert import_file(path) == {"changed": 1, "new": 1}
        ada = someone(1)
        assert (ada.name, ada.family_name, ada.country) == ("Ada Invented1", "Invented1", "ES")
        assert (ada.honorific_prefix, ada.gender, ada.mandate_end) == ("Ms", "female", OPEN_END)
        kinds = {point.kind: point.value for point in ada.points}
        assert kinds[PointKind.FACEBOOK] == ADA["facebook_page"]
        assert someone(2).country == "MT"
        assert db.session.scalars(sa.select(OtherName.name).distinct()).all() == ["Ada Maria Invented1"]
        assert import_file(path) == {"unchanged": 2}
        # Capitals are how the full list writes names, not a new name.
        assert import_file(tmp_path / "list.xml", as_of=date(2026, 1, 1), complete=False) == {"unchanged": 1}

    def test_a_past_term_of_somebody_who_left_early_is_no_new_mandate(self, app: Flask, tmp_path: Path) -> None:
        rows = [coming(1, "Ada INVENTED1", "01/07/2014", "26/09/2016") | {"leg": "8"}]
        import_file(full_list(tmp_path / "out.xml", rows), as_of=date(2016, 10, 1))
        import_file(portal(tmp_path / "term8.csv", ADA, {**ADA, "identifier": "2", "email": ""}))
        assert someone(1).mandate_end == date(2016, 9, 26)
        assert len(someone(1).memberships) == 2  # the mandate and the party
        assert someone(2).mandate_end == date(2019, 7, 1)

    def test_lost_letters_overwrite_nothing(self, app: Flask, tmp_path: Path) -> None:
        import_file(full_list(tmp_path / "list.xml", [member(1, "Jan ROUČEK")]), as_of=DAY)
        lost = {**ADA, "given_name": "Jan", "family_name": "Rou?ek", "official_given_name": ""}
        import_file(portal(tmp_path / "term10.csv", {**lost, "official_family_name": ""}))
        assert someone(1).name == "Jan ROUČEK"
