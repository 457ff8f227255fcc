"""The treaty's screens: the figures of any day, filters and order, corrections with undo, who may do what."""

from __future__ import annotations

import csv
import re
from datetime import date

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from crm.charts import EUROPE
from crm.extensions import db
from crm.policy import Role
from crm.treaties.models import ActionKind, Confidence, TreatyAction
from tests.factories.accounts import make_user, sign_in
from tests.factories.treaties import action_of, icrmw, make_action
from tests.queries import queries_of

ACTION = {"kind": "ratification", "done_on": "2025-05-05", "source": "UN Treaty Collection", "confidence": "read"}


@pytest.fixture
def officer(client: FlaskClient) -> FlaskClient:
    icrmw()
    return sign_in(client, make_user(Role.OFFICER))


def _figures(page: str) -> list[str]:
    return re.findall(r'<span class="stat-value">([^<]+)</span>', page)


def _listed(page: str) -> list[str]:
    """The states below the filters; those that only signed are named above them too."""
    return re.findall(r'href="/treaties/ICRMW/([A-Z]{2})"', page.split('role="search"')[1])


def test_the_list_leads_to_the_treaty(officer: FlaskClient) -> None:
    page = officer.get("/treaties").text
    assert 'href="/treaties/ICRMW"' in page
    assert re.search(r'data-label="Parties" class="numeric">60<', page)


def test_who_stands_where_today_and_then(officer: FlaskClient) -> None:
    today = officer.get("/treaties/ICRMW").text
    assert _figures(today) == ["60", "11", "122", "0 of 27"]
    assert "By a record that reaches to 28 Feb 2025." in today
    assert today.count('<g class="tile') == len(EUROPE)
    assert len(_listed(today)) == len(set(_listed(today))) == 193
    then = officer.get("/treaties/ICRMW?as_of=2015-03-01").text
    assert _figures(then) == ["47", "19", "127", "0 of 28"]
    assert "As it was on 1 Mar 2015." in then


def test_the_bar_is_drawn_and_said(officer: FlaskClient) -> None:
    bar = officer.get("/treaties/ICRMW").text.split('<svg class="chart bar"')[1].split("</svg>")[0]
    assert "Parties: 60; Signed only: 11; Neither signed nor party: 122" in bar
    assert bar.count("<rect") == 3


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("standing=signed", 11),
        ("region=EU", 27),
        ("region=EU&as_of=2015-03-01", 28),
        ("region=EU&standing=party", 0),
        ("region=002", 54),
        ("text=cote", 1),
        ("text=KHM", 1),
        ("text=guinea", 4),
        ("text=Holland", 1),
        ("text=Ivory+Coast", 1),
        ("text=Congo", 2),
        ("text=atlantis", 0),
    ],
)
def test_filters(officer: FlaskClient, query: str, expected: int) -> None:
    page = officer.get(f"/treaties/ICRMW?{query}")
    assert page.status_code == 200
    assert len(_listed(page.text)) == expected
    assert ("No state passes these filters" in page.text) == (expected == 0)
    rows = list(csv.reader(officer.get(f"/treaties/ICRMW/states.csv?{query}").text.splitlines()))
    assert len(rows) == expected + 1


@pytest.mark.parametrize("query", ["as_of=2015-02-30", "standing=friend", "region=mars", "sort=size"])
def test_a_damaged_filter_is_told(officer: FlaskClient, query: str) -> None:
    page = officer.get(f"/treaties/ICRMW?{query}")
    assert page.status_code == 400
    assert f"{query.split('=', maxsplit=1)[0]} cannot be {query.split('=')[1]}" in page.text


def test_order(officer: FlaskClient) -> None:
    assert _listed(officer.get("/treaties/ICRMW?standing=party&sort=bound").text)[0] == "EG"
    assert _listed(officer.get("/treaties/ICRMW?standing=party&sort=-bound").text)[0] == "ZW"
    by_name = _listed(officer.get("/treaties/ICRMW?standing=signed").text)
    assert by_name[0] == "AM"
    assert _listed(officer.get("/treaties/ICRMW?standing=signed&sort=-name").text) == by_name[::-1]
    newest = _listed(officer.get("/treaties/ICRMW?standing=party&sort=-signed").text)
    assert newest[0] == "MW"
    # Who acceded never signed, and comes last either way.
    signed = set(db.session.scalars(sa.select(TreatyAction.state).where(TreatyAction.kind == ActionKind.SIGNATURE)))
    assert newest[-1] not in signed


def test_doubts_are_shown(officer: FlaskClient) -> None:
    page = officer.get("/treaties/ICRMW?standing=party").text
    assert page.count("Year read, day still to be checked") == 3
    assert page.count("Month read, day not known") == 1
    assert "Nov 2024" in page


def test_the_page_costs_the_same_queries_however_many_states_it_shows(officer: FlaskClient) -> None:
    few = queries_of(lambda: officer.get("/treaties/ICRMW?region=EU&standing=party"))
    assert queries_of(lambda: officer.get("/treaties/ICRMW")) == few <= 5
    # The team's own names are read as well, once.
    assert queries_of(lambda: officer.get("/treaties/ICRMW?text=guinea")) == few + 1


def test_the_file_says_all(officer: FlaskClient) -> None:
    rows = list(csv.DictReader(officer.get("/treaties/ICRMW/states.csv").text.lstrip("\ufeff").splitlines()))
    assert len(rows) == 193
    armenia = next(row for row in rows if row["Code"] == "ARM")
    assert (armenia["Standing"], armenia["Signed"], armenia["As of"]) == (
        "Signed only",
        "2013-09-26",
        date.today().isoformat(),
    )


