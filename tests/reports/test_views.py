"""The report on screen: every figure leads to the list it counts, on any day, and no file holds a formula."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook

from crm import clock
from crm.accounts.models import User
from crm.extensions import db
from crm.history.actions import finish_task
from crm.history.models import InteractionKind, Task
from crm.outbox.models import MessageState
from crm.paging import cursor_after
from crm.pipeline.actions import mark_contacted, record_commitment
from crm.pipeline.filters import TargetFilter
from crm.pipeline.models import Campaign, Stage
from crm.policy import Role
from crm.reports.queries import Asked, Deed, activity_page
from crm.reports.question import Question
from crm.stances.actions import withdraw_statement
from crm.stances.models import Stance
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person
from tests.factories.history import make_interaction, make_task
from tests.factories.letters import approved, deliver, make_letter_target, make_mailing, planned
from tests.factories.pipeline import PROMISE, make_campaign, make_target, make_targets
from tests.factories.stances import make_statement
from tests.queries import queries_of

FIGURE = re.compile(r'<a href="([^"]+)"[^>]*>(?:<strong>)?([\d,]+)(?:</strong>)?</a>')
TOTAL = re.compile(r'id="list-count"[^>]*>\s*([\d,]+)')


@pytest.fixture
def viewer(client: FlaskClient) -> FlaskClient:
    return sign_in(client, make_user(Role.VIEWER))


@pytest.fixture
def campaign(client: FlaskClient) -> Campaign:
    """Targets with all that is counted of them, some of it ten days old."""
    now, officer = clock.now(), make_user(Role.OFFICER)
    with clock.pretend(now - timedelta(days=10)):
        campaign = make_campaign("=1+1 countries", owner=officer)
        old = make_target(campaign, make_person(country="ES"), stage=Stage.CONTACTED, owner_id=officer.id)
        make_target(campaign, make_person(country="FR"), stage=Stage.COMMITTED)
        make_statement(old.contact_id, Stance.OPPOSED, now.date() - timedelta(days=2000))
    for country, stage in (("ES", Stage.IDENTIFIED), ("ES", Stage.DELIVERED), (None, Stage.CLOSED)):
        target = make_target(campaign, make_person(country=country), stage=stage, owner_id=officer.id)
        make_statement(target.contact_id, Stance.CHAMPION, now.date(), actor=f"user:{officer.id}")
    make_target(campaign, next_step="x", next_step_due=now.date() - timedelta(days=1), owner_id=officer.id)
    by = f"user:{officer.id}"
    make_interaction([old.contact_id], at=now - timedelta(days=9), actor=by)
    make_interaction([old.contact_id], kind=InteractionKind.MEETING, at=now, actor=by, team_id=officer.team_id)
    make_interaction([old.contact_id], kind=InteractionKind.LETTER, at=now, actor=by)
    for task in (
        make_task(officer.id, target_id=old.id),
        make_task(officer.id, "Send it", contact_id=old.contact_id, team_id=officer.team_id),
        make_task(officer.id, "Of no campaign"),
    ):
        with unit_of_work("mark task", actor=by):
            finish_task(db.session.get_one(Task, task.id))
    # A letter that left moves its target by itself.
    written_to = make_letter_target(campaign, "Ann Lee").id
    with unit_of_work("send letters", actor="worker:mail"):
        mark_contacted([written_to], at=clock.now())
    write_letters(campaign, officer)
    with unit_of_work("record commitment", actor=by):
        record_commitment(old.id, PROMISE)
    make_statement(old.contact_id, Stance.OPPOSED, now.date(), actor=by, team_id=officer.team_id)
    # What another team keeps to itself counts for nobody else, and what was taken back for nobody at all.
    other = make_user(team="Others").team_id
    make_interaction([old.contact_id], at=now, actor=by, team_id=other)
    make_statement(old.contact_id, Stance.CHAMPION, now.date(), actor=by, team_id=other)
    wrong = make_statement(old.contact_id, Stance.CHAMPION, now.date(), actor=by).id
    with unit_of_work("withdraw statement", actor=by):
        withdraw_statement(wrong, "A misprint")
    return campaign


def write_letters(campaign: Campaign, officer: User) -> None:
    """Two mailings to the two who were contacted: a week ago both letters left, today one did and one failed."""
    contacted = TargetFilter((Stage.CONTACTED,))
    for days, names in ((8, None), (0, ["Ann Lee"])):
        with clock.pretend(clock.now() - timedelta(days=days)):
            mailing = approved(planned(make_mailing(campaign, officer=officer, audience=contacted)))
            if names:
                assert deliver(mailing, MessageState.FAILED, names) == 1
            assert deliver(mailing, MessageState.SENT) >= 1
    # Nor does what was never planned, and what another campaign sends.
    make_mailing(campaign, officer=officer)


def test_reports_begin_where_there_is_nothing(viewer: FlaskClient) -> None:
    page = viewer.get("/reports", follow_redirects=True)
    assert page.status_code == 200
    assert "Nothing to report yet" in page.text
    assert viewer.get("/reports/pipeline.csv").status_code == 404


@pytest.mark.parametrize("days", [0, 5])
def test_every_figure_leads_to_a_list_of_as_many(client: FlaskClient, campaign: Campaign, days: int) -> None:
    reader = sign_in(client, campaign.owner)
    as_of = clock.now().date() - timedelta(days=days)
    address = f"/reports/pipeline?campaign={campaign.id}&as_of={as_of}&team={campaign.team_id}"
    for query in (address, address.partition("&team")[0]):
        page = reader.get(query).text
        figures = set(FIGURE.findall(page))
        assert len(figures) > (40 if not days else 20)
        for link, figure in figures:
            found = TOTAL.search(reader.get(unescape(link)).text)
            total = found[1] if found else None
            assert total == figure, f"{figure} in {query}, {total} in {link}"


def test_letters_written_by_hand_and_sent_by_mailings_stand_in_one_list_with_a_link_to_each(
    client: FlaskClient, campaign: Campaign
) -> None:
    question = Question.from_args(campaign, {}, campaign.team_id)
    asked = Asked(Deed.LETTER)
    whole = activity_page(question, asked, None).rows
    assert [row.mailed for row in whole] == [1, 0, 1, 1]
    further = activity_page(question, asked, cursor_after(whole[1], ("key_0", "key_1", "key_2")))
    assert [(row.mailed, row.id) for row in further.rows] == [(row.mailed, row.id) for row in whole[2:]]
    back = activity_page(question, asked, further.previous)
    assert [(row.mailed, row.id) for row in back.rows] == [(row.mailed, row.id) for row in whole[:2]]
    page = sign_in(client, campaign.owner).get(f"/reports/activity?campaign={campaign.id}&kind=letter").text
    for row in whole:
        link = f"/letters/{row.id}" if row.mailed else f"/interactions/{row.id}"
        assert re.search(rf'href="{link}"><bdi>{row.name}</bdi>', page)
    assert "Ann Lee" in page


def test_how_many_came_to_a_stage_in_a_country_stands_there_with_its_list(
    viewer: FlaskClient, campaign: Campaign
) -> None:
    since = clock.now().date() - timedelta(days=20)
    page = viewer.get(f"/reports/pipeline?campaign={campaign.id}&since={since}").text
    link = f"/campaigns/{campaign.id}/targets?came=committed&amp;since={since}&amp;country=FR"
    assert f'<a href="{link}">1</a>' in page
    nobody = f"/campaigns/{campaign.id}/targets?came=committed&amp;since={since}&amp;country=ES"
    assert f'<a href="{nobody}" class="quiet">0</a>' in page
    assert "0 targets" in viewer.get(unescape(nobody)).text


def test_a_report_of_a_day_gone_by_knows_nothing_of_later(viewer: FlaskClient, campaign: Campaign) -> None:
    day = clock.now().date() - timedelta(days=5)
    rows = list(csv.reader(viewer.get(f"/reports/pipeline.csv?campaign={campaign.id}&as_of={day}").text.splitlines()))
    assert ["All targets", "", "", "2", "", ""] in rows
    assert ["Delivered", "0", "0.0", "0", "", "0"] in rows


@pytest.mark.sqlite_only
def test_files_hold_every_table_and_no_formula(viewer: FlaskClient, campaign: Campaign) -> None:
    answer = viewer.get(f"/reports/pipeline.csv?campaign={campaign.id}")
    assert answer.mimetype == "text/csv"
    rows = list(csv.reader(answer.data.decode("utf-8-sig").splitlines()))
    assert rows[0] == ["Campaign", "'=1+1 countries"]
    assert ["Contacted", "4", "0.5714", "2"] in [row[:4] for row in rows]
    # Every figure has its unit in the head of its column, and every day is written by ISO 8601.
    assert ["Share of the stage before", "Stand there", "Days there (median)"] in [row[2:5] for row in rows]
    words = [cell for row in rows for cell in row]
    assert not [cell for cell in words if re.search(r"\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)", cell)]
    assert datetime.fromisoformat(rows[1][1]).utcoffset() is not None
    assert clock.today().isoformat() in words
    sheets = load_workbook(io.BytesIO(viewer.get(f"/reports/pipeline.xlsx?campaign={campaign.id}").data))
    assert len(sheets.worksheets) == 9
    cells = [cell for sheet in sheets.worksheets for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert len(cells) > 150
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    one = viewer.get(f"/reports/pipeline.csv?campaign={campaign.id}&table=commitments").data.decode("utf-8-sig")
    assert one.splitlines()[1:3] == ["Promised,3,0", "Open,2,"]
    officers = viewer.get(f"/reports/pipeline.csv?campaign={campaign.id}&table=officers").data.decode("utf-8-sig")
    head, first, *_others = csv.reader(officers.splitlines())
    did = dict(zip(head, first, strict=True))
    assert [did[name] for name in ("Calls", "Meetings", "Letters", "Statements", "Commitments", "Tasks done")] == [
        *("1", "1", "4", "4", "1", "2")
    ]
    assert viewer.get(f"/reports/pipeline.csv?campaign={campaign.id}&table=nothing").status_code == 404


@pytest.mark.sqlite_only
def test_charts_are_drawn_and_said(viewer: FlaskClient, campaign: Campaign) -> None:
    page = viewer.get(f"/reports/pipeline?campaign={campaign.id}").text
    pictures = re.findall(r"<svg class=\"chart.*?</svg>", page, re.DOTALL)
    assert len(pictures) == 3
    for picture in pictures:
        assert 'role="img"' in picture
        assert "<desc " in picture
        assert "style=" not in picture
    assert "Identified: 7; Contacted: 4; In dialogue: 2;" in pictures[0]


def test_the_report_costs_as_many_statements_for_a_thousand_targets_as_for_ten(viewer: FlaskClient) -> None:
    campaign = make_campaign()
    make_targets(campaign, 10)
    address = f"/reports/pipeline?campaign={campaign.id}"
    few = queries_of(lambda: viewer.get(address))
    make_targets(campaign, 990)
    assert ">1,000</a>" in viewer.get(address).text
    assert queries_of(lambda: viewer.get(address)) == few <= 12


@pytest.mark.sqlite_only
def test_nonsense_is_refused_in_words(viewer: FlaskClient, campaign: Campaign) -> None:
    address = f"/reports/pipeline?campaign={campaign.id}"
    assert viewer.get("/reports/pipeline?campaign=999").status_code == 404
    assert "begins after" in viewer.get(f"{address}&since=2026-05-02&as_of=2026-05-01").text
    for bad in ("since=x", "as_of=2026-02-30", "team=y"):
        assert viewer.get(f"{address}&{bad}").status_code == 400
    assert viewer.get(f"/reports/activity?campaign={campaign.id}&kind=nothing").status_code == 400
