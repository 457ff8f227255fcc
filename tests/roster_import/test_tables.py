"""Tables of any columns: workbooks, mappings by hand, and mappings kept for the next file."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm.directory.models import Category, Organization, OtherName
from crm.extensions import db
from crm.policy import Role
from crm.roster_import import jobs, uploads
from crm.roster_import.models import ColumnMapping, Import, ImportRow, ImportState, Reason
from crm.roster_import.readers import open_roster, xlsx_table
from crm.roster_import.records import Record, RosterFormat, UnreadableRoster
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_organization
from tests.factories.roster_import import full_list, import_file, member, members, stage_file, table, workbook
from tests.roster_import.test_views import text, the_import, upload, uploaded

HEADER = ["Vollname", "Wohin", "Land"]


@pytest.fixture
def officer(client: FlaskClient) -> FlaskClient:
    return sign_in(client, make_user(Role.OFFICER))


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableRoster) as refused:
        list(open_roster(path).records())
    return str(refused.value)


@pytest.mark.sqlite_only
class TestWorkbooks:
    def test_cells_of_every_kind_become_text(self, tmp_path: Path) -> None:
        rows: list[list[object]] = [
            ["A list of people"],
            [],
            ["Name", "E-mail", "Born", "EP id", "Since", "Phone", None],
            ["Ada ONE", "ada@x.example", date(1970, 5, 4), 1234.0, datetime(2024, 7, 16), 32221234, None],
            [],
            ["Bo TWO", None, "04/05/1971", None, None, "#N/A", None],
        ]
        source = open_roster(workbook(tmp_path / "people.xlsx", rows))
        found = [item for item in source.records() if isinstance(item, Record)]
        assert source.format is RosterFormat.XLSX
        assert [(one.line, one.name, one.birth_date) for one in found] == [
            (4, "Ada ONE", date(1970, 5, 4)),
            (6, "Bo TWO", date(1971, 5, 4)),
        ]
        assert found[0].identifiers == (("europarl", "1234"),)
        assert found[0].mandates[0].start == date(2024, 7, 16)
        assert (found[0].phones, found[1].phones) == (("32221234",), ())

    def test_an_empty_workbook_says_so(self, tmp_path: Path) -> None:
        assert "no sheet of it holds a table" in refusal(workbook(tmp_path / "people.xlsx", []))

    def test_an_archive_is_no_workbook(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "people.xlsx", "w") as archive:
            archive.writestr("people.csv", "name\nAda\n")
        assert "an archive and no workbook" in refusal(tmp_path / "people.xlsx")

    def test_a_damaged_part_is_a_clear_refusal(self, tmp_path: Path) -> None:
        whole = workbook(tmp_path / "people.xlsx", [["Name", "E-mail"], ["Ada", "ada@x.example"]])
        with zipfile.ZipFile(whole) as old, zipfile.ZipFile(tmp_path / "cut.xlsx", "w") as new:
            for part in old.infolist():
                content = old.read(part)
                new.writestr(part, content[:200] if "sheet1" in part.filename else content)
        assert "no workbook that can be read" in refusal(tmp_path / "cut.xlsx")

    @pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "docProps/junk.bin"])
    def test_bombs_are_refused_unopened(self, tmp_path: Path, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = workbook(tmp_path / "people.xlsx", [["Name", "E-mail"], ["Ada", "ada@x.example"]])
        with zipfile.ZipFile(whole) as old, zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as new:
            for kept in old.infolist():
                if kept.filename != part:
                    new.writestr(kept, old.read(kept))
            new.writestr(part, b"0" * (16 * 1024 * 1024))
        assert (tmp_path / "bomb.xlsx").stat().st_size < 100_000

        def opened(*_given: object, **_named: object) -> None:
            raise AssertionError("it was opened")

        monkeypatch.setattr(xlsx_table, "load_workbook", opened)
        assert "unpacks to far more" in refusal(tmp_path / "bomb.xlsx")

    def test_sheets_without_end_are_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(xlsx_table, "_MOST_ROWS", 3)
        rows = [["Name", "E-mail"], *[[f"Ada {number}", ""] for number in range(5)]]
        assert "sheets of up to 3 lines" in refusal(workbook(tmp_path / "people.xlsx", rows))

    def test_a_line_far_below_and_signs_nobody_sees_are_read_for_what_they_are(self, tmp_path: Path) -> None:
        book = openpyxl.Workbook()
        sheet = book.create_sheet(index=0)
        sheet.append(["Name\u200b", "\ufeffE-mail"])
        sheet.append(["Ada\u00a0In\u00advented", "ada@x.example\u200b"])
        sheet.cell(row=90_000, column=1, value="Bo Far")
        book.save(tmp_path / "people.xlsx")
        ada, bo = open_roster(tmp_path / "people.xlsx").records()
        assert isinstance(ada, Record)
        assert isinstance(bo, Record)
        assert (ada.name, ada.emails, bo.name, bo.line) == ("Ada Invented", ("ada@x.example",), "Bo Far", 90_000)

    def test_tables_without_end_are_refused(self, tmp_path: Path) -> None:
        rows = [["Name", *["x"] * 400], ["Ada", *["y"] * 400]]
        assert "up to 300 columns" in refusal(workbook(tmp_path / "people.xlsx", rows))


@pytest.mark.sqlite_only
def test_columns_hold_what_they_are_said_to(tmp_path: Path) -> None:
    path = table(tmp_path / "people.csv", [{"A": "Ada", "B": "ada@x.example", "C": "bo@x.example", "name": "no"}])
    (found,) = open_roster(path, fields=["name", "email", "email", ""]).records()
    assert isinstance(found, Record)
    assert (found.name, found.emails) == ("Ada", ("ada@x.example", "bo@x.example"))
    assert open_roster(path, fields=["name", "email", "email", ""]).unread == ("name",)


def test_columns_nobody_knows_are_asked_for_and_kept(officer: FlaskClient, tmp_path: Path) -> None:
    path = workbook(tmp_path / "people_2025-06.xlsx", [HEADER, ["Ada Invented", "ada@x.example", "Malta"]])
    address = uploaded(officer, path)
    assert the_import().state is ImportState.MAPPING
    page = officer.get(address, follow_redirects=True)
    assert "What do the columns hold?" in page.text
    assert "ada@x.example" in page.text
    assert "1 Jun 2025 (from the file's name)" in text(page)
    refused = officer.post(f"{address}/columns", data={"column-1": "email", "extent": "partial"})
    assert refused.status_code == 422
    assert "Say which column holds the names" in refused.text
    assert "Columns left out: 2 ." in text(refused)
    assert '<option value="email" selected>' in refused.text
    answers = {"column-0": "name", "column-1": "email", "column-2": "country", "extent": "by_file", "keep": "y"}
    assert officer.post(f"{address}/columns", data=answers).location == address
    jobs.catch_up()
    found = the_import()
    assert (found.state, found.as_of, found.counts["new"]) == (ImportState.STAGED, date(2025, 6, 1), 1)
    assert "as you said" in officer.get(address).text
    assert 'value="2025-06-01"' not in officer.get(f"{address}/columns").text, "nobody has said the day"

    # The next file with this header is read so at once.
    again = uploaded(
        officer, table(tmp_path / "next.csv", [dict(zip(HEADER, ["Bo", "bo@x.example", "Malta"], strict=True))])
    )
    assert the_import().state is ImportState.STAGED
    assert "as saved for files like this one" in officer.get(again).text
    assert "people_2025-06.xlsx" in officer.get(f"{again}/columns").text
    officer.post(f"{again}/columns", data={"column-0": "name", "extent": "by_file", "keep": "y"})
    kept = db.session.scalars(sa.select(ColumnMapping)).one()
    assert (kept.fields, kept.file_name) == (["name", "", ""], "next.csv")
    jobs.catch_up()
    db.session.rollback()
    (row,) = db.session.scalars(sa.select(ImportRow).where(ImportRow.import_id == the_import().id)).all()
    assert row.record["emails"] == []


def test_a_mapping_may_be_for_one_file_only(officer: FlaskClient, tmp_path: Path) -> None:
    address = uploaded(officer, workbook(tmp_path / "people.xlsx", [HEADER, ["Ada", "", ""]]))
    officer.post(f"{address}/columns", data={"column-0": "name", "extent": "by_file"})
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ColumnMapping)) == 0


def test_an_upload_whose_file_is_gone_says_so(officer: FlaskClient, tmp_path: Path) -> None:
    address = upload(officer, table(tmp_path / "people.csv", [{"name": "Ada"}])).location
    found = the_import()
    found.stored_name = "gone.roster"
    with unit_of_work("lose file", actor="user:1"):
        db.session.execute(sa.update(Import).values(stored_name="gone.roster"))
    jobs.catch_up()
    assert "gone from this machine" in officer.get(address).text


class TestAliases:
    @pytest.fixture
    def group_id(self, app: Flask, tmp_path: Path) -> int:
        import_file(full_list(tmp_path / "list.xml", members(2)), as_of=date(2025, 6, 1))
        make_organization("Unrelated Group")
        name = "Group of the European People's Party (Christian Democrats)"
        return db.session.scalars(sa.select(Organization.id).where(Organization.name == name)).one()

    def test_a_new_spelling_is_noted_on_the_review(self, officer: FlaskClient, tmp_path: Path, group_id: int) -> None:
        people = [member(1, "Ada INVENTED1", group="Gruppo del Partito Inventato"), *members(1, start=2)]
        address = uploaded(officer, full_list(tmp_path / "list_2025-07.xml", people))
        page = officer.get(address)
        assert "Groups nobody has told us of" in page.text
        assert the_import().counts["suspicious"] == 1
        wrong = {"label": "Gruppo del Partito Inventato", "group": ""}
        assert "Choose which group" in officer.post(f"{address}/alias", data=wrong, follow_redirects=True).text
        assert officer.post(f"{address}/alias", data={"label": "x", "group": str(group_id)}).status_code == 400
        officer.post(f"{address}/alias", data={"label": "Gruppo del Partito Inventato", "group": str(group_id)})
        jobs.catch_up()
        found = the_import()
        assert (found.counts["suspicious"], found.counts["unchanged"]) == (0, 2)
        assert found.survey["unknown_groups"] == []
        names = db.session.scalars(sa.select(OtherName.name).where(OtherName.contact_id == group_id)).all()
        assert names == ["Gruppo del Partito Inventato"]

    def test_a_move_into_a_group_known_by_another_name_is_not_held(
        self, app: Flask, tmp_path: Path, group_id: int
    ) -> None:
        patriots = make_organization("Other Group", category=Category.POLITICAL_GROUP)
        with unit_of_work("edit", actor="user:1"):
            db.session.add(OtherName(contact_id=patriots.id, name="Die Anderen"))
        people = [member(1, "Ada INVENTED1", group="DIE ANDEREN"), member(2, "Ada INVENTED2", group="Die Fremden")]
        staged = stage_file(full_list(tmp_path / "list.xml", people), as_of=date(2025, 7, 1))
        assert (staged.counts["changed"], staged.counts["suspicious"]) == (1, 1)
        rows = db.session.scalars(sa.select(ImportRow).where(ImportRow.import_id == staged.id)).all()
        held = [one["held"] for row in rows for one in row.diff if one["field"] == "group"]
        assert held == [None, Reason.UNKNOWN_GROUP]


def test_who_stayed_came_and_left_leads_the_review(officer: FlaskClient, tmp_path: Path) -> None:
    import_file(full_list(tmp_path / "list.xml", members(10)), as_of=date(2025, 1, 1))
    address = uploaded(officer, full_list(tmp_path / "list_2025-08.xml", [*members(4), *members(8, start=50)]))
    assert "A new legislature 4 stayed 8 new 6 left" in text(officer.get(address))
    assert "Ada INVENTED9" in officer.get(f"{address}?who=left").text
    assert "Ada INVENTED9" not in officer.get(f"{address}?who=stayed").text
    assert "Ada INVENTED52" in officer.get(f"{address}?who=new").text


def test_a_legislature_that_was_over_already_is_compared_with(officer: FlaskClient, tmp_path: Path) -> None:
    import_file(full_list(tmp_path / "list.xml", members(10)), as_of=date(2024, 1, 1))
    address = uploaded(officer, full_list(tmp_path / "list_2024-08.xml", [*members(4), *members(8, start=50)]))
    page = text(officer.get(address))
    assert "A new legislature 4 stayed 8 new 6 left" in page
    assert "were over already" in page


def test_an_older_roster_says_that_it_only_fills_gaps(officer: FlaskClient, tmp_path: Path) -> None:
    import_file(full_list(tmp_path / "list.xml", members(3)), as_of=date(2025, 6, 1))
    address = uploaded(officer, full_list(tmp_path / "list_2024-08.xml", members(3)))
    assert "only fills gaps" in officer.get(address).text


def test_a_role_without_an_institution_is_told_and_not_lost(app: Flask, tmp_path: Path) -> None:
    rows = [{"name": "Ada Alvaro", "role": "Coordinator"}, {"name": "Ben Berg", "role": ""}]
    path = table(tmp_path / "people.csv", rows)
    ada, ben = open_roster(path).records()
    assert isinstance(ada, Record)
    assert isinstance(ben, Record)
    assert (ada.mandates, [(doubt.field, doubt.value) for doubt in ada.doubts]) == ((), [("role", "Coordinator")])
    assert ben.doubts == ()


@pytest.mark.sqlite_only
def test_letters_that_look_wrong_are_read_as_a_person_says(officer: FlaskClient, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes("Name,E-mail\nСофія Вигадана,sofia@x.example\n".encode("cp1251"))
    address = uploaded(officer, path)
    page = officer.get(address).text
    assert ("Софія" in page, "Letters of the file" in page) == (False, True)
    for encoding, told in (("cp1251", "Софія Вигадана"), ("utf-8", "others than you said"), ("cp1251", "Софія")):
        officer.post(f"{address}/again", data={"extent": "by_file", "encoding": encoding})
        jobs.catch_up()
        assert told in officer.get(address).text
    kept = the_import()
    assert (kept.asked["encoding"], kept.asked["columns"]) == ("cp1251", None)
    assert [one.name for one in uploads.stored_path("").iterdir()] == [kept.stored_name]
    path.write_bytes("Име,Имейл\nСтоян Измислен,s@x.example\n".encode("cp1251"))
    address = uploaded(officer, path)
    columns = f"{address}/columns"
    assert "Letters of the file" in officer.get(columns).text
    # Nothing else has to be said where the letters were all there was to mend.
    assert officer.post(columns, data={"extent": "by_file", "encoding": "cp1251"}).status_code == 302
    jobs.catch_up()
    assert "Стоян Измислен" in officer.get(columns).text
