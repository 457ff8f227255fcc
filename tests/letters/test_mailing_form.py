from __future__ import annotations

import re
from html import unescape

import pytest
from flask.testing import FlaskClient

from crm.extensions import db
from crm.letters.models import Mailing
from crm.pipeline.models import Campaign
from crm.stances.models import Stance
from tests.factories.letters import make_letter_target, make_mailing, make_wording, planned
from tests.factories.stances import make_statement

IN_ENGLISH = {"fallback": "en", "zone": "UTC"}


def words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_forecast_follows_the_audience(as_officer: FlaskClient, campaign: Campaign) -> None:
    wording = make_wording(campaign, body="Dear {{name}} of {{group}}")
    make_letter_target(campaign, "No Group", group=None)
    far = make_letter_target(campaign, "Far Away", country="FR")
    data = {
        "campaign": campaign.id,
        "template": wording.template_id,
        **IN_ENGLISH,
        "sender_name": "x",
    }
    everyone = words(as_officer.post("/mailings/forecast", data=data).text)
    assert "4 letters would be written" in everyone
    assert "1 skipped: No e-mail address is known" in everyone
    assert "1 skipped: A placeholder has no value" in everyone
    french = words(as_officer.post("/mailings/forecast", data={**data, "country": "FR"}).text)
    assert "1 letter would be written" in french
    assert "Far Away" in french
    make_statement(far.contact_id, Stance.OPPOSED)
    form = as_officer.get(f"/mailings/new?campaign={campaign.id}").text
    against = next(value for value, label in re.findall(r'<option value="([^"]*)">([^<]+)', form) if "against" in label)
    asked = {"treaty": campaign.treaty_id, "stance": against}
    assert "1 letter would be written" in words(as_officer.post("/mailings/forecast", data=data | asked).text)
    # A choice of the menu stands in it again, and nothing hidden says it twice.
    again = as_officer.get("/mailings/new", query_string={"campaign": campaign.id, **asked}).text
    assert f'<option value="{against}" selected>' in again
    assert again.count('name="stance"') == again.count('name="treaty"') == 1


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "Give the mailing a name."),
        ("reply_to", "nobody", "This is not an e-mail address"),
        ("sender_name", " ", "Say whose name the letters bear."),
        ("template", "999", "Not a valid choice"),
    ],
)
def test_a_mailing_is_checked(
    as_officer: FlaskClient, campaign: Campaign, field: str, value: str, message: str
) -> None:
    wording = make_wording(campaign)
    data = {
        "campaign": campaign.id,
        "name": "Kept name",
        "template": wording.template_id,
        **IN_ENGLISH,
        "country": "ES",
    }
    data |= {"sender_name": "Olga", "reply_to": "olga@team.example", field: value}
    answer = as_officer.post("/mailings/new", data=data)
    assert answer.status_code == 422
    assert message in unescape(answer.text)
    assert field == "name" or "Kept name" in answer.text
    assert '<option value="ES" selected>' in answer.text


def test_a_draft_is_changed_and_a_planned_mailing_is_not(as_officer: FlaskClient, campaign: Campaign) -> None:
    mailing = make_mailing(campaign)
    address = f"/mailings/{mailing.id}/edit"
    form = as_officer.get(address).text
    assert f'selected value="{mailing.template_id}"' in form
    data = {
        "name": "Renamed",
        "template": mailing.template_id,
        **IN_ENGLISH,
        "sender_name": "New",
        "reply_to": "new@team.example",
    }
    as_officer.post(address, data={**data, "stage": "identified"})
    changed = db.session.get_one(Mailing, mailing.id)
    assert (changed.name, changed.audience) == ("Renamed", {"stage": "identified"})
    planned(changed)
    assert as_officer.get(address).status_code == 302
    as_officer.post(address, data={**data, "name": "Too late"})
    assert db.session.get_one(Mailing, mailing.id).name == "Renamed"
