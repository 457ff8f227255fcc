"""A large import is written in parts, so that others get to write: it is still one undo, and all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from crm.audit.actions import Refusal, UndoRefused, undo
from crm.audit.models import Change, ChangeKind, ChangeSet
from crm.database import Base
from crm.directory.actions import update_contact
from crm.directory.models import (
    Contact,
    ContactKind,
    Identifier,
    Membership,
    Person,
    Relationship,
    RelationshipKind,
)
from crm.duplicates.models import DuplicateProposal
from crm.extensions import db
from crm.roster_import import actions, jobs, leases, preparing, works
from crm.roster_import.models import WITHDRAWN, WRITTEN, Import, ImportRow, ImportState, Reason, RowKind
from crm.timeline.models import TimelineEntry
from crm.unit_of_work import unit_of_work
from tests.factories.directory import make_person
from tests.factories.roster_import import end_lease, full_list, members, stage_file

DAY = date(2025, 6, 1)


class Killed(BaseException):
    """The worker's end."""


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """Two rows a part; what is in the list is done between two parts, one each time."""
    deeds: list[Callable[[], object]] = []
    monkeypatch.setattr(preparing, "CHUNK", 2)
    monkeypatch.setattr(works, "LONGEST", -1.0)
    monkeypatch.setattr("time.sleep", lambda _seconds: deeds.pop(0)() if deeds else None)
    return deeds


@pytest.fixture
def staged_id(app: Flask, tmp_path: Path, between: list[Callable[[], object]]) -> int:
    staged_id = stage_file(full_list(tmp_path / "list.xml", members(5)), as_of=DAY).id
    with unit_of_work("ask for import", actor="user:1"):
        actions.request_application(staged_id, confirmed=False)
    return staged_id


def the(import_id: int) -> Import:
    db.session.rollback()
    return db.session.get_one(Import, import_id)


def people() -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(Person)) or 0


def die() -> None:
    raise Killed


def fail() -> None:
    raise RuntimeError("no room")


def edit_one() -> None:
    with unit_of_work("edit contact", actor="user:1"):
        update_contact(db.session.scalars(sa.select(Person)).first(), country="FR")  # type: ignore[arg-type]


def test_others_write_between_the_parts_of_one_change_set(staged_id: int, between: list[Callable[[], object]]) -> None:
    seen: list[int] = []
    between += [lambda: seen.append(people()), lambda: seen.append(people())]
    jobs.apply_queued(staged_id)
    assert seen == [2, 4]
    found = the(staged_id)
    assert (found.state, found.counts[RowKind.NEW], people()) == (ImportState.APPLIED, 5, 5)
    assert WRITTEN not in found.survey
    about_people = sa.select(Change.change_set_id.distinct()).where(Change.table_name == Contact.__tablename__)
    assert db.session.scalars(about_people).all() == [found.change_set_id]


def test_it_is_undone_as_one(staged_id: int) -> None:
    jobs.apply_queued(staged_id)
    change_set_id = the(staged_id).change_set_id
    assert change_set_id is not None
    with unit_of_work("undo", actor="user:1"):
        undo(change_set_id)
    assert (the(staged_id).state, people()) == (ImportState.UNDONE, 0)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Contact)) == 0
    assert db.session.scalar(sa.select(sa.func.count()).select_from(TimelineEntry)) == 0


def test_what_others_made_between_two_parts_is_left_to_a_person(
    staged_id: int, between: list[Callable[[], object]]
) -> None:
    between.append(lambda: make_person("Ada INVENTED5", email=None, parliament=None, group=None, country="ES"))
    jobs.apply_queued(staged_id)
    assert people() == 5
    held = db.session.scalars(sa.select(ImportRow).where(ImportRow.reason == Reason.MOVED_ON)).all()
    assert [row.name for row in held] == ["Ada INVENTED5"]


def test_after_the_workers_end_the_next_one_writes_the_rest(
    staged_id: int, between: list[Callable[[], object]]
) -> None:
    between.append(die)
    with pytest.raises(Killed):
        jobs.apply_queued(staged_id)
    found = the(staged_id)
    first = found.change_set_id
    assert (found.state, found.survey[WRITTEN]["rows"], people()) == (ImportState.APPLYING, 2, 2)
    # Nobody can tell so soon that it has died.
    jobs.catch_up()
    assert people() == 2
    end_lease(staged_id)
    jobs.catch_up()
    found = the(staged_id)
    assert (found.state, found.change_set_id, people()) == (ImportState.APPLIED, first, 5)
    assert found.counts[RowKind.NEW] == 5
    rows = db.session.scalars(sa.select(ImportRow).where(ImportRow.import_id == staged_id)).all()
    assert [row.kind for row in rows] == [RowKind.NEW] * 5
    assert all(row.contact_id for row in rows)


