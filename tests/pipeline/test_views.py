"""The screens of a campaign: what they show, who may change what, and what happens to what was typed."""

import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from crm import clock
from crm.extensions import db
from crm.pipeline.actions import move_target
from crm.pipeline.forms import next_week
from crm.pipeline.models import Campaign, CloseReason, Priority, Stage, StageMove, Target
from crm.pipeline.queries import COLUMN_SIZE
from crm.policy import Role
from crm.stances.models import Stance
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person
from tests.factories.pipeline import make_campaign, make_contacts, make_target, make_targets
from tests.factories.stances import make_statement
from tests.queries import queries_of


@pytest.fixture
def officer(client: FlaskClient) -> FlaskClient:
    return sign_in(client, make_user(Role.OFFICER))


def stage_of(target: Target) -> Stage:
    db.session.expire_all()
    return db.session.get_one(Target, target.id).stage


def test_a_lead_starts_a_campaign_and_what_was_typed_is_kept_on_an_error(client: FlaskClient) -> None:
    taken = make_campaign("Ratify now")
    user = make_user(Role.LEAD)
    sign_in(client, user)
    form = {"name": "Ratify now", "treaty_id": taken.treaty_id, "owner_id": user.id, "goal": "One <more> state"}
    refused = client.post("/campaigns/new", data=form)
    assert refused.status_code == 422
    assert "Another campaign has this name" in refused.text
    assert "One &lt;more&gt; state" in refused.text
    started = client.post("/campaigns/new", data={**form, "name": "Ratify soon", "goal_by": "2028-07-01"})
    assert started.status_code == 302
    campaign = db.session.scalars(sa.select(Campaign).where(Campaign.name == "Ratify soon")).one()
    assert (campaign.goal, str(campaign.goal_by), campaign.owner_id) == ("One <more> state", "2028-07-01", user.id)
    page = client.get(started.location)
    assert "One &lt;more&gt; state" in page.text
    assert "No targets yet" in page.text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.TRANSLATOR, Role.OFFICER])
def test_only_leads_start_campaigns(client: FlaskClient, role: Role) -> None:
    sign_in(client, make_user(role))
    assert "New campaign" not in client.get("/campaigns").text
    assert client.get("/campaigns/new").status_code == 403


def test_a_viewer_sees_the_board_and_moves_nobody(client: FlaskClient) -> None:
    target = make_target()
    sign_in(client, make_user(Role.VIEWER))
    board = client.get(f"/campaigns/{target.campaign_id}/board")
    assert board.status_code == 200
    assert target.contact.name in board.text
    assert "<option" not in board.text.split('class="board"')[1]
    for address, form in (
        (f"/targets/{target.id}/move", {"stage": "contacted"}),
        (f"/targets/{target.id}/to/closed", {"reason": "declined"}),
        (f"/targets/{target.id}", {"next_step": "Call"}),
        (f"/campaigns/{target.campaign_id}/targets/move", {"stage": "contacted", "target": target.id}),
        (f"/campaigns/{target.campaign_id}/targets/assign", {"owner": 0, "target": target.id}),
        (f"/campaigns/{target.campaign_id}/targets/add", {"country": "ES"}),
        (f"/contacts/{target.contact_id}/targets", {"campaign": target.campaign_id}),
    ):
        assert client.post(address, data=form).status_code == 403, address
    assert stage_of(target) is Stage.IDENTIFIED
    assert client.get(f"/targets/{target.id}").status_code == 200


def test_a_card_moves_back_to_the_filtered_board_it_came_from(officer: FlaskClient) -> None:
    target = make_target()
    board = f"/campaigns/{target.campaign_id}/board?country=ES"
    moved = officer.post(f"/targets/{target.id}/move", data={"stage": "convinced", "from": "identified", "next": board})
    assert moved.location == board
    assert stage_of(target) is Stage.CONVINCED
    shown = officer.get(board).text
    assert "moved to “Convinced”" in shown
    foreign = officer.post(f"/targets/{target.id}/move", data={"stage": "contacted", "next": "https://evil.example/"})
    assert foreign.location == f"/campaigns/{target.campaign_id}/board"


