"""A campaign that starts from another takes its templates along: the newest words, to be approved anew."""

from __future__ import annotations

import re

import sqlalchemy as sa
from flask.testing import FlaskClient

from crm.extensions import db
from crm.letters.actions import approve_wording, write_wording
from crm.letters.models import LetterTemplate, Wording
from crm.letters.queries import is_outdated, newest_wordings
from crm.pipeline.models import Campaign
from crm.policy import Role
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.letters import BODY, make_wording
from tests.factories.pipeline import make_campaign


def test_a_copy_takes_the_templates_along_where_it_is_ticked(client: FlaskClient) -> None:
    lead, approver, campaign = make_user(Role.LEAD), make_user(Role.LEAD), make_campaign()
    first = make_wording(campaign)
    template_id = first.template_id
    with unit_of_work("write", actor="test"):
        french = write_wording(template_id, "fr", "Une question", BODY, author_id=None, source_id=first.id)
        write_wording(template_id, "de", "Eine Frage", BODY, author_id=None, source_id=first.id)
        approve_wording(first.id, approver_id=approver.id)
        newest = write_wording(template_id, "en", "A better question", BODY, author_id=approver.id)
        write_wording(template_id, "fr", french.subject, BODY, author_id=None, source_id=newest.id)
    client = sign_in(client, lead)
    page = client.get(f"/campaigns/{campaign.id}/copy").text
    assert re.search(r'<input[^>]*checked[^>]*id="letters"', page)
    form = {"name": "Another", "treaty_id": campaign.treaty_id, "owner_id": lead.id}
    assert client.post(f"/campaigns/{campaign.id}/copy", data=form | {"letters": "y"}).status_code == 302
    assert client.post(f"/campaigns/{campaign.id}/copy", data=form | {"name": "Without"}).status_code == 302
    found = db.session.execute(
        sa.select(Campaign.name, LetterTemplate).join(Campaign, Campaign.id == LetterTemplate.campaign_id)
    ).all()
    assert sorted(row.name for row in found) == sorted([campaign.name, "Another"])
    (copied,) = (row.LetterTemplate for row in found if row.name == "Another")
    texts = {language: text for (language, _approach), text in newest_wordings(copied.id).items()}
    assert {language: text.subject for language, text in texts.items()} == {
        "en": "A better question",
        "fr": "Une question",
        "de": "Eine Frage",
    }
    for text in texts.values():
        assert (text.version, text.written_by_id, text.approved_at, text.frozen_at) == (1, lead.id, None, None)
    # A translation follows the new first text; one of an older text is out of date here too.
    assert texts["fr"].source_id == texts["en"].id
    assert not is_outdated(texts["fr"], texts["en"])
    assert is_outdated(texts["de"], texts["en"])
    # The old ones stay as they were.
    assert db.session.get_one(Wording, first.id).approved_by_id == approver.id
