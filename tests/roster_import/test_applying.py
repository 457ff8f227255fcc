"""Review, decisions, application and the way back."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from crm.audit.actions import Refusal, UndoRefused, undo
from crm.audit.models import ChangeSet
from crm.database import Base
from crm.directory.actions import add_point, set_point_status, update_contact
from crm.directory.models import Contact, ContactPoint, Identifier, Membership, Person, PointKind, PointStatus
from crm.extensions import db
from crm.roster_import import actions, applying, decisions
from crm.roster_import.models import Decision, Import, ImportRow, ImportState, Reason
from crm.roster_import.records import Problem
from crm.timeline.models import EntryKind, TimelineEntry
from crm.unit_of_work import unit_of_work
from tests.factories.directory import make_person
from tests.factories.roster_import import apply_staged, full_list, import_file, member, members, stage_file, table

DAY, LATER = date(2025, 6, 1), date(2025, 12, 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list.xml"


def someone(name: str) -> Person:
    db.session.rollback()
    return db.session.scalars(sa.select(Person).where(Person.name == name)).one()


def correct(name: str, **fields: Any) -> int:
    with unit_of_work("edit contact", actor="user:1") as work:
        update_contact(someone(name), **fields)
    assert work.change_set_id is not None
    return work.change_set_id


def rows_of(staged: Import) -> list[ImportRow]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(ImportRow).where(ImportRow.import_id == staged.id).order_by(ImportRow.id)))


def decide(row: ImportRow, decision: Decision | None, contact_id: int | None = None) -> None:
    row_id = row.id
    with unit_of_work("decide", actor="user:1"):
        decisions.decide(row_id, decision, contact_id)


def applied(staged: Import) -> dict[str, int]:
    return {kind: number for kind, number in apply_staged(staged.id).by_kind().items() if number}


def contents() -> dict[str, list[Any]]:
    """Every row of the directory."""
    db.session.rollback()
    tables = [model.__tablename__ for model in (Contact, Identifier, Membership, ContactPoint)]
    found = {}
    for name in tables:
        columns = [column for column in Base.metadata.tables[name].c if column.name != "updated_at"]
        found[name] = [tuple(row) for row in db.session.execute(sa.select(*columns).order_by(columns[-1])).all()]
        found[name].sort(key=repr)
    return found


def undo_of(import_id: int) -> None:
    change_set_id = db.session.get_one(Import, import_id).change_set_id
    assert change_set_id is not None
    with unit_of_work("undo", actor="user:1"):
        undo(change_set_id)


class TestUndo:
    def test_everything_goes_back_and_comes_again(self, app: Flask, path: Path, tmp_path: Path) -> None:
        import_file(full_list(path, members(5)), as_of=DAY)
        before = contents()
        people = table(
            tmp_path / "people.csv",
            [
                {
                    "name": f"Ada INVENTED{number}",
                    "epid": str(number),
                    "email": f"a{number}@x.example",
                    "committee": "LIBE",
                }
                for number in range(2, 9)
            ],
        )
        staged = stage_file(people, as_of=LATER, complete=True)
        assert applied(staged) == {"new": 3, "changed": 4, "ended": 1}
        after = contents()
        assert after != before
        undo_of(staged.id)
        assert contents() == before
        assert db.session.get_one(Import, staged.id).state is ImportState.UNDONE
        events = sa.select(sa.func.count()).select_from(TimelineEntry)
        assert db.session.scalar(events.where(TimelineEntry.reference == f"import:{staged.id}")) == 0
        assert import_file(people, as_of=LATER, complete=True) == {"new": 3, "changed": 4, "ended": 1}

    def test_an_undone_import_says_nothing_any_more(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(3)), as_of=DAY)
        later = stage_file(full_list(path, members(2)), as_of=LATER)
        apply_staged(later.id)
        undo_of(later.id)
        # Were the later roster still known, nobody could leave by this one.
        assert import_file(full_list(path, members(2)), as_of=date(2025, 9, 1)) == {"unchanged": 2, "ended": 1}

    def test_it_is_refused_whole_where_a_contact_has_changed_since(self, app: Flask, path: Path) -> None:
        staged = stage_file(full_list(path, members(3)), as_of=DAY)
        apply_staged(staged.id)
        correct("Ada INVENTED2", gender="female")
        before = contents()
        with pytest.raises(UndoRefused) as refused:
            undo_of(staged.id)
        assert refused.value.reason is Refusal.CHANGED
        assert contents() == before
        assert db.session.get_one(Import, staged.id).state is ImportState.APPLIED

    def test_an_undo_is_not_undone_behind_the_imports_back(self, app: Flask, path: Path) -> None:
        staged = stage_file(full_list(path, members(1)), as_of=DAY)
        apply_staged(staged.id)
        undo_of(staged.id)
        the_undo = db.session.scalars(sa.select(ChangeSet.id).where(ChangeSet.undoes_id.is_not(None))).one()
        with pytest.raises(UndoRefused) as refused, unit_of_work("redo", actor="user:1"):
            undo(the_undo)
        assert refused.value.reason is Refusal.KEPT


class TestHandMade:
    @pytest.fixture(autouse=True)
    def roster(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(2)), as_of=DAY)

    def staged(self, path: Path) -> Import:
        changed = member(1, "Ada Maria INVENTED1", country="Malta")
        return stage_file(full_list(path, [changed, *members(1, start=2)]), as_of=LATER)

    def test_a_correction_is_kept_and_the_rest_is_taken(self, path: Path) -> None:
        correct("Ada INVENTED1", given_name="Augusta Ada")
        staged = self.staged(path)
        (row, _other) = rows_of(staged)
        # The party is another one too: parties belong to a country.
        assert {one["field"]: one["held"] for one in row.diff} == {
            "country": None,
            "name": Reason.HAND_MADE,
            "party": None,
        }
        assert applied(staged) == {"suspicious": 1, "unchanged": 1}
        assert someone("Augusta Ada INVENTED1").country == "MT"

    def test_a_person_may_take_the_rosters_word(self, path: Path) -> None:
        correct("Ada INVENTED1", given_name="Augusta Ada")
        staged = self.staged(path)
        decide(rows_of(staged)[0], Decision.ACCEPT)
        assert applied(staged) == {"changed": 1, "unchanged": 1}
        assert someone("Ada Maria INVENTED1").given_name == "Ada Maria"
        # From here on it is the roster's value, not a user's.
        again = member(1, "Ada Clara INVENTED1", country="Malta")
        assert import_file(full_list(path, [again, *members(1, start=2)]), as_of=date(2026, 1, 1)) == {
            "changed": 1,
            "unchanged": 1,
        }

    def test_a_person_may_skip_a_row(self, path: Path) -> None:
        staged = self.staged(path)
        decide(rows_of(staged)[0], Decision.SKIP)
        assert applied(staged) == {"skipped": 1, "unchanged": 1}
        assert someone("Ada INVENTED1").country == "ES"

    def test_a_correction_that_was_undone_is_none(self, path: Path) -> None:
        change_set_id = correct("Ada INVENTED1", given_name="Augusta Ada")
        with unit_of_work("undo", actor="user:1"):
            undo(change_set_id)
        assert applied(self.staged(path)) == {"changed": 1, "unchanged": 1}

    def test_small_letters_are_not_taken_back(self, path: Path) -> None:
        correct("Ada INVENTED1", family_name="Invented1")
        assert import_file(full_list(path, members(2)), as_of=LATER) == {"unchanged": 2}
        assert someone("Ada Invented1").family_name == "Invented1"

    def test_a_deleted_address_does_not_come_back_by_itself(self, path: Path, tmp_path: Path) -> None:
        people = table(tmp_path / "people.csv", [{"name": "Ada INVENTED1", "epid": "1", "email": "ada@x.example"}])
        import_file(people, as_of=DAY)
        with unit_of_work("delete address", actor="user:1"):
            db.session.delete(someone("Ada INVENTED1").points[0])
        assert import_file(people, as_of=LATER) == {"suspicious": 1}
        assert someone("Ada INVENTED1").points == []

    def test_an_address_retired_by_hand_stays_retired(self, path: Path, tmp_path: Path) -> None:
        people = table(tmp_path / "people.csv", [{"name": "Ada INVENTED1", "epid": "1", "email": "ada@x.example"}])
        import_file(people, as_of=DAY)
        with unit_of_work("retire address", actor="user:1"):
            set_point_status(someone("Ada INVENTED1").points[0], PointStatus.RETIRED)
        assert import_file(people, as_of=LATER) == {"unchanged": 1}
        assert someone("Ada INVENTED1").email is None

    def test_an_address_added_by_hand_stays(self, path: Path, tmp_path: Path) -> None:
        with unit_of_work("add address", actor="user:1"):
            add_point(someone("Ada INVENTED1"), PointKind.EMAIL, "own@x.example")
        people = table(tmp_path / "people.csv", [{"name": "Ada INVENTED1", "epid": "1", "email": "ada@x.example"}])
        import_file(people, as_of=LATER)
        points = someone("Ada INVENTED1").points
        assert {point.value: point.status for point in points} == {
            "own@x.example": PointStatus.CURRENT,
            "ada@x.example": PointStatus.CURRENT,
        }


class TestDecisions:
    @pytest.fixture
    def twins(self, app: Flask, tmp_path: Path) -> tuple[Import, list[int]]:
        known = [make_person("Ada Twin", email=None, parliament=None, group=None).id for _ in range(2)]
        path = table(tmp_path / "people.csv", [{"name": "Ada TWIN", "country": "ES", "email": "ada@x.example"}])
        return stage_file(path), sorted(known)

    def test_it_is_this_one(self, twins: tuple[Import, list[int]]) -> None:
        staged, known = twins
        decide(rows_of(staged)[0], Decision.ACCEPT, known[1])
        assert "email" in {one["field"] for one in rows_of(staged)[0].diff}
        assert applied(staged) == {"changed": 1}
        assert [db.session.get_one(Person, contact_id).email for contact_id in known] == [None, "ada@x.example"]

    def test_it_is_somebody_new(self, twins: tuple[Import, list[int]]) -> None:
        staged, known = twins
        decide(rows_of(staged)[0], Decision.ACCEPT)
        assert applied(staged) == {"new": 1}
        assert rows_of(staged)[0].contact_id not in known

    def test_a_contact_that_is_no_candidate_cannot_be_chosen(self, twins: tuple[Import, list[int]]) -> None:
        staged, _known = twins
        decide(rows_of(staged)[0], Decision.ACCEPT, make_person("Somebody Else").id)
        assert rows_of(staged)[0].chosen_id is None

    def test_a_decision_can_be_taken_back(self, twins: tuple[Import, list[int]]) -> None:
        staged, known = twins
        decide(rows_of(staged)[0], Decision.ACCEPT, known[0])
        decide(rows_of(staged)[0], None)
        assert applied(staged) == {"suspicious": 1}

    def test_decisions_end_with_the_application(self, twins: tuple[Import, list[int]]) -> None:
        staged, _known = twins
        apply_staged(staged.id)
        with pytest.raises(actions.MoveRefused):
            decide(rows_of(staged)[0], Decision.ACCEPT)

    def test_all_suspicious_rows_at_once_but_those_of_unsure_people(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(3)), as_of=DAY)
        moved = [member(number, f"Ada INVENTED{number}", group="Brand New Group") for number in (1, 2)]
        unsure = {tag: text for tag, text in member(3, "Ada INVENTED3", country="Atlantis").items() if tag != "id"}
        staged = stage_file(full_list(path, [*moved, unsure]), as_of=LATER)
        staged_id = staged.id
        with unit_of_work("decide", actor="user:1"):
            assert decisions.decide_all(staged_id, Decision.ACCEPT) == 2
        assert applied(staged) == {"changed": 2, "suspicious": 1}
        assert someone("Ada INVENTED1").group_sort == "brand new group"


class TestApplication:
    def test_what_has_changed_since_the_review_is_left_alone(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(2)), as_of=DAY)
        changed = [member(number, f"Ada INVENTED{number}", country="Malta") for number in (1, 2)]
        staged = stage_file(full_list(path, changed), as_of=LATER)
        correct("Ada INVENTED1", country="PT")
        assert applied(staged) == {"changed": 1, "suspicious": 1}
        assert rows_of(staged)[0].reason == Reason.MOVED_ON
        assert [someone(f"Ada INVENTED{number}").country for number in (1, 2)] == ["PT", "MT"]

    def test_who_was_added_meanwhile_is_not_added_twice(self, app: Flask, path: Path) -> None:
        staged = stage_file(full_list(path, members(2)), as_of=DAY)
        other = stage_file(full_list(path, members(2)), as_of=DAY)
        assert applied(other) == {"new": 2}
        assert applied(staged) == {"unchanged": 2}

    def test_an_import_is_applied_once(self, app: Flask, path: Path) -> None:
        staged = stage_file(full_list(path, members(2)), as_of=DAY)
        apply_staged(staged.id)
        with pytest.raises(actions.MoveRefused) as refused:
            apply_staged(staged.id)
        assert refused.value.state is ImportState.APPLIED

    def test_a_failure_half_way_changes_nothing(self, app: Flask, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        staged = stage_file(full_list(path, members(2)), as_of=DAY)

        def fail(_events: object) -> None:
            raise RuntimeError("the disk is full")

        monkeypatch.setattr(applying, "add_events", fail)
        with pytest.raises(RuntimeError):
            apply_staged(staged.id)
        assert contents()["contact"] == []
        assert db.session.get_one(Import, staged.id).state is ImportState.APPLYING

    def test_alarms_need_a_confirmation(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(20)), as_of=DAY)
        staged_id = stage_file(full_list(path, members(3)), as_of=LATER).id
        with pytest.raises(actions.AlarmUnconfirmed), unit_of_work("ask", actor="user:1"):
            actions.request_application(staged_id, confirmed=False)
        assert db.session.get_one(Import, staged_id).state is ImportState.STAGED
        with unit_of_work("ask", actor="user:1"):
            actions.request_application(staged_id, confirmed=True)
        assert db.session.get_one(Import, staged_id).state is ImportState.QUEUED

    def test_new_and_changed_contacts_have_it_on_their_timeline(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, members(2)), as_of=DAY)
        staged = stage_file(full_list(path, [*members(1), member(2, "Ada INVENTED2", country="Malta")]), as_of=LATER)
        apply_staged(staged.id)
        entries = db.session.scalars(sa.select(TimelineEntry).order_by(TimelineEntry.id)).all()
        assert [entry.kind for entry in entries] == [EntryKind.IMPORTED] * 3
        assert entries[2].contact_id == someone("Ada INVENTED2").id
        assert (entries[2].reference, entries[2].actor) == (f"import:{staged.id}", "user:1")

    def test_an_unknown_country_is_left_out_and_told(self, app: Flask, path: Path) -> None:
        staged = stage_file(full_list(path, [member(1, "Ada ONE", country="Atlantis")]), as_of=DAY)
        assert rows_of(staged)[0].diff[0] == {
            "field": "country",
            "before": None,
            "after": "Atlantis",
            "held": Problem.UNKNOWN_COUNTRY,
        }
        assert applied(staged) == {"suspicious": 1}
        assert someone("Ada ONE").country is None

    def test_a_good_name_is_not_replaced_by_one_with_lost_letters(self, app: Flask, path: Path) -> None:
        import_file(full_list(path, [member(1, "Ivan JAKOVČIĆ")]), as_of=DAY)
        lost = [member(1, "Ivan JAKOV?I?"), member(2, "Jan ROU?EK")]
        staged = stage_file(full_list(path, lost), as_of=LATER)
        # The first is the known name but for its losses, which is no news; who the second is, nobody can tell.
        assert applied(staged) == {"unchanged": 1, "suspicious": 1}
        assert db.session.scalars(sa.select(Person.name)).all() == ["Ivan JAKOVČIĆ"]

    def test_discarding_removes_what_the_file_said(self, app: Flask, path: Path) -> None:
        staged = stage_file(full_list(path, members(2)), as_of=DAY)
        staged_id = staged.id
        with unit_of_work("discard", actor="user:1"):
            actions.discard(staged_id)
        assert rows_of(staged) == []
        with pytest.raises(actions.MoveRefused):
            apply_staged(staged_id)
