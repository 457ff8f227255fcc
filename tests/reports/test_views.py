"""The report on screen: every figure leads to the list it counts, and the file holds no formula."""

import csv
import re
from html import unescape

import pytest
from flask.testing import FlaskClient

from crm.pipeline.models import Campaign, Stage
from crm.policy import Role
from tests.factories.accounts import make_user, sign_in
from tests.factories.directory import make_person
from tests.factories.pipeline import make_campaign, make_target, make_targets
from tests.queries import queries_of


@pytest.fixture
def viewer(client: FlaskClient) -> FlaskClient:
    return sign_in(client, make_user(Role.VIEWER))


@pytest.fixture
def campaign(client: FlaskClient) -> Campaign:
    campaign = make_campaign("=1+1 countries")
    for country, stage in (
        ("ES", Stage.IDENTIFIED),
        ("ES", Stage.CONTACTED),
        ("ES", Stage.DELIVERED),
        ("FR", Stage.COMMITTED),
        ("FR", Stage.CLOSED),
        (None, Stage.CLOSED),
    ):
        make_target(campaign, make_person(country=country), stage=stage)
    return campaign


def test_reports_begin_where_there_is_nothing(viewer: FlaskClient) -> None:
    page = viewer.get("/reports", follow_redirects=True)
    assert page.status_code == 200
    assert "Nothing to report yet" in page.text
    assert viewer.get("/reports/pipeline.csv").status_code == 404


def test_every_figure_leads_to_a_list_of_as_many(viewer: FlaskClient, campaign: Campaign) -> None:
    page = viewer.get(f"/reports/pipeline?campaign={campaign.id}").text
    figures = re.findall(r'<a href="(/campaigns/\d+/targets[^"]*)">(\d+)</a>', page)
    figures += re.findall(r'href="(/campaigns/\d+/targets[^"]*)"><span class="stat-value">(\d+)<', page)
    assert len(figures) > 20
    for address, figure in figures:
        listed = viewer.get(unescape(address)).text
        assert listed.count('<th scope="row">') == int(figure), address


def test_the_funnel_is_drawn_and_said(viewer: FlaskClient, campaign: Campaign) -> None:
    page = viewer.get(f"/reports/pipeline?campaign={campaign.id}").text
    chart = page.split('<svg class="chart"')[1].split("</svg>")[0]
    assert 'role="img"' in chart
    assert '<desc id="funnel-description">Identified: 6; Contacted: 3; In dialogue: 2;' in chart
    assert "style=" not in chart


def test_the_file_has_the_figures_and_no_formula(viewer: FlaskClient, campaign: Campaign) -> None:
    answer = viewer.get(f"/reports/pipeline.csv?campaign={campaign.id}")
    assert answer.mimetype == "text/csv"
    rows = list(csv.reader(answer.data.decode("utf-8-sig").splitlines()))
    assert rows[0] == ["Campaign", "'=1+1 countries"]
    assert ["Contacted", "3", "0.5", "1"] in rows
    assert ["Spain", "ES", "3", "2", "1", "0", "0"] in rows
    assert ["Country not known", "", "1", "0", "0", "1", "0"] in rows


def test_the_report_costs_as_many_statements_for_a_thousand_targets_as_for_ten(viewer: FlaskClient) -> None:
    campaign = make_campaign()
    make_targets(campaign, 10)
    address = f"/reports/pipeline?campaign={campaign.id}"
    assert ">10</span>" in viewer.get(address).text
    few = queries_of(lambda: viewer.get(address))
    make_targets(campaign, 990)
    assert ">1,000</span>" in viewer.get(address).text
    assert queries_of(lambda: viewer.get(address)) == few > 2


def test_a_report_of_no_campaign_is_not_found(viewer: FlaskClient, campaign: Campaign) -> None:
    assert viewer.get("/reports/pipeline?campaign=999").status_code == 404
