"""Lines of one file that are, or may be, the same person: shown as such, decided on row by row, made one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from crm.audit.actions import undo
from crm.directory.models import Contact, ContactKind, ContactPoint, Membership, OtherName, Person
from crm.duplicates.models import DuplicateProposal
from crm.duplicates.search import search
from crm.extensions import db
from crm.policy import Role
from crm.roster_import import works
from crm.roster_import.actions import begin_rows, read_again
from crm.roster_import.decisions import decide
from crm.roster_import.joining import joined, merged
from crm.roster_import.models import Decision, Import, ImportRow, ImportState, Reason, RowKind
from crm.roster_import.records import Mandate, Record
from crm.roster_import.staging import read_heading
from crm.roster_import.twins import Lines
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person
from tests.factories.roster_import import apply_staged, import_file, stage_file, table

HEALTH = {"country": "ES", "institution": "Junta de Inventada", "role": "Consejera de Salud"}


def line(name: str, **more: str) -> dict[str, str]:
    return {"name": name, "email": "", "phone": "", **HEALTH, **more}


def people_in(path: Path, *lines: dict[str, str]) -> Path:
    return table(path / "people.csv", lines)


def rows_of(import_id: int) -> list[ImportRow]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(ImportRow).where(ImportRow.import_id == import_id).order_by(ImportRow.id)))


def twin_lines(import_id: int) -> dict[int, int]:
    """Line of the twin of each line that has one."""
    rows = {row.id: row for row in rows_of(import_id)}
    return {row.line: rows[row.twin_id].line for row in rows.values() if row.twin_id}


def say(row: ImportRow, decision: Decision | None, contact_id: int | None = None) -> None:
    with unit_of_work("decide", actor="user:1"):
        decide(row.id, decision, contact_id)


def people() -> list[Contact]:
    db.session.rollback()
    found = sa.select(Contact).where(Contact.kind == ContactKind.PERSON).order_by(Contact.id)
    return list(db.session.scalars(found))


def values(model: Any, column: str) -> set[str]:
    return set(db.session.scalars(sa.select(getattr(model, column))))


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_lines_that_may_be_one_person_are_found_and_others_are_not(client: FlaskClient, tmp_path: Path) -> None:
    path = people_in(
        tmp_path,
        line("Ada Inventada Ruiz", email="ada@junta.example", phone="+34 955 000 111", role="Consejera de Hacienda"),
        line("Ada Inventada", email="ada@junta.example"),
        line("A. Inventada Ruiz", phone="0034 955000111", role="Consejera de Medio Ambiente"),
        line("Grace Fingida", email="office@junta.example", phone="+34 955 000 222", role="Consejera de Agua"),
        line("Emmy Supuesta", email="office@junta.example", phone="+34 955 000 222", role="Consejera de Ocio"),
        line("Olga Imaginada", email="office@junta.example", role="Consejera de Juventud"),
        line("Grace Fingita", role="Consejera de Agua"),
        line("Zoe Nadie", country="FR", role="Consejera de Arte"),
    )
    staged = stage_file(path)
    assert twin_lines(staged.id) == {3: 2, 4: 2, 8: 5}
    assert [row.reason for row in rows_of(staged.id)] == ["", Reason.REPEATED, *[""] * 6]
    assert staged.survey["twins"] == 3

    sign_in(client, make_user(Role.OFFICER))
    page = words(client.get(f"/imports/{staged.id}").text)
    assert "3 lines look like other lines of this file" in page
    assert "Looks like line 2 : Ada Inventada Ruiz same e-mail address" in page
    assert "same phone number" in page
    assert all(choice in page for choice in ("Same person as line 2", "Another person", "Skip"))
    listed = words(client.get(f"/imports/{staged.id}?twins=yes").text)
    assert "Zoe Nadie" not in listed
    assert "E-mail ada@junta.example" in listed, "a line that is held back shows what it says"
    client.post(f"/imports/{staged.id}/rows", data={"decision": "join", "twins": "yes"})
    assert [row.decision for row in rows_of(staged.id)].count(Decision.JOIN) == 3


def test_joined_lines_become_one_person_with_the_facts_of_all(client: FlaskClient, tmp_path: Path) -> None:
    path = people_in(
        tmp_path,
        line("Ada Inventada Ruiz", email="ada@junta.example", role="Consejera de Hacienda"),
        line("Ada Inventada", email="ada@junta.example", phone="+34 955 000 111"),
        line("Ada Inventada R.", email="ada@junta.example", phone="+34 955 000 333"),
    )
    staged = stage_file(path)
    _first, second, third = rows_of(staged.id)
    sign_in(client, make_user(Role.OFFICER))
    for row in (second, third):
        client.post(f"/imports/{staged.id}/rows/{row.id}", data={"decision": "accept", "contact": "line"})
    page = words(client.get(f"/imports/{staged.id}").text)
    assert "One person with lines 3, 4 of this file" in page
    counts = apply_staged(staged.id).by_kind()
    assert (counts["new"], counts["joined"], counts["suspicious"]) == (1, 2, 0)
    (one,) = people()
    assert one.name == "Ada Inventada Ruiz"
    assert {"ada@junta.example", "+34 955 000 111", "+34 955 000 333"} <= values(ContactPoint, "value")
    assert values(Membership, "role") == {"Consejera de Hacienda", "Consejera de Salud"}
    assert values(OtherName, "name") == {"Ada Inventada", "Ada Inventada R."}
    assert {row.contact_id for row in rows_of(staged.id)} == {one.id}
    assert "2 same person as another line" in words(client.get(f"/imports/{staged.id}").text)

    applied = db.session.get_one(Import, staged.id).change_set_id
    assert applied is not None
    with unit_of_work("undo", actor="user:1"):
        undo(applied)
    assert people() == []


@pytest.mark.sqlite_only
def test_nothing_is_chosen_before_a_person_does_and_open_questions_are_asked_before_applying(
    client: FlaskClient, tmp_path: Path
) -> None:
    staged = stage_file(
        people_in(
            tmp_path,
            line("Ada Inventada Ruiz", email="ada@junta.example", role="Consejera de Hacienda"),
            line("Ada Inventada", email="a.inventada@junta.example", phone="+34 955 000 111"),
            line("Ada Inventada R.", phone="+34 955 000 111"),
        )
    )
    sign_in(client, make_user(Role.OFFICER))
    address = f"/imports/{staged.id}"
    page = client.get(address).text
    assert 'name="contact"' in page
    assert " checked" not in page
    assert "2 questions are open" in words(page)
    asked = words(client.post(f"{address}/apply", follow_redirects=True).text)
    assert "Nothing was changed: 2 questions are open" in asked
    _first, second, third = rows_of(staged.id)
    asked = words(client.post(f"{address}/rows/{third.id}", data={"decision": "accept"}, follow_redirects=True).text)
    assert "choose who it is" in asked
    assert rows_of(staged.id)[2].decision is None

    client.post(f"{address}/rows/{second.id}", data={"decision": "accept", "contact": "line"})
    page = words(client.get(address).text)
    assert "1 question is open" in page
    assert "New 2" in page, "a line that is part of another one is nobody new"
    assert "Part of another line 1" in page
    assert "Part of line 2: the name is “ Ada Inventada Ruiz ”" in page
    assert "Ada Inventada R." not in words(client.get(f"{address}?joined=yes").text)
    client.post(f"{address}/apply", data={"apart": "yes"})
    assert db.session.get_one(Import, staged.id).state is ImportState.QUEUED


def test_those_left_apart_are_two_and_proposed_as_duplicates_unless_a_person_said_so(
    client: FlaskClient, tmp_path: Path
) -> None:
    path = people_in(
        tmp_path,
        line("Ada Inventada", phone="+34 955 000 111"),
        line("Ada Inventada Ruiz", phone="955 000 111"),
        line("Grace Fingida", email="g@junta.example", role="Asesora"),
        line("Grace Fingida", email="g@junta.example", role="Directora"),
    )
    staged = stage_file(path)
    assert twin_lines(staged.id) == {3: 2, 5: 4}
    say(rows_of(staged.id)[3], Decision.ACCEPT)
    apply_staged(staged.id)
    assert len(people()) == 4
    search()
    ada, ruiz, *_told = (one.id for one in people())
    proposed = db.session.execute(sa.select(DuplicateProposal.one_id, DuplicateProposal.other_id)).all()
    assert proposed == [(ada, ruiz)], "of the others somebody has said in the review that they are two"


def test_a_line_joined_to_one_that_is_skipped_stands_for_itself(client: FlaskClient, tmp_path: Path) -> None:
    known = make_person("Ada Inventada", email="ada@junta.example", country="ES", parliament=None, group=None).id
    path = people_in(
        tmp_path,
        line("Ada Inventada", email="ada@junta.example"),
        line("Ada Inventada Ruiz", email="ada@junta.example", phone="+34 955 000 111"),
    )
    staged = stage_file(path)
    first, second = rows_of(staged.id)
    say(first, Decision.SKIP)
    say(second, Decision.JOIN)
    apply_staged(staged.id)
    assert [one.id for one in people()] == [known]
    assert "+34 955 000 111" in values(ContactPoint, "value")


def test_decisions_stand_when_the_file_is_read_again(client: FlaskClient, tmp_path: Path) -> None:
    known = make_person("Zoë Müller", email=None, country="ES", parliament=None, group=None).id
    gone = make_person("Eva Nowak", email=None, country="ES", parliament=None, group=None).id
    path = people_in(
        tmp_path,
        line("Ada Inventada", email="ada@junta.example", role="Asesora"),
        line("Ada Inventada Ruiz", email="ada@junta.example"),
        line("Zoe Mueller", role="Portavoz"),
        line("Eva Nowaak", role="Letrada"),
        line("Grace Fingida", role="Directora"),
    )
    staged = stage_file(path)
    import_id = staged.id
    _first, second, third, fourth, fifth = rows_of(import_id)
    say(second, Decision.JOIN)
    say(third, Decision.ACCEPT, known)
    assert fourth.candidates == [gone]
    say(fourth, Decision.ACCEPT, gone)
    say(fifth, Decision.SKIP)
    with unit_of_work("rename", actor="user:1"):
        one = db.session.get_one(Person, gone)
        one.name, one.sort_name = "Quite Another", "another quite"
        read_again(import_id, {})
    with unit_of_work("read", actor="user:1"):
        # A worker that dies once the rows of the earlier reading are gone.
        begin_rows(import_id)
    works.compare(import_id, read_heading(path, path.name), actor="user:1")
    again = rows_of(import_id)
    assert [row.decision for row in again] == [None, Decision.JOIN, Decision.ACCEPT, None, Decision.SKIP]
    assert (again[1].twin_id, again[2].chosen_id) == (again[0].id, known)
    apply_staged(import_id)
    assert {one.name for one in people()} == {"Ada Inventada", "Zoe Mueller", "Eva Nowaak", "Quite Another"}


@pytest.mark.sqlite_only
def test_a_file_in_which_every_line_is_the_same_person(client: FlaskClient, tmp_path: Path) -> None:
    path = people_in(tmp_path, *(line("Ada Inventada", phone=f"955 000 {number}") for number in range(100, 400)))
    staged = stage_file(path)
    assert set(twin_lines(staged.id).values()) == {2}
    sign_in(client, make_user(Role.OFFICER))
    client.post(f"/imports/{staged.id}/rows", data={"decision": "join", "twins": "yes"})
    assert client.get(f"/imports/{staged.id}").status_code == 200
    assert apply_staged(staged.id).by_kind()["joined"] == 299
    assert len(people()) == 1
    assert len(values(ContactPoint, "value")) == 300
    assert import_file(path).get(RowKind.NEW) is None


def test_joined_lines_follow_each_other_to_the_one_that_stands_for_all() -> None:
    together = joined({5: 2, 9: 5, 7: 6}, skipped=[6])
    assert (together.members, together.into) == ({2: [5, 9]}, {5: 2, 9: 2})
    circle = joined({1: 2, 2: 1}, skipped=[])
    assert circle.into.keys() <= {1, 2}


def test_a_merged_record_says_what_any_line_says_and_the_first_where_they_differ() -> None:
    one = Record(2, "Ada Inventada", country="ES", emails=("a@x.example",), mandates=(Mandate("Junta", "Consejera"),))
    other = Record(
        5,
        "Ada Inventada Ruiz",
        gender="female",
        country="FR",
        emails=("a@x.example", "b@x.example"),
        mandates=(Mandate("JUNTA", "consejera", post="Salud"), Mandate("Ateneo")),
        party="Inventado",
    )
    both = merged([one, other])
    assert (both.line, both.name, both.country, both.gender, both.party) == (2, one.name, "ES", "female", "Inventado")
    assert both.emails == ("a@x.example", "b@x.example")
    assert both.other_names == ("Ada Inventada Ruiz",)
    assert {mandate.institution for mandate in both.mandates} >= {"Junta", "Ateneo"}


def test_pairs_grow_with_the_lines_and_not_with_their_square() -> None:
    lines = Lines()
    for number in range(2_000):
        lines.add(number, Record(number, "Ada Inventada", emails=("office@x.example",)), None)
    assert len(lines.pairs()) == 1_999