def test_a_move_is_undone_from_its_toast(officer: FlaskClient) -> None:
    target = make_target()
    board = f"/campaigns/{target.campaign_id}/board"
    shown = officer.post(
        f"/targets/{target.id}/move", data={"stage": "convinced", "next": board}, follow_redirects=True
    ).text
    undo = re.search(r'action="(/audit/\d+/undo)"', shown)
    assert undo is not None
    officer.post(undo.group(1))
    assert stage_of(target) is Stage.IDENTIFIED
    assert db.session.scalar(sa.select(sa.func.count()).select_from(StageMove)) == 1


def test_a_card_somebody_else_moved_meanwhile_stays(officer: FlaskClient) -> None:
    target = make_target()
    with unit_of_work("move", actor="test"):
        move_target(target.id, Stage.CONVINCED)
    answer = officer.post(
        f"/targets/{target.id}/move", data={"stage": "contacted", "from": "identified"}, follow_redirects=True
    )
    assert "somebody else moved" in answer.text
    assert stage_of(target) is Stage.CONVINCED


def test_closing_asks_for_a_reason(officer: FlaskClient) -> None:
    target = make_target()
    asked = officer.post(f"/targets/{target.id}/move", data={"stage": "closed"})
    assert asked.location == f"/targets/{target.id}/to/closed"
    refused = officer.post(f"/targets/{target.id}/to/closed", data={"note": "on the phone"})
    assert refused.status_code == 422
    assert "on the phone" in refused.text
    assert stage_of(target) is Stage.IDENTIFIED
    officer.post(f"/targets/{target.id}/to/closed", data={"reason": "declined", "note": "on the phone"})
    assert stage_of(target) is Stage.CLOSED
    assert "on the phone" in officer.get(f"/targets/{target.id}").text
    officer.post(f"/targets/{target.id}/reopen", data={"note": "a new adviser"})
    assert stage_of(target) is Stage.IDENTIFIED


def test_what_comes_next_is_saved_with_its_day(officer: FlaskClient) -> None:
    target = make_target()
    owner = make_user()
    form = {"ask": "Sponsor the motion", "next_step": "Call", "next_step_due": "2030-01-02"}
    officer.post(f"/targets/{target.id}", data={**form, "owner_id": owner.id, "priority": "high"})
    saved = db.session.get_one(Target, target.id)
    assert (saved.ask, saved.next_step, str(saved.next_step_due)) == ("Sponsor the motion", "Call", "2030-01-02")
    assert (saved.owner_id, saved.priority) == (owner.id, Priority.HIGH)
    wrong = officer.post(
        f"/targets/{target.id}",
        data={**form, "next_step": "Write again", "next_step_due": "soon", "owner_id": 0, "priority": "normal"},
    )
    assert wrong.status_code == 422
    assert "Write again" in wrong.text


def test_the_board_shows_the_first_of_each_column_by_what_is_due(officer: FlaskClient) -> None:
    campaign = make_campaign()
    make_targets(campaign, COLUMN_SIZE + 4)
    today = clock.today()
    make_target(campaign, make_person("Zoe Later"), next_step="Call", next_step_due=today + timedelta(days=3))
    make_target(campaign, make_person("Ann Late"), next_step="Write", next_step_due=today - timedelta(days=2))
    make_target(campaign, make_person("Yves Urgent"), priority=Priority.HIGH)
    make_target(campaign, make_person("Bo Done"), stage=Stage.DELIVERED)
    board = officer.get(f"/campaigns/{campaign.id}/board").text
    first = board.split('data-stage="identified"')[1].split('data-stage="contacted"')[0]
    assert first.count("data-target-id") == COLUMN_SIZE
    assert first.index("Ann Late") < first.index("Zoe Later") < first.index("Yves Urgent") < first.index("Contact ")
    assert "Overdue:" in first
    assert f"Show more of {COLUMN_SIZE + 7}" in first
    assert "Bo Done" in board.split('data-stage="delivered"')[1]


def test_cards_and_rows_show_where_somebody_stands_as_the_readers_team_sees_it(client: FlaskClient) -> None:
    campaign = make_campaign()
    vera, carl = make_person("Vera Vocal"), make_person("Carl Calm")
    make_target(campaign, vera)
    make_target(campaign, carl)
    make_statement(vera.id, Stance.OPPOSED, date(2026, 5, 1))
    make_statement(vera.id, Stance.CHAMPION)
    make_statement(carl.id, Stance.OPPOSED, team_id=make_user(team="Others").team_id)
    sign_in(client, make_user(Role.OFFICER))
    for page in ("board", "board/identified", "targets"):
        text = client.get(f"/campaigns/{campaign.id}/{page}").text
        assert "Carl Calm" in text
        assert (text.count(">Champion</span>"), text.count(">Opposed</span>")) == (1, 0), page
        assert text.count(">contradicted</small>") == 1, page