def test_a_worker_whose_import_another_one_took_up_stops(staged_id: int, between: list[Callable[[], object]]) -> None:
    def taken() -> None:
        end_lease(staged_id)
        jobs.catch_up()

    between.append(taken)
    jobs.apply_queued(staged_id)
    assert (the(staged_id).state, people()) == (ImportState.APPLIED, 5)
    assert the(staged_id).counts[RowKind.NEW] == 5


def test_what_fails_for_good_leaves_nothing(staged_id: int, between: list[Callable[[], object]]) -> None:
    between.append(fail)
    with pytest.raises(RuntimeError):
        jobs.apply_queued(staged_id)
    found = the(staged_id)
    assert (found.state, found.change_set_id, people()) == (ImportState.REFUSED, None, 0)
    assert WRITTEN not in found.survey
    assert "rolled back" in found.problem


def test_a_part_that_people_have_built_on_stays_until_the_rest_is_applied(
    staged_id: int, between: list[Callable[[], object]]
) -> None:
    def edit_and_fail() -> None:
        edit_one()
        fail()

    between.append(edit_and_fail)
    with pytest.raises(RuntimeError):
        jobs.apply_queued(staged_id)
    found = the(staged_id)
    assert (found.state, people()) == (ImportState.REFUSED, 2)
    assert "Apply it again" in found.problem
    with unit_of_work("ask for import", actor="user:1"):
        actions.request_application(staged_id, confirmed=False)
    jobs.apply_queued(staged_id)
    assert (the(staged_id).state, people()) == (ImportState.APPLIED, 5)


def test_nobody_undoes_a_part_while_the_rest_is_written(staged_id: int, between: list[Callable[[], object]]) -> None:
    refused: list[Refusal] = []

    def try_it() -> None:
        change_set_id = the(staged_id).change_set_id
        assert change_set_id is not None
        with pytest.raises(UndoRefused) as caught, unit_of_work("undo", actor="user:1"):
            undo(change_set_id)
        refused.append(caught.value.reason)

    between.append(try_it)
    jobs.apply_queued(staged_id)
    assert refused == [Refusal.KEPT]
    assert (the(staged_id).state, people()) == (ImportState.APPLIED, 5)


