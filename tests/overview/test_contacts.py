"""The list of contacts and search, as an officer reads them."""

from __future__ import annotations

import re
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.exports.list_columns import COLUMNS
from crm.pipeline.models import Stage
from crm.policy import Role
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_organization, make_person, organization_named
from tests.factories.pipeline import make_campaign, make_target
from tests.queries import queries_of


@pytest.fixture
def officer(client: FlaskClient) -> FlaskClient:
    officer = sign_in(client, make_user())
    officer.get("/contacts")
    return officer


def names(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a [^>]*><bdi>([^<]*)</bdi>', page)


def test_an_empty_directory_offers_the_next_step(officer: FlaskClient) -> None:
    page = officer.get("/contacts").text
    assert "Nobody is here yet" in page
    assert 'href="/contacts/new"' in page


def test_the_list_shows_what_is_known_and_marks_who_left(officer: FlaskClient) -> None:
    make_person("Ada Álvaro", country="ES", group="Green Group", party="Verdes", email="ada@parliament.example")
    make_person("Bo Berg", country="SE", group=None, ended=date(2024, 9, 1))
    page = officer.get("/contacts?kind=person").text
    assert names(page) == ["Ada Álvaro", "Bo Berg"]
    for shown in ("2 people", "Spain", "Green Group", "Verdes", "mailto:ada@parliament.example"):
        assert shown in page
    assert page.count("Mandate ended</span>") == 1


def test_filters_live_in_the_address_and_each_can_be_taken_away(officer: FlaskClient) -> None:
    make_person("Ada Álvaro", country="ES")
    make_person("Bo Berg", country="SE")
    page = officer.get("/contacts?country=SE&text=berg&sort=-name").text
    assert names(page) == ["Bo Berg"]
    assert re.search(r'name="country" value="SE" checked[^>]*><label[^>]*><bdi>Sweden<', page)
    assert 'value="berg"' in page
    assert 'href="/contacts?text=berg&amp;sort=-name"' in page
    both = officer.get("/contacts?country=SE&country=ES").text
    assert names(both) == ["Ada Álvaro", "Bo Berg"]
    assert 'href="/contacts?country=SE"' in both
    nobody = officer.get("/contacts?text=nobody").text
    assert "No contact passes these filters" in nobody


def test_people_come_first_and_organizations_when_asked_for(officer: FlaskClient) -> None:
    make_person("Ada Álvaro", party="Verdes")
    assert names(officer.get("/contacts").text) == ["Ada Álvaro"]
    organizations = names(officer.get("/contacts?kind=organization").text)
    assert "Verdes" in organizations
    assert "Ada Álvaro" not in organizations
    assert set(names(officer.get("/contacts?kind=all").text)) == {"Ada Álvaro", *organizations}
    # A category says the kind itself.
    assert names(officer.get("/contacts?category=party").text) == ["Verdes"]
    nobody = officer.get("/contacts?text=zzz+verdes").text
    assert "No contact passes these filters" in nobody
    elsewhere = officer.get("/contacts?kind=organization&text=alvaro").text
    assert "Among all contacts there are 1 that do." in elsewhere
    assert 'href="/contacts?text=alvaro&amp;kind=all"' in elsewhere


def test_targets_of_a_campaign_at_a_stage(officer: FlaskClient) -> None:
    campaign = make_campaign("Malta ratifies")
    campaign_id = campaign.id
    ada = make_person("Ada Álvaro")
    bo = make_person("Bo Berg")
    make_person("Cy Cohen")
    make_target(campaign, ada)
    make_target(campaign, bo, stage=Stage.CONVINCED)
    page = officer.get(f"/contacts?campaign={campaign_id}").text
    assert names(page) == ["Ada Álvaro", "Bo Berg"]
    assert "Target in: <strong><bdi>Malta ratifies</bdi>" in page
    assert names(officer.get(f"/contacts?campaign={campaign_id}&stage=convinced,committed").text) == ["Bo Berg"]
    assert names(officer.get("/contacts?stage=identified").text) == ["Ada Álvaro"]
    assert officer.get("/contacts?stage=nowhere").status_code == 400
    assert "a campaign that is gone" in officer.get("/contacts?campaign=4711").text


def test_the_script_gets_the_results_alone(officer: FlaskClient) -> None:
    make_person("Ada Álvaro")
    part = officer.get("/contacts?text=ada", headers={"X-Partial": "1"}).text
    assert names(part) == ["Ada Álvaro"]
    assert "<html" not in part
    assert 'id="text"' not in part


def test_a_menu_is_a_piece_for_the_script_and_a_page_without_it(officer: FlaskClient) -> None:
    make_person("Ada Álvaro", country="ES")
    make_person("Bo Berg", country="SE")
    part = officer.get("/contacts/filters/country?country=SE&text=x", headers={"X-Partial": "1"}).text
    assert re.findall(r'value="(\w\w)"( checked)?', part) == [("SE", " checked"), ("ES", "")]
    found = officer.get("/contacts/filters/country?find=spa", headers={"X-Partial": "1"}).text
    assert re.findall(r'value="(\w\w)"', found) == ["ES"]
    page = officer.get("/contacts/filters/country?text=x&country=SE&sort=-name").text
    assert '<input type="hidden" name="text" value="x">' in page
    assert '<input type="hidden" name="sort" value="-name">' in page
    assert officer.get("/contacts/filters/nonsense").status_code == 404
    for name in ("campaign", "stage", "source", "tag"):
        assert officer.get(f"/contacts/filters/{name}").status_code == 200


def test_the_list_costs_the_same_with_every_filter_and_column(app: Flask, officer: FlaskClient) -> None:
    make_campaign("Malta ratifies")
    ada = make_person("Ada Álvaro", party="Verdes")
    group_id, party_id = ada.group_id, ada.party_id
    everything = (
        f"/contacts?text=a&country=ES,SE&group={group_id}&party={party_id}&institution={group_id}&tag=1&assigned=0,1"
        "&campaign=1&stage=identified&kind=all&cursor="
    )
    columns = ",".join(COLUMNS)
    assert queries_of(lambda: officer.get(f"{everything}&columns={columns}")) <= 12


def test_a_damaged_filter_is_a_clear_error(officer: FlaskClient) -> None:
    answer = officer.get("/contacts?country=Atlantis")
    assert answer.status_code == 400
    assert "country cannot be Atlantis" in answer.text
    assert officer.get("/contacts?cursor=nonsense").status_code == 400
    assert officer.get("/contacts?sort=nonsense").status_code == 200


def test_pages_walk_through_the_whole_list(officer: FlaskClient) -> None:
    for number in range(53):
        make_person(f"Ada Person{number:02}", group=None, parliament=None)
    page = officer.get("/contacts?kind=person").text
    assert "50 of 53 people" in page
    onwards = re.search(r'rel="next" href="([^"]*)"', page)
    assert onwards is not None
    rest = officer.get(onwards[1].replace("&amp;", "&")).text
    assert names(page) + names(rest) == [f"Ada Person{number:02}" for number in range(53)]
    assert "3 on this page, 53 people in all" in rest


def test_the_list_costs_the_same_at_any_length(app: Flask, officer: FlaskClient) -> None:
    make_person(party="Verdes")
    few = queries_of(lambda: officer.get("/contacts?text=ada"))
    for _ in range(60):
        make_person(party="Verdes")
    assert queries_of(lambda: officer.get("/contacts?text=ada")) == few
    assert few <= 12


def test_a_viewer_is_offered_no_changes(client: FlaskClient) -> None:
    viewer = sign_in(client, make_user(Role.VIEWER))
    person = make_person()
    assert "/contacts/new" not in viewer.get("/contacts").text
    page = viewer.get(f"/contacts/{person.id}?edit=details").text
    assert "edit=details#details" not in page
    assert 'name="family_name"' not in page
    assert viewer.post("/contacts/new").status_code == 403


def test_a_name_is_shown_as_text(officer: FlaskClient) -> None:
    organization_named("<script>alert(1)</script>", make_organization().category)
    for address in ("/contacts?kind=all", "/search?q=script"):
        page = officer.get(address).text
        assert "&lt;script&gt;" in page
        assert "<script>alert" not in page