def test_the_list_narrows_by_everything_it_offers(officer: FlaskClient) -> None:
    campaign = make_campaign()
    owner = make_user()
    late = clock.today() - timedelta(days=1)
    make_target(campaign, make_person("Ana Ruiz", country="ES"), owner_id=owner.id, next_step="x", next_step_due=late)
    make_target(campaign, make_person("Eva Novák", country="CZ", group="Red Group"), stage=Stage.COMMITTED)
    make_target(campaign, make_person("Jan Kos", country="CZ"), stage=Stage.CLOSED)
    make_target(make_campaign(), make_person("Not Here"))
    everyone = {"Ana Ruiz", "Eva Novák", "Jan Kos", "Not Here"}
    red = db.session.scalars(sa.select(Target).where(Target.stage == Stage.COMMITTED)).one().contact.group_id
    for query, expected in {
        "": {"Ana Ruiz", "Eva Novák", "Jan Kos"},
        "stage=committed": {"Eva Novák"},
        "stage=committed,closed": {"Eva Novák", "Jan Kos"},
        "reached=contacted": {"Eva Novák"},
        "reached=identified": {"Ana Ruiz", "Eva Novák", "Jan Kos"},
        f"owner={owner.id}": {"Ana Ruiz"},
        "owner=0": {"Eva Novák", "Jan Kos"},
        "country=CZ": {"Eva Novák", "Jan Kos"},
        f"group={red}": {"Eva Novák"},
        "text=novak": {"Eva Novák"},
        "overdue=yes": {"Ana Ruiz"},
        "priority=high": set(),
        "stage=committed&stage=closed": {"Eva Novák", "Jan Kos"},
        "country=CZ&stage=closed&sort=name": {"Jan Kos"},
    }.items():
        text = officer.get(f"/campaigns/{campaign.id}/targets?{query}").text
        assert {name for name in everyone if name in text} == expected, query
    for nonsense in ("stage=won", "reached=closed", "owner=me", "overdue=no", "sort=age", "country=ZZ"):
        assert officer.get(f"/campaigns/{campaign.id}/targets?{nonsense}").status_code == 400, nonsense


@pytest.mark.parametrize("sort", ["due", "priority", "name", "country", "moved"])
def test_the_pages_of_the_list_hold_everyone_once(officer: FlaskClient, sort: str) -> None:
    campaign = make_campaign()
    ids = make_targets(campaign, 120)
    make_target(campaign, next_step="x", next_step_due=clock.today(), priority=Priority.HIGH)
    address: str | None = f"/campaigns/{campaign.id}/targets?sort={sort}"
    seen: list[str] = []
    while address:
        text = officer.get(address).text
        seen += [part.split('"')[0] for part in text.split('name="target" value="')[1:]]
        after = text.split('rel="next" href="')[1:]
        address = after[0].split('"')[0].replace("&amp;", "&") if after else None
    assert len(seen) == len(set(seen)) == len(ids) + 1