@pytest.fixture
def applied_id(staged_id: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Applied, and about to be undone in many small parts."""
    jobs.apply_queued(staged_id)
    monkeypatch.setattr("crm.audit.parts._READ", 4)
    with unit_of_work("ask for undo", actor="user:1"):
        actions.request_undo(staged_id, 1)
    return staged_id


def contents() -> tuple[list[object], ...]:
    """Everything an import writes."""
    db.session.rollback()
    tables = (Contact, Membership, Identifier, TimelineEntry)
    return tuple([tuple(row) for row in db.session.execute(sa.select(*columns_of(one)))] for one in tables)


def columns_of(model: type[Base]) -> list[sa.Column[object]]:
    """What must come back as it was: ids and time stamps of entries are new ones."""
    table = model.__table__
    names = [column.name for column in table.c if column.name != "updated_at"]
    if model is TimelineEntry:
        names = ["contact_id", "kind", "reference", "summary", "details"]
    return [table.c[name] for name in names]


def test_an_undo_in_parts_goes_on_after_its_workers_end(applied_id: int, between: list[Callable[[], object]]) -> None:
    seen: list[int] = []
    between += [lambda: seen.append(people()), *[lambda: None] * 3, die]
    with pytest.raises(Killed):
        jobs.undo_queued(applied_id)
    assert (seen, the(applied_id).state) == ([5], ImportState.UNDOING)
    assert WITHDRAWN in the(applied_id).survey
    jobs.catch_up()  # nobody can tell so soon that it has died
    assert the(applied_id).state is ImportState.UNDOING
    end_lease(applied_id)
    jobs.catch_up()
    found = the(applied_id)
    assert (found.state, people(), WITHDRAWN in found.survey) == (ImportState.UNDONE, 0, False)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Contact)) == 0
    assert db.session.scalar(sa.select(sa.func.count()).select_from(TimelineEntry)) == 0
    undone_by = db.session.scalars(sa.select(ChangeSet.id).where(ChangeSet.undoes_id == found.change_set_id)).one()
    taken = sa.select(sa.func.count()).where(Change.change_set_id == undone_by, Change.table_name == "contact")
    assert (db.session.scalar(taken.where(Change.kind == ChangeKind.DELETE)) or 0) > 5


def test_what_somebody_changes_while_it_is_undone_puts_all_back(
    applied_id: int, between: list[Callable[[], object]]
) -> None:
    before = contents()
    seen: list[int] = []
    between += [*[lambda: None] * 3, lambda: seen.append(people()), edit_one]
    jobs.undo_queued(applied_id)
    found = the(applied_id)
    assert 0 < seen[0] < 5
    assert (found.state, people(), WITHDRAWN in found.survey) == (ImportState.APPLIED, 5, False)
    assert "have changed since" in found.problem
    after = contents()
    assert [len(rows) for rows in after] == [len(rows) for rows in before]
    assert sorted(map(repr, after[1] + after[2] + after[3])) == sorted(map(repr, before[1] + before[2] + before[3]))
    # And it may be asked for again.
    with unit_of_work("edit contact", actor="user:1"):
        for person in db.session.scalars(sa.select(Person)):
            update_contact(person, country="ES")
    with unit_of_work("ask for undo", actor="user:1"):
        actions.request_undo(applied_id, 1)
    jobs.undo_queued(applied_id)
    assert (the(applied_id).state, people()) == (ImportState.UNDONE, 0)


def test_what_others_need_is_seen_before_anything_is_undone(
    applied_id: int, between: list[Callable[[], object]]
) -> None:
    person_id = db.session.scalars(sa.select(Person.id)).first()
    assert person_id is not None
    other_id = make_person(email=None, parliament=None, group=None).id
    with unit_of_work("tie", actor="user:1"):
        db.session.add(Relationship(kind=RelationshipKind.KNOWS, subject_id=person_id, object_id=other_id))
    before = contents()
    between.append(die)
    jobs.undo_queued(applied_id)
    assert between == [die]
    assert (the(applied_id).state, contents()) == (ImportState.APPLIED, before)
    assert "are targets or have letters" in the(applied_id).problem


def test_a_proposed_duplicate_holds_no_undo_back(applied_id: int) -> None:
    one, other = db.session.scalars(sa.select(Person.id).order_by(Person.id).limit(2)).all()
    with unit_of_work("propose", actor="worker:desk"):
        db.session.add(
            DuplicateProposal(one_id=one, other_id=other, kind=ContactKind.PERSON, score=90, reasons=["same_name"])
        )
    jobs.undo_queued(applied_id)
    assert (the(applied_id).state, people()) == (ImportState.UNDONE, 0)


def test_a_take_back_goes_on_after_its_workers_end(
    staged_id: int, between: list[Callable[[], object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.audit.parts._READ", 4)
    between += [fail, lambda: None, die]
    with pytest.raises(Killed):
        jobs.apply_queued(staged_id)
    assert the(staged_id).state is ImportState.APPLYING
    end_lease(staged_id)
    jobs.catch_up()
    found = the(staged_id)
    assert (found.state, found.change_set_id, people()) == (ImportState.REFUSED, None, 0)
    assert "rolled back" in found.problem


def test_an_import_is_worked_on_by_one_at_a_time(staged_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with unit_of_work("take up import", actor="worker:one"):
        first = leases.take_up(staged_id, ImportState.APPLYING, actor="worker:one")
    with pytest.raises(actions.MoveRefused), unit_of_work("take up import", actor="worker:two"):
        leases.take_up(staged_id, ImportState.APPLYING, actor="worker:two")
    # Who shows no sign of life for long is taken for dead, and who does keeps it.
    end_lease(staged_id)
    monkeypatch.setattr(leases, "_BEAT", -1.0)
    first.beat()
    assert not leases.is_free(the(staged_id))
    end_lease(staged_id)
    with unit_of_work("take up import", actor="worker:two"):
        leases.take_up(staged_id, ImportState.APPLYING, actor="worker:two")
    with pytest.raises(actions.MoveRefused):
        first.beat()
