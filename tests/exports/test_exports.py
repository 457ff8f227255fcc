"""Contacts taken out: every format, whole, on record, by those who may."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
import vobject
from flask import Flask

from crm import clock
from crm.accounts.models import User
from crm.audit.models import ChangeSet
from crm.directory.actions import add_membership, add_point, create_person, set_point_status
from crm.directory.models import Category, ContactPoint, OtherName, Person, PointKind, PointStatus
from crm.directory.projection import project
from crm.directory.tagging import tag_contacts
from crm.exports import jobs, views
from crm.exports.list_columns import COLUMNS
from crm.exports.models import Export, ExportState
from crm.extensions import db
from crm.outbox.actions import suppress
from crm.outbox.models import SuppressionReason
from crm.policy import Role
from crm.roster_import.readers.columns import recognised
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_organization, make_person


@pytest.fixture
def officer(app: Flask) -> Any:
    return sign_in(app.test_client(), make_user(Role.OFFICER))


def rich() -> Person:
    person = make_person("Zoë Ångström; the 1st", country="SE", party="Reform, now", identifiers={"wikidata": "Q1"})
    with unit_of_work("describe", actor="test"):
        old = add_point(person, PointKind.EMAIL, "old@office.example", source="test")
        set_point_status(old, PointStatus.RETIRED)
        add_point(person, PointKind.PHONE, "+46 1", source="test")
        add_point(person, PointKind.ADDRESS, "Street 1\nTown", source="test")
        add_point(person, PointKind.TWITTER, "zoe", source="test")
        db.session.add(OtherName(contact_id=person.id, name="Зоэ", language="ru"))
    return person


def test_a_table_has_every_contact_of_the_filter_and_marks_what_is_out_of_use(officer: Any) -> None:
    rich()
    make_person("Other Person", country="ES")
    answer = officer.get("/contacts/export?format=csv&country=SE&kind=person")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [row["Name"] for row in rows] == ["Zoë Ångström; the 1st"]
    assert rows[0]["E-mail addresses out of use"] == "old@office.example"
    assert "old@office.example" not in rows[0]["E-mail"] + rows[0]["Further e-mail addresses"]
    assert rows[0]["Institution"] == "European Parliament"
    assert rows[0]["Identifiers"] == "wikidata Q1"
    assert "attachment" in answer.headers["Content-Disposition"]


@pytest.mark.sqlite_only
def test_the_form_of_a_download_asks_for_those_it_names(officer: Any) -> None:
    swede, spaniard = rich(), make_person("Other Person", country="ES")
    make_person("Third Person", country="ES")
    for asked, names in (("country=SE&kind=person", [swede.name]), (f"ids={spaniard.id}", ["Other Person"])):
        page = officer.get(f"/contacts/export?{asked}").text
        form = page[page.index('action="/contacts/export"') :].partition("</form>")[0]
        assert "data-download" in form  # ready for the next one at once, as the page stays
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
        answer = officer.post("/contacts/export", data={**fields, "format": "csv"})
        rows = csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")))
        assert [row["Name"] for row in rows] == names


def test_a_table_tells_what_the_list_tells(officer: Any) -> None:
    person = make_person("Ada Alvaro Invent", country="ES")
    owner = db.session.scalars(sa.select(User)).first()
    assert owner is not None
    with unit_of_work("describe", actor="test"):
        person.name, person.given_name, person.family_name = "Ada Alvaro Invent", None, None
        person.region, person.owner_id = "ES-CT", owner.id
        db.session.flush()
        project([person.id])
        tag_contacts([person.id], "hearing")
    answer = officer.get("/contacts/export?format=csv&kind=person")
    row = next(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert (row["Region code"], row["Tags"]) == ("ES-CT", "hearing")
    assert row["Region"].startswith("Catal")
    assert (row["Given name"], row["Family name"]) == ("Ada", "Alvaro Invent")
    assert row["Owner"] == owner.name


def test_a_table_has_the_columns_of_the_list_or_all(officer: Any) -> None:
    person = make_person("Ada Alvaro", country="ES", party="Reform")
    with unit_of_work("describe", actor="test"):
        tag_contacts([person.id], "hearing")
    shown = ",".join(COLUMNS)
    sent = officer.post("/contacts/bulk/export", data={"contact": person.id, "shown": shown})
    page = officer.get(sent.location).text
    assert "The columns of the list" in page
    for extent, heading in (("list", "In office since"), ("all", "Family name")):
        asked = {"ids": str(person.id), "columns": shown, "extent": extent, "format": "csv"}
        rows = list(csv.DictReader(io.StringIO(officer.post("/contacts/export", data=asked).data.decode("utf-8-sig"))))
        assert heading in rows[0]
        assert (rows[0]["Name"], rows[0]["Country"], rows[0]["Tags"]) == ("Ada Alvaro", "Spain", "hearing")
        assert ("Identifiers" in rows[0]) is (extent == "all")
    few = officer.get(f"/contacts/export?ids={person.id}&columns=party,tags&format=csv").data.decode("utf-8-sig")
    assert few.splitlines() == ["Name,Mandate ended on,Party,Tags", "Ada Alvaro,,Reform,hearing"]


@pytest.mark.sqlite_only
def test_a_table_says_the_office_and_the_end_of_a_mandate_as_the_list_does(officer: Any) -> None:
    ministry = make_organization("Ministry of Letters", category=Category.GOVERNMENT, country="ES")
    for name, end in (("Ada Alvaro", None), ("Bo Bravo", date(2020, 1, 2))):
        with unit_of_work("tell an office", actor="test"):
            person = create_person(name=name, country="ES")
            add_membership(person, ministry, role="Minister of Letters", end_date=end)
    for columns in ("&columns=category", ""):
        text = officer.get(f"/contacts/export?country=ES&kind=person&format=csv{columns}").data.decode("utf-8-sig")
        ada, bo = csv.DictReader(io.StringIO(text))
        assert ada["Role and institution"] == "Minister of Letters, Ministry of Letters"
        assert (ada["Mandate ended on"], bo["Mandate ended on"]) == ("", "2020-01-02")
        assert bo["Role and institution"] == ""
    roles = officer.get("/contacts/export?country=ES&kind=person&format=csv&columns=category,role").text
    assert "Role and institution" not in roles


def test_addresses_not_to_be_written_to_are_marked_in_tables_and_left_out_of_cards(officer: Any) -> None:
    stopped = make_person("Ada Stopped", country="ES", email="ada@office.example")
    make_person("Bo Reached", country="ES", email="bo@office.example")
    with unit_of_work("stop", actor="test"):
        add_point(stopped, PointKind.EMAIL, "ada@home.example", source="test")
        add_point(stopped, PointKind.EMAIL, "ada@club.example", source="test")
        suppress("ada@office.example", SuppressionReason.UNSUBSCRIBED, source="test")
        suppress("ada@club.example", SuppressionReason.BY_HAND, source="test")

    def rows(asked: str) -> list[dict[str, str]]:
        text = officer.get(f"/contacts/export?country=ES&kind=person&{asked}").data.decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))

    (bo, ada), listed = rows("format=csv"), rows("format=csv&columns=email")
    assert (ada["E-mail"], ada["Do not write"]) == ("ada@office.example", "wants no more letters")
    assert ada["Further e-mail addresses"] == "ada@home.example"
    assert ada["Further addresses not to write to"] == "ada@club.example (stopped by one of us)"
    assert (bo["E-mail"], bo["Do not write"]) == ("bo@office.example", "")
    page = officer.get("/contacts?kind=person").text
    assert "mailto:ada@office.example" not in page
    assert ("Do not write: wants no more letters" in page, "mailto:bo@office.example" in page) == (True, True)
    assert [tuple(row.values())[2:] for row in listed] == [
        ("bo@office.example", ""),
        ("ada@office.example", "wants no more letters"),
    ]
    own = ["Do not write", "Further addresses not to write to", "Role and institution", "Mandate ended on"]
    assert recognised(own) == ["", "", "", ""]
    cards = officer.get("/contacts/export?country=ES&kind=person&format=vcard").text
    assert re.findall(r"\w+@\w+\.example", cards) == ["bo@office.example", "ada@home.example"]
    assert "ada@office.example" not in officer.get(f"/contacts/{stopped.id}.vcf").text


@pytest.mark.sqlite_only
def test_no_cell_of_a_sheet_is_a_formula(officer: Any) -> None:
    make_organization("=1+1", country="ES")
    make_organization("+cmd\x07", country="ES")
    answer = officer.post("/contacts/export", data={"format": "xlsx", "country": "ES"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert {"=1+1", "+cmd"} <= {cell.value for cell in cells}


def test_a_popolo_document_holds_what_the_contacts_need(officer: Any) -> None:
    person = rich()
    answer = officer.get(f"/contacts/export?format=popolo&ids={person.id}")
    found = json.loads(answer.text)
    assert list(found) == ["organizations", "posts", "persons", "memberships", "relationships", "areas"]
    assert [one["name"] for one in found["persons"]] == [person.name]
    assert {one["classification"] for one in found["organizations"]} == {"parliament", "political_group", "party"}
    assert {one["organization_id"] for one in found["memberships"]} <= {one["id"] for one in found["organizations"]}
    details = {one["value"]: one for one in found["persons"][0]["contact_details"]}
    assert details["old@office.example"]["ratify"]["status"] == "retired"
    assert found["persons"][0]["other_names"] == [{"name": "Зоэ", "lang": "ru"}]
    assert [area["id"] for area in found["areas"]] == ["SE"]


@pytest.mark.sqlite_only
def test_cards_are_read_back_as_they_were(officer: Any) -> None:
    person = rich()
    ministry = make_organization("Ministry; of, Work", category=Category.GOVERNMENT, email="post@ministry.example")
    answer = officer.get(f"/contacts/export?format=vcard&ids={person.id},{ministry.id}")
    read = {card.fn.value: card for card in vobject.readComponents(answer.text)}
    assert len(read) == 2
    card = read["Zoë Ångström; the 1st"]
    assert card.n.value.family == "1st"
    assert card.org.value == ["European Parliament"]
    emails = {one.value for one in card.email_list}
    assert "old@office.example" not in emails
    assert len(emails) == 1
    assert card.adr.value.street == "Street 1 Town"
    assert card.tel.value == "+46 1"
    assert card.url.value == "https://x.com/zoe"
    assert card.uid.value.startswith("urn:uuid:")
    organization = read["Ministry; of, Work"]
    assert organization.org.value == ["Ministry; of, Work"]
    assert "NOTE" not in answer.text


@pytest.mark.sqlite_only
def test_a_card_has_the_parts_of_a_name_that_the_list_files_it_under(app: Flask) -> None:
    viewer = sign_in(app.test_client(), make_user(Role.VIEWER))
    parts = {
        "Elena Peñalosar Valdehierro": ("Peñalosar Valdehierro", "Elena"),
        "Abadía Jover, Maravillas": ("Abadía Jover", "Maravillas"),
        "ORBÁN Viktor": ("ORBÁN", "Viktor"),
        "Suharto": ("Suharto", ""),
    }
    for name, expected in parts.items():
        with unit_of_work("add", actor="test"):
            person = create_person(name=name, country="ES")
            contact_id = person.id
        read = vobject.readOne(viewer.get(f"/contacts/{contact_id}.vcf").text)
        assert (read.fn.value, read.n.value.family, read.n.value.given) == (name, *expected)


@pytest.mark.sqlite_only
def test_one_card_may_be_had_by_every_reader(app: Flask) -> None:
    person = rich()
    viewer = sign_in(app.test_client(), make_user(Role.VIEWER))
    answer = viewer.get(f"/contacts/{person.id}.vcf")
    assert answer.mimetype == "text/vcard"
    assert vobject.readOne(answer.text).fn.value == person.name
    assert viewer.get("/contacts/export").status_code == 403
    assert viewer.get("/contacts/999999.vcf").status_code == 404


def test_who_takes_whom_out_is_on_record(officer: Any) -> None:
    make_person("Ada First", country="ES")
    officer.get("/contacts/export?format=csv&country=ES")
    change_set = db.session.scalars(sa.select(ChangeSet).where(ChangeSet.action == "export contacts")).one()
    assert change_set.actor.startswith("user:")
    assert change_set.notes == {"format": "csv", "contacts": 1, "filter": {"country": "ES"}}


def test_many_contacts_are_written_by_the_worker_for_the_asker_alone(
    app: Flask, officer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "SENT_AT_ONCE", 1)
    make_person("Ada First", country="ES", party="One")
    make_person("Ada Second", country="ES")
    shown = officer.get("/contacts/export?format=csv&country=ES&kind=person")
    assert shown.status_code == 200
    assert "Prepare the file" in shown.text
    asked = officer.post("/contacts/export", data={"format": "csv", "country": "ES", "kind": "person"})
    assert asked.status_code == 302
    export_id = int(asked.location.rsplit("/", 1)[-1])
    assert officer.get(f"/exports/{export_id}/file").status_code == 404
    jobs.catch_up()
    db.session.rollback()
    assert "The file is ready" in officer.get(asked.location).text
    fetched = officer.get(f"/exports/{export_id}/file")
    assert [row["Name"] for row in csv.DictReader(io.StringIO(fetched.data.decode("utf-8-sig")))] == [
        "Ada First",
        "Ada Second",
    ]
    stranger = sign_in(app.test_client(), make_user(Role.ADMIN))
    assert stranger.get(f"/exports/{export_id}/file").status_code == 404
    assert stranger.get(asked.location).status_code == 404
    with unit_of_work("age", actor="test"):
        db.session.get_one(Export, export_id).expires_at = clock.now() - timedelta(minutes=1)
    jobs.catch_up()
    db.session.rollback()
    assert db.session.get_one(Export, export_id).state is ExportState.EXPIRED
    assert not list((Path(app.extensions["settings"].data) / "exports").iterdir())
    assert officer.get(f"/exports/{export_id}/file").status_code == 404


@pytest.mark.sqlite_only
@pytest.mark.parametrize("arguments", ["ids=1,x", "format=pdf", "ids=99999999999999999999", "country=Nowhere"])
def test_nonsense_is_refused_with_words(officer: Any, arguments: str) -> None:
    assert officer.get(f"/contacts/export?{arguments}").status_code == 400


def test_nobody_to_export_is_said(officer: Any) -> None:
    assert "Nobody to export" in officer.get("/contacts/export?format=csv&text=nobodyatall").text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ContactPoint)) == 0
