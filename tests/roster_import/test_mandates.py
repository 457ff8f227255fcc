"""A roster describes a day: what that means for mandates, groups, parties and seats."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from crm import clock
from crm.directory.models import (
    OPEN_END,
    Category,
    ContactPoint,
    Identifier,
    Membership,
    Organization,
    Person,
    PointStatus,
)
from crm.extensions import db
from crm.roster_import import actions
from crm.roster_import.models import Alarm, ImportRow, Reason, RowKind
from crm.unit_of_work import unit_of_work
from tests.factories.directory import make_person
from tests.factories.roster_import import PATRIOTS, full_list, import_file, member, members, stage_file, table

EARLIER, DAY, LATER = date(2025, 1, 1), date(2025, 6, 1), date(2025, 12, 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list.xml"


def someone(number: int) -> Person:
    db.session.rollback()
    return db.session.scalars(
        sa.select(Person).join(Identifier).where(Identifier.scheme == "europarl", Identifier.value == str(number))
    ).one()


def mandates(number: int, category: Category = Category.PARLIAMENT) -> list[Membership]:
    return [one for one in someone(number).memberships if one.organization.category is category]


def group_of(number: int) -> str | None:
    (mandate,) = mandates(number)
    return mandate.on_behalf_of.abbreviation if mandate.on_behalf_of else None


def party_of(number: int) -> list[str]:
    return [one.organization.name for one in mandates(number, Category.PARTY) if one.ended_by is None]


def row(number: int, **more: str) -> dict[str, str]:
    return {"name": f"Ada INVENTED{number}", "epid": str(number), "country": "ES", **more}


class TestCompleteRoster:
    def test_whoever_is_absent_from_a_later_one_has_left(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(3)), as_of=DAY)
        assert import_file(full_list(path, members(2)), as_of=LATER) == {"unchanged": 2, "ended": 1}
        (mandate,) = mandates(3)
        assert (mandate.end_date, mandate.ended_by) == (None, LATER)
        assert someone(3).mandate_end == date(2025, 11, 30)
        assert someone(2).mandate_end == OPEN_END

    def test_an_earlier_one_ends_nobody_and_adds_past_mandates(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(2)), as_of=LATER)
        assert import_file(full_list(path, members(2, start=2)), as_of=EARLIER) == {"new": 1, "unchanged": 1}
        assert someone(1).mandate_end == someone(2).mandate_end == OPEN_END
        assert mandates(3)[0].ended_by == LATER

    def test_one_of_the_same_day_ends_nobody(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(2)), as_of=DAY)
        assert import_file(full_list(path, members(1)), as_of=DAY) == {"unchanged": 1}

    def test_one_between_two_others_ends_nobody(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(3)), as_of=EARLIER)
        import_file(full_list(path, members(3)), as_of=LATER)
        assert import_file(full_list(path, members(2)), as_of=DAY) == {"unchanged": 2}

    def test_somebody_who_comes_back_sits_again(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(3)), as_of=EARLIER)
        import_file(full_list(path, members(2)), as_of=DAY)
        assert import_file(full_list(path, members(3)), as_of=LATER) == {"unchanged": 2, "changed": 1}
        assert [(one.ended_by, one.end_date) for one in mandates(3)] == [(None, None)]

    def test_a_new_term_closes_the_mandates_of_the_one_before(
        self, app: Flask, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as then:
            then.setattr(clock, "today", lambda: date(2024, 3, 2))
            import_file(full_list(path, members(2)), as_of=date(2024, 3, 1))
        assert someone(1).mandate_end == OPEN_END
        assert import_file(full_list(path, members(1)), as_of=DAY) == {"changed": 1, "ended": 1}
        assert sorted((one.term, one.end_date) for one in mandates(1)) == [("10", None), ("9", date(2024, 7, 15))]
        assert [one.end_date for one in mandates(2)] == [date(2024, 7, 15)]

    def test_a_roster_of_a_past_term_tells_of_past_mandates(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(1)), as_of=date(2024, 3, 1))
        assert [(one.term, one.ended_by) for one in mandates(1)] == [("9", date(2024, 7, 16))]
        assert import_file(full_list(path, members(1)), as_of=DAY) == {"changed": 1}
        assert someone(1).mandate_end == OPEN_END

    def test_many_who_would_leave_at_once_are_an_alarm(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(20)), as_of=DAY)
        assert stage_file(full_list(path, members(15)), as_of=LATER).survey["alarms"] == [Alarm.DROP]
        assert stage_file(full_list(path, members(16)), as_of=LATER).survey["alarms"] == []

    def test_many_new_names_at_once_are_an_alarm(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(20)), as_of=DAY)
        renamed = [member(number, f"Grace RENAMED{number}") for number in range(1, 6)]
        staged = stage_file(full_list(path, renamed + members(15, start=6)), as_of=LATER)
        assert staged.survey["alarms"] == [Alarm.RENAMES]

    @pytest.mark.parametrize("format_name", ["csv", "xml"])
    def test_an_end_beside_a_line_nobody_can_read_is_an_alarm(
        self, app: Flask, tmp_path: Path, format_name: str
    ) -> None:
        rows = [{"name": f"Ada INVENTED{number}", "epid": str(number)} for number in range(1, 61)]
        path = table(tmp_path / "list.csv", rows)
        import_file(path, as_of=DAY, complete=True)
        if format_name == "csv":
            path.write_text(path.read_text().replace("INVENTED60,", "INVENTED60,,"))
        else:
            path = full_list(tmp_path / "list.xml", [*members(59), member(60, "")])
        staged = stage_file(path, as_of=LATER, complete=True)
        assert (staged.counts["ended"], staged.counts["unreadable"]) == (1, 1)
        assert staged.survey["alarms"] == [Alarm.UNSETTLED]
        staged_id = staged.id
        with pytest.raises(actions.AlarmUnconfirmed), unit_of_work("ask", actor="user:1"):
            actions.request_application(staged_id, confirmed=False)

    def test_an_end_beside_a_line_of_doubt_is_an_alarm(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(20)), as_of=DAY)
        # Line 20 bears the number of line 19, so that nobody can tell whom it is about.
        staged = stage_file(full_list(path, [*members(19), member(19, "Ada INVENTED20")]), as_of=LATER)
        assert (staged.counts["ended"], staged.counts["suspicious"]) == (1, 1)
        assert staged.survey["alarms"] == [Alarm.UNSETTLED]

    def test_unreadable_lines_that_end_nobody_are_no_alarm(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(3)), as_of=DAY)
        staged = stage_file(full_list(path, [*members(3), member(4, "")]), as_of=LATER)
        assert (staged.counts["unreadable"], staged.survey["alarms"]) == (1, [])

    def test_somebody_who_may_be_meant_has_not_left(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(2)), as_of=DAY)
        unnumbered = {tag: text for tag, text in member(2, "Ada INVENTED2", country="Atlantis").items() if tag != "id"}
        assert import_file(full_list(path, [*members(1), unnumbered]), as_of=LATER) == {"unchanged": 1, "suspicious": 1}
        assert someone(2).mandate_end == OPEN_END

    def test_some_contacts_end_nobody(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(2)), as_of=DAY)
        assert import_file(full_list(path, members(1)), as_of=LATER, complete=False) == {"unchanged": 1}

    def test_a_mandate_set_by_hand_ends_only_when_a_person_says_so(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(1)), as_of=DAY)
        make_person("Grace Hopper", start=date(2024, 7, 16))
        db.session.execute(sa.text("UPDATE change_set SET actor = 'user:1' WHERE action = 'make contacts'"))
        db.session.commit()
        staged = stage_file(full_list(path, members(1)), as_of=LATER)
        (found,) = db.session.scalars(
            sa.select(ImportRow).where(ImportRow.import_id == staged.id, ImportRow.line == 0)
        ).all()
        assert (found.kind, found.diff[0]["held"]) == (RowKind.SUSPICIOUS, Reason.HAND_MADE)


class TestGroupAndParty:
    def test_a_later_roster_moves_people_between_groups_and_parties(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(1)), as_of=DAY)
        moved = member(1, "Ada INVENTED1", group=PATRIOTS, party="Otro Partido")
        assert import_file(full_list(path, [moved]), as_of=LATER) == {"changed": 1}
        assert (group_of(1), party_of(1)) == ("PfE", ["Otro Partido"])
        assert someone(1).group_sort == "pfe"

    def test_an_earlier_one_does_not(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(1)), as_of=DAY)
        moved = member(1, "Ada INVENTED1", group=PATRIOTS, party="Otro Partido")
        assert import_file(full_list(path, [moved]), as_of=EARLIER) == {"unchanged": 1}
        assert (group_of(1), party_of(1)) == ("EPP", ["Partido Inventado"])

    def test_whoever_is_independent_has_left_the_party(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(1)), as_of=DAY)
        assert import_file(full_list(path, [member(1, "Ada INVENTED1", party="Independent")]), as_of=LATER) == {
            "changed": 1
        }
        assert party_of(1) == []
        # An older roster must not bring back what a later one has denied.
        assert import_file(full_list(path, members(1)), as_of=EARLIER) == {"unchanged": 1}
        assert party_of(1) == []

    def test_a_group_nobody_has_told_us_of_waits_for_a_person(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(1)), as_of=DAY)
        moved = member(1, "Ada INVENTED1", group="Brand New Group")
        assert import_file(full_list(path, [moved]), as_of=LATER) == {"suspicious": 1}
        assert group_of(1) == "EPP"

    def test_a_group_without_an_institution_is_noted_of_those_who_have_none(self, app: Flask, tmp_path: Path) -> None:
        known = make_person("Ada Lovelace", group="Green Group", email="ada@x.example")
        rows = [
            {"name": "Ada LOVELACE", "email": "ada@x.example", "group": "Red Group", "country": "ES"},
            {"name": "Grace HOPPER", "email": "grace@x.example", "group": "Red Group", "country": "ES"},
        ]
        assert import_file(table(tmp_path / "people.csv", rows)) == {"new": 1, "suspicious": 1}
        grace = db.session.scalars(sa.select(Person).where(Person.name == "Grace HOPPER")).one()
        assert grace.group_sort == "red group"
        assert db.session.get_one(Person, known.id).group_sort == "green group"


class TestOtherInstitutions:
    def test_a_complete_roster_of_another_institution(self, app: Flask, tmp_path: Path) -> None:
        def roster(*names: str) -> Path:
            rows = [{"name": name, "country": "ES", "institution": "Senado", "role": "senator"} for name in names]
            return table(tmp_path / "senate.csv", rows)

        assert import_file(roster("Ada UNO", "Eva DOS"), as_of=DAY, complete=True) == {"new": 2}
        assert import_file(roster("Ada UNO"), as_of=LATER, complete=True) == {"unchanged": 1, "ended": 1}
        (senate,) = db.session.scalars(sa.select(Organization).where(Organization.name == "Senado"))
        memberships = db.session.scalars(sa.select(Membership).where(Membership.organization_id == senate.id)).all()
        assert sorted((one.role, one.ended_by or OPEN_END) for one in memberships) == [
            ("senator", LATER),
            ("senator", OPEN_END),
        ]

    def test_an_organization_made_by_hand_is_found_by_its_name(self, app: Flask, path: Path) -> None:
        make_person("Grace Hopper", parliament="European Parliament", group="EPP")
        import_file(full_list(path, members(1)), as_of=DAY)
        parliaments = (
            sa.select(sa.func.count()).select_from(Organization).where(Organization.category == Category.PARLIAMENT)
        )
        assert db.session.scalar(parliaments) == 1


class TestSeatsAndPoints:
    def test_a_later_table_moves_people_between_committees(self, app: Flask, tmp_path: Path) -> None:
        path = tmp_path / "people.csv"
        import_file(table(path, [row(1, committee="AGRI|LIBE", substitute="ECON")]), as_of=DAY)
        assert import_file(table(path, [row(1, committee="ECON|LIBE", substitute="")]), as_of=LATER) == {"changed": 1}
        seats = {one.organization.abbreviation: (one.role, one.ended_by) for one in mandates(1, Category.COMMITTEE)}
        assert seats == {"AGRI": ("member", LATER), "LIBE": ("member", None), "ECON": ("member", None)}
        assert import_file(table(path, [row(1, committee="AGRI", substitute="")]), as_of=EARLIER) == {"unchanged": 1}

    def test_seats_and_addresses_end_with_the_mandate_and_come_back_with_it(self, app: Flask, tmp_path: Path) -> None:
        path = tmp_path / "people.csv"
        both = [row(number, committee="LIBE", email=f"ada{number}@parliament.example") for number in (1, 2)]
        import_file(table(path, both), as_of=EARLIER, complete=True)
        assert someone(2).email == "ada2@parliament.example"
        assert import_file(table(path, both[:1]), as_of=DAY, complete=True) == {"unchanged": 1, "ended": 1}
        assert someone(2).email is None
        assert someone(2).mandate_end == date(2025, 5, 31)
        assert [one.ended_by for one in mandates(2, Category.COMMITTEE)] == [DAY]
        assert import_file(table(path, both), as_of=LATER, complete=True) == {"unchanged": 1, "changed": 1}
        assert (someone(2).email, someone(2).mandate_end) == ("ada2@parliament.example", OPEN_END)

    def test_an_address_that_its_own_roster_has_replaced_goes_out_of_use(self, app: Flask, tmp_path: Path) -> None:
        path = tmp_path / "people.csv"
        import_file(table(path, [row(1, email="old@parliament.example")]), as_of=DAY)
        import_file(table(path, [row(1, email="new@parliament.example")]), as_of=LATER)
        points = db.session.execute(sa.select(ContactPoint.value, ContactPoint.status)).all()
        assert {value: status for value, status in points} == {  # noqa: C416 - rows are no pairs to mypy
            "old@parliament.example": PointStatus.RETIRED,
            "new@parliament.example": PointStatus.CURRENT,
        }
        # The older one again: it is no news beside the address in use.
        assert import_file(table(path, [row(1, email="old@parliament.example")]), as_of=EARLIER) == {"unchanged": 1}
        assert someone(1).email == "new@parliament.example"