def test_a_broad_filter_is_counted_so_far_and_no_further(officer: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("queries", "views"):
        monkeypatch.setattr(f"crm.pipeline.{module}.targets.COUNT_LIMIT", 2)
    campaign = make_campaign()
    make_targets(campaign, 3)
    address = f"/campaigns/{campaign.id}/targets"
    assert "more than 2 targets" in officer.get(f"{address}?stage=identified").text
    assert "3 targets" in officer.get(address).text
    assert "0 targets" in officer.get(f"{address}?stage=committed").text


def test_ticked_targets_move_together_and_only_in_their_campaign(officer: FlaskClient) -> None:
    campaign = make_campaign()
    ids = [make_target(campaign).id, make_target(campaign, stage=Stage.CONTACTED).id]
    foreign = make_target()
    address = f"/campaigns/{campaign.id}/targets/move"
    form = {"target": [*ids, foreign.id], "the_stage": "contacted"}
    answer = officer.post(address, data=form, follow_redirects=True)
    assert "1 target moved to “Contacted”." in answer.text
    assert "1 stayed" in answer.text
    assert stage_of(foreign) is Stage.IDENTIFIED
    assert (
        "tick the targets first" in officer.post(address, data={"the_stage": "contacted"}, follow_redirects=True).text
    )
    unsaid = officer.post(address, data={"target": ids, "the_stage": "closed"}, follow_redirects=True)
    assert "choose the reason" in unsaid.text
    officer.post(address, data={"target": ids, "the_stage": "closed", "the_reason": "mandate_ended"})
    db.session.expire_all()
    reasons = db.session.scalars(sa.select(Target.close_reason).where(Target.campaign_id == campaign.id)).all()
    assert reasons == [CloseReason.MANDATE_ENDED] * 2
    # What “committed” stands on is asked for where one is ticked alone; of several it is said who stays, still ticked.
    ids = [make_target(campaign).id for _ in range(2)]
    alone = officer.post(address, data={"target": ids[:1], "the_stage": "committed"})
    assert alone.location == f"/targets/{ids[0]}/to/committed?next=/campaigns/{campaign.id}/targets"
    both = officer.post(address, data={"target": ids, "the_stage": "committed"})
    assert both.location == f"/campaigns/{campaign.id}/targets"
    assert "2 stayed: what they promised is not written down yet" in officer.get(both.location).text
    # One step further from the board, whatever its choice of stages shows.
    officer.post(f"/targets/{ids[0]}/move", data={"from": "identified", "to": "contacted", "stage": "identified"})
    assert stage_of(db.session.get_one(Target, ids[0])) is Stage.CONTACTED
    owner = make_user(name="Olga Owner")
    given = officer.post(
        f"/campaigns/{campaign.id}/targets/assign", data={"target": ids, "the_owner": owner.id}, follow_redirects=True
    )
    assert "2 targets given to Olga Owner." in given.text


def test_adding_by_a_filter_says_how_many_before_and_after(officer: FlaskClient) -> None:
    campaign = make_campaign()
    make_contacts(7, country="ES")
    make_contacts(2, country="FR")
    address = f"/campaigns/{campaign.id}/targets/add"
    assert officer.post(address, data={}).status_code == 400
    assert "7 targets would be added" in officer.get(f"{address}?country=ES").text
    assert "7 targets added." in officer.post(address, data={"country": "ES"}, follow_redirects=True).text
    make_contacts(1, country="ES")
    again = officer.get(f"{address}?country=ES").text
    assert "1 target would be added" in again
    assert "7 of them are in the campaign already" in again
    assert (
        "1 target added. 7 were there already."
        in officer.post(address, data={"country": "ES"}, follow_redirects=True).text
    )
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Target)) == 8


def test_one_contact_is_added_from_its_own_page(officer: FlaskClient) -> None:
    campaign = make_campaign()
    contact_id = make_contacts(1)[0]
    address = f"/contacts/{contact_id}/targets"
    assert "Added to" in officer.post(address, data={"campaign": campaign.id}, follow_redirects=True).text
    assert "Already a target" in officer.post(address, data={"campaign": campaign.id}, follow_redirects=True).text
    assert officer.post(address, data={"campaign": 999}).status_code == 404
    assert officer.post("/contacts/999/targets", data={"campaign": campaign.id}).status_code == 404
    assert db.session.scalar(sa.select(sa.func.count()).select_from(StageMove)) == 1


def test_a_screen_costs_as_many_statements_for_a_thousand_targets_as_for_ten(
    officer: FlaskClient,
) -> None:
    campaign = make_campaign()
    pages = [
        "/campaigns",
        *(f"/campaigns/{campaign.id}{page}" for page in ("", "/board", "/targets", "/targets?sort=name&text=con")),
        f"/campaigns/{campaign.id}/targets/add?country=ES",
    ]

    def costs() -> dict[str, int]:
        return {page: queries_of(lambda: officer.get(page)) for page in pages}  # noqa: B023 - called at once

    make_targets(campaign, 10)
    assert {officer.get(page).status_code for page in pages} == {200}
    few = costs()
    make_targets(campaign, 990)
    assert costs() == few
    assert min(few.values()) > 2
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Target)) == 1000


def test_next_week_is_never_tomorrow() -> None:
    thursday, sunday = date(2026, 11, 19), date(2026, 11, 22)
    assert next_week(thursday) == date(2026, 11, 23)
    assert next_week(sunday) == date(2026, 11, 30)