def test_a_state_leads_to_its_contacts(officer: FlaskClient) -> None:
    assert 'href="/contacts?country=AM"' in officer.get("/treaties/ICRMW").text
    assert 'href="/contacts?country=AM"' in officer.get("/treaties/ICRMW/AM").text


def test_an_action_is_added_and_undone(officer: FlaskClient) -> None:
    page = officer.post("/treaties/ICRMW/AM", data=ACTION, follow_redirects=True).text
    assert "Ratification added." in page
    assert "5 May 2025" in page
    assert _figures(officer.get("/treaties/ICRMW").text)[:2] == ["61", "10"]
    [undo] = re.findall(r'action="(/audit/\d+/undo)"', page)
    officer.post(undo)
    assert _figures(officer.get("/treaties/ICRMW").text)[:2] == ["60", "11"]


@pytest.mark.parametrize(
    ("state", "changed", "message"),
    [
        ("AL", {}, "on record as a party"),
        ("AM", {"kind": "signature"}, "A signature is on record already"),
        ("AM", {"done_on": "1980-01-01"}, "had not been adopted"),
        ("AM", {"done_on": "2999-01-01"}, "lies ahead"),
        ("AM", {"kind": "denunciation"}, "Only a party can denounce"),
        ("AM", {"source": " "}, "Say where this is known from."),
        ("AM", {"done_on": ""}, "Enter the day"),
    ],
)
def test_what_cannot_be_is_refused_and_kept_on_the_form(
    officer: FlaskClient, state: str, changed: dict[str, str], message: str
) -> None:
    page = officer.post(f"/treaties/ICRMW/{state}", data=ACTION | {"source": "typed words"} | changed)
    assert page.status_code == 422
    assert message in page.text
    assert "source" in changed or 'value="typed words"' in page.text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(TreatyAction)) == 100


def test_an_action_is_corrected_and_undone(officer: FlaskClient) -> None:
    zimbabwe = action_of("ZW", ActionKind.ACCESSION).id
    form = officer.get(f"/treaties/ICRMW/ZW/{zimbabwe}").text
    assert 'value="2024-11-01"' in form
    changed = {"kind": "accession", "done_on": "2024-11-26", "source": "the depositary", "confidence": "read"}
    page = officer.post(f"/treaties/ICRMW/ZW/{zimbabwe}", data=changed, follow_redirects=True).text
    assert "26 Nov 2024" in page
    [undo] = re.findall(r'action="(/audit/\d+/undo)"', page)
    officer.post(undo)
    row = db.session.get_one(TreatyAction, zimbabwe)
    assert (row.done_on, row.confidence) == (date(2024, 11, 1), Confidence.MONTH_READ)


def test_a_correction_that_cannot_be_changes_nothing(officer: FlaskClient) -> None:
    signature = action_of("AR", ActionKind.SIGNATURE).id
    answer = officer.post(f"/treaties/ICRMW/AR/{signature}", data=ACTION)
    assert answer.status_code == 422
    assert "on record as a party" in answer.text
    assert db.session.get_one(TreatyAction, signature).kind is ActionKind.SIGNATURE


def test_nothing_changed_is_said(officer: FlaskClient) -> None:
    row = action_of("ZW", ActionKind.ACCESSION)
    same = {"kind": "accession", "done_on": "2024-11-01", "source": row.source, "confidence": "month_read"}
    page = officer.post(f"/treaties/ICRMW/ZW/{row.id}", data=same, follow_redirects=True).text
    assert "Nothing was changed." in page


def test_an_action_is_removed_and_undone(officer: FlaskClient) -> None:
    made = make_action("FR", ActionKind.ACCESSION, date(2025, 1, 1)).id
    assert _figures(officer.get("/treaties/ICRMW").text)[3] == "1 of 27"
    page = officer.post(f"/treaties/ICRMW/FR/{made}/remove", follow_redirects=True).text
    assert "Nothing is on record." in page
    [undo] = re.findall(r'action="(/audit/\d+/undo)"', page)
    officer.post(undo)
    assert db.session.get_one(TreatyAction, made).state == "FR"


def test_a_denunciation_ends_it(officer: FlaskClient) -> None:
    made = {**ACTION, "kind": "denunciation", "done_on": "2025-01-01"}
    officer.post("/treaties/ICRMW/AL", data=made)
    assert _figures(officer.get("/treaties/ICRMW").text)[:3] == ["59", "11", "123"]
    assert "Denunciation, 1 Jan 2025" in officer.get("/treaties/ICRMW?standing=neither").text


def test_what_is_not_there(officer: FlaskClient) -> None:
    albania = action_of("AL", ActionKind.ACCESSION).id
    for address in ("/treaties/X", "/treaties/ICRMW/ZZ", f"/treaties/ICRMW/AM/{albania}", "/treaties/X/states.csv"):
        assert officer.get(address).status_code == 404, address


def test_a_viewer_reads_and_changes_nothing(client: FlaskClient) -> None:
    icrmw()
    viewer = sign_in(client, make_user(Role.VIEWER))
    page = viewer.get("/treaties/ICRMW/AL").text
    assert "Add what it did" not in page
    assert "Correct" not in page
    albania = action_of("AL", ActionKind.ACCESSION).id
    for address in ("", f"/{albania}", f"/{albania}/remove"):
        assert viewer.post(f"/treaties/ICRMW/AL{address}", data=ACTION).status_code == 403
