"""The screens of imports, from the upload to the way back."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from config import Settings
from crm import clock
from crm.accounts.models import User
from crm.directory.models import Person
from crm.extensions import db
from crm.policy import Role
from crm.roster_import import jobs, progress
from crm.roster_import.actions import request_application
from crm.roster_import.models import MOST_ATTEMPTS, Import, ImportRow, ImportState, RowKind
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person
from tests.factories.roster_import import full_list, import_file, leave_dead, member, members, stage_file, table
from tests.queries import queries_of


@pytest.fixture
def officer(client: FlaskClient) -> FlaskClient:
    return sign_in(client, make_user(Role.OFFICER))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list_2025-06.xml"


def upload(client: FlaskClient, path: Path, name: str | None = None, **fields: str) -> TestResponse:
    file = (io.BytesIO(path.read_bytes()), name or path.name)
    return client.post("/imports/new", data={"file": file, "extent": "by_file", **fields})


def uploaded(client: FlaskClient, path: Path, **fields: str) -> str:
    """Address of the review of a file."""
    answer = upload(client, path, **fields)
    assert answer.status_code == 302, answer.text
    read_waiting()
    return answer.location


def the_import() -> Import:
    db.session.rollback()
    return db.session.scalars(sa.select(Import).order_by(Import.id.desc()).limit(1)).one()


def read_waiting() -> None:
    """What the desk worker does."""
    jobs.catch_up()
    db.session.rollback()


def kept_files(settings: Settings) -> list[Path]:
    return list((settings.data / "uploads").glob("*"))


def text(answer: TestResponse) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def test_an_empty_list_offers_the_next_step(officer: FlaskClient) -> None:
    assert "Nothing was imported yet" in officer.get("/imports").text


def test_a_file_is_reviewed_applied_and_undone(officer: FlaskClient, path: Path, settings: Settings) -> None:
    address = uploaded(officer, full_list(path, members(3)))
    shown = text(officer.get(address))
    assert "1 Jun 2025 (from the file's name)" in shown
    assert "New 3" in shown
    assert "Listed as INVENTED2, Ada" in shown
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 0
    assert [file.stat().st_mode & 0o077 for file in (settings.data / "uploads",)] == [0]

    officer.post(f"{address}/apply")
    assert the_import().state is ImportState.QUEUED
    status = officer.get(f"{address}/status")
    assert "goes on in the background" in status.text
    assert "X-Poll" not in status.headers
    jobs.apply_queued(the_import().id)
    status = officer.get(f"{address}/status")
    assert "Applied" in status.text
    assert status.headers["X-Poll"] == "stop"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 3
    assert "list_2025-06.xml" in officer.get("/imports").text

    result = officer.get(address)
    assert "What was done 3 new 0 changed 0 unchanged" in text(result)
    assert "Ada INVENTED2" in officer.get(f"{address}?outcome=new").text
    assert "No row fits" in officer.get(f"{address}?outcome=kept").text
    listed = re.search(r'href="(/contacts\?source=[^"]+)"', result.text)
    assert listed is not None
    assert "Ada INVENTED2" in officer.get(unescape(listed[1])).text

    officer.post(f"{address}/undo")
    assert "goes on in the background" in officer.get(f"{address}/status").text
    jobs.undo_queued(the_import().id)
    assert re.search("Undone: the directory is as it was.* What was found, and is undone", text(officer.get(address)))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 0


def test_a_worker_that_is_away_is_told(officer: FlaskClient, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = uploaded(officer, full_list(path, members(1)))
    officer.post(f"{address}/apply")
    later = clock.now() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert "Nothing has begun since 2 minutes ago" in text(officer.get(f"{address}/status"))


def test_a_damaged_file_says_what_is_wrong_and_changes_nothing(
    officer: FlaskClient, path: Path, settings: Settings
) -> None:
    path.write_text("<meps><mep><fullName>Ada & ONE</fullName></mep></meps>")
    address = uploaded(officer, path, as_of="2025-05-04", extent="partial")
    answer = officer.get(address)
    assert "The file cannot be read, and nothing was changed: Line 1" in text(answer)
    assert 'value="2025-05-04"' in answer.text
    assert re.search(r'<input checked[^>]*value="partial"', answer.text)
    assert the_import().state is ImportState.UNREADABLE
    officer.post(f"{address}/discard")
    assert kept_files(settings) == []


def test_a_file_is_read_by_the_worker_while_the_page_tells_how_it_goes(officer: FlaskClient, path: Path) -> None:
    address = upload(officer, full_list(path, members(2))).location
    assert the_import().state is ImportState.READING
    page = officer.get(address)
    assert f'data-poll="{address}/status"' in page.text
    assert "goes on in the background" in officer.get(f"{address}/status").text
    leave_dead(the_import().id, ImportState.READING)
    progress.report(the_import().id, progress.Phase.COMPARED, 1, 2)
    assert "Rows compared 1 of 2" in text(officer.get(f"{address}/status"))
    read_waiting()
    assert officer.get(f"{address}/status").headers["X-Poll"] == "stop"
    assert "Ada INVENTED2" in officer.get(address).text


def test_a_file_that_kills_its_reader_is_given_up(officer: FlaskClient, path: Path) -> None:
    address = upload(officer, full_list(path, members(2))).location
    for _attempt in range(MOST_ATTEMPTS):
        leave_dead(the_import().id, ImportState.READING)
    read_waiting()
    assert "begun several times and never finished" in officer.get(address).text
    officer.post(f"{address}/again", data={"extent": "by_file"})
    read_waiting()
    assert the_import().state is ImportState.STAGED


@pytest.mark.parametrize(
    ("fields", "words"), [({"as_of": "2999-01-01"}, "still to come"), ({"as_of": "soon"}, "Not a valid date")]
)
def test_wrong_answers_are_explained(officer: FlaskClient, path: Path, fields: dict[str, str], words: str) -> None:
    assert words in upload(officer, full_list(path, members(1)), **fields).text


def test_a_form_without_a_file_says_so(officer: FlaskClient) -> None:
    assert "Choose a file." in officer.post("/imports/new", data={"extent": "by_file"}).text


def test_names_of_files_stay_names(officer: FlaskClient, path: Path, settings: Settings) -> None:
    upload(officer, full_list(path, members(1)), name="..\\..\\etc/<b>pass\x00wd</b>.xml")
    assert the_import().file_name == ["<b>passwd<", "b>.xml"][-1]
    assert [re.fullmatch(r"[0-9a-f]{32}\.roster", file.name) is not None for file in kept_files(settings)] == [True]
    assert "<b>passwd" not in officer.get("/imports").text


def test_rows_are_found_by_kind_and_words(officer: FlaskClient, path: Path) -> None:
    import_file(full_list(path, members(60)))
    people = [*members(58), member(59, "Ada INVENTED59", country="Malta"), member(99, "Zoë ÖZTÜRK")]
    address = uploaded(officer, full_list(path, people), as_of="2025-12-01")
    assert text(officer.get(f"{address}?kind=changed")).count("Ada INVENTED") == 2  # the row and its buttons' label
    assert "Zoë ÖZTÜRK" in officer.get(f"{address}?q=zoe+ozturk").text
    ended = text(officer.get(f"{address}?kind=ended"))
    assert "Ada INVENTED60" in ended
    assert "1 Dec 2025" in ended
    first = officer.get(address).text
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    assert "Zoë ÖZTÜRK" in officer.get(following.group(1).replace("&amp;", "&")).text


def test_the_review_costs_the_same_whatever_its_rows(officer: FlaskClient, path: Path) -> None:
    small = uploaded(officer, full_list(path, members(2)))
    large = uploaded(officer, full_list(path, members(200)))
    cost = queries_of(lambda: officer.get(small))
    assert queries_of(lambda: officer.get(large)) == cost
    assert cost <= 12


def test_decisions_are_taken_on_the_page(officer: FlaskClient, path: Path) -> None:
    import_file(full_list(path, members(1)))
    moved = member(1, "Ada INVENTED1", group="Brand New Group")
    address = uploaded(officer, full_list(path, [moved, member(2, "Grace TWO")]), as_of="2025-12-01")
    rows = db.session.scalars(sa.select(ImportRow).where(ImportRow.import_id == the_import().id)).all()
    suspicious = next(row for row in rows if row.kind is RowKind.SUSPICIOUS)
    back = f"{address}?kind=suspicious"
    accepted = {"decision": "accept", "next": back}
    assert officer.post(f"{address}/rows/{suspicious.id}", data=accepted).location == back
    assert "Accepted" in officer.get(back).text
    officer.post(f"{address}/rows/{suspicious.id}", data={"decision": ""})
    assert "Accepted" not in officer.get(back).text
    officer.post(f"{address}/rows", data={"decision": "skip", "kind": "suspicious"}, follow_redirects=True)
    assert "Stays as it is" in officer.get(back).text


def test_whom_a_row_is_about_is_chosen_on_the_page(officer: FlaskClient, tmp_path: Path) -> None:
    twins = [make_person("Ada Twin", email=None, parliament=None, group=None).id for _ in range(2)]
    (tmp_path / "people.csv").write_text("name,country,email\nAda TWIN,ES,ada@x.example\n")
    address = uploaded(officer, tmp_path / "people.csv")
    page = officer.get(address).text
    assert all(f'value="{contact_id}"' in page for contact_id in twins)
    row = db.session.scalars(sa.select(ImportRow)).one()
    officer.post(f"{address}/rows/{row.id}", data={"decision": "accept", "contact": str(twins[1])})
    officer.post(f"{address}/apply")
    jobs.apply_queued(the_import().id)
    assert db.session.get_one(Person, twins[1]).email == "ada@x.example"


def test_a_drop_is_applied_only_when_somebody_has_checked(officer: FlaskClient, path: Path) -> None:
    import_file(full_list(path, members(20)))
    address = uploaded(officer, full_list(path, members(4)), as_of="2025-12-01")
    assert "16 of 20 mandates would end at once" in text(officer.get(address))
    answer = officer.post(f"{address}/apply", follow_redirects=True)
    assert "Nothing was changed" in text(answer)
    assert the_import().state is ImportState.STAGED
    officer.post(f"{address}/apply", data={"confirmed": "on"})
    assert the_import().state is ImportState.QUEUED


def test_an_end_beside_an_unreadable_line_is_applied_only_when_somebody_has_checked(
    officer: FlaskClient, path: Path
) -> None:
    import_file(full_list(path, members(3)))
    address = uploaded(officer, full_list(path, [*members(2), member(3, "Ada " + "X" * 400)]), as_of="2025-12-01")
    page = text(officer.get(address))
    assert "They may be about the very people whose mandates would end" in page
    assert "longer than the directory can hold" in page
    assert "Nothing was changed" in text(officer.post(f"{address}/apply", follow_redirects=True))
    assert the_import().state is ImportState.STAGED
    officer.post(f"{address}/apply", data={"confirmed": "on"})
    assert the_import().state is ImportState.QUEUED


def test_a_file_whose_mark_lies_is_refused(officer: FlaskClient, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_bytes(b"\xef\xbb\xbfname\nJos\xe9\n")
    answer = officer.get(uploaded(officer, tmp_path / "people.csv"))
    assert "Line 2: the file says of itself that it is UTF-8" in text(answer)


def test_a_file_is_read_again_as_of_another_day(officer: FlaskClient, path: Path) -> None:
    import_file(full_list(path, members(3)))
    address = uploaded(officer, full_list(path, members(2)), as_of="2025-12-01")
    assert the_import().counts["ended"] == 1
    officer.post(f"{address}/again", data={"as_of": "2025-03-01", "extent": "partial"})
    read_waiting()
    found = the_import()
    assert (found.as_of.isoformat(), found.complete, found.counts["ended"]) == ("2025-03-01", False, 0)
    rows = sa.select(sa.func.count()).select_from(ImportRow).where(ImportRow.import_id == found.id)
    assert db.session.scalar(rows) == 2


def test_the_same_file_is_recognised(officer: FlaskClient, path: Path) -> None:
    first = uploaded(officer, full_list(path, members(1)))
    second = uploaded(officer, path)
    assert f'href="{first}"' in officer.get(second).text


def test_discarding_removes_the_file(officer: FlaskClient, path: Path, settings: Settings) -> None:
    address = uploaded(officer, full_list(path, members(1)))
    assert len(kept_files(settings)) == 1
    officer.post(f"{address}/discard")
    assert kept_files(settings) == []
    assert "Discarded: nothing was changed." in officer.get(address).text
    assert "not possible any more" in officer.post(f"{address}/apply", follow_redirects=True).text


def test_an_undo_that_comes_too_late_says_why(officer: FlaskClient, path: Path) -> None:
    address = uploaded(officer, full_list(path, members(1)))
    officer.post(f"{address}/apply")
    jobs.apply_queued(the_import().id)
    with unit_of_work("edit contact", actor="user:1"):
        db.session.scalars(sa.select(Person)).one().gender = "female"
    officer.post(f"{address}/undo")
    jobs.undo_queued(the_import().id)
    answer = officer.get(address)
    assert "have changed since. Take back on their pages what was changed" in text(answer)
    person = db.session.scalars(sa.select(Person)).one()
    assert f'<li><a href="/contacts/{person.id}"><bdi>{person.name}</bdi></a></li>' in answer.text
    with unit_of_work("edit contact", actor="user:1"):
        person.gender = None
    officer.post(f"{address}/undo")
    jobs.undo_queued(the_import().id)
    assert "The file is kept: compare it again" in text(officer.get(address))


def test_only_leads_undo_what_others_have_imported(officer: FlaskClient, path: Path, app: Flask) -> None:
    address = uploaded(officer, full_list(path, members(1)))
    officer.post(f"{address}/apply")
    jobs.apply_queued(the_import().id)
    other = sign_in(app.test_client(), make_user(Role.OFFICER))
    assert other.post(f"{address}/undo").status_code == 403
    lead = sign_in(app.test_client(), make_user(Role.LEAD))
    assert lead.post(f"{address}/undo").status_code == 302
    jobs.undo_queued(the_import().id)
    assert the_import().state is ImportState.UNDONE


@pytest.mark.parametrize("role", [Role.VIEWER, Role.TRANSLATOR])
def test_readers_do_not_import(client: FlaskClient, role: Role) -> None:
    assert sign_in(client, make_user(role)).get("/imports").status_code == 403


def test_unknown_imports_and_rows_are_not_found(officer: FlaskClient, path: Path) -> None:
    address = uploaded(officer, full_list(path, members(1)))
    assert officer.get("/imports/999").status_code == 404
    assert officer.post(f"{address}/rows/999").status_code == 404


@pytest.mark.sqlite_only
def test_a_file_without_a_day_describes_the_day_where_its_bringer_is(officer: FlaskClient, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("name,country\nAda LATE,ES\n")
    with unit_of_work("move", actor="test"):
        db.session.execute(sa.update(User).values(timezone="Europe/Brussels"))
    with clock.pretend(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)):
        uploaded(officer, tmp_path / "people.csv")
    assert the_import().as_of == date(2026, 7, 2)


@pytest.mark.sqlite_only
def test_a_worker_that_was_stopped_is_said_to_be(officer: FlaskClient, tmp_path: Path) -> None:
    staged = stage_file(table(tmp_path / "people.csv", [{"name": "Ada Inventada"}]))
    with unit_of_work("ask", actor="user:1"):
        request_application(staged.id, confirmed=False)
    leave_dead(staged.id, ImportState.APPLYING)
    page = officer.get(f"/imports/{staged.id}").text
    assert "it seems to have been stopped" in page
    assert "is not running" not in page
