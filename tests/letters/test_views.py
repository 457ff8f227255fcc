from __future__ import annotations

import csv
import io
import re
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from crm.accounts.models import User
from crm.extensions import db
from crm.letters.actions import write_wording
from crm.letters.jobs import plan
from crm.letters.models import Letter, LetterTemplate, Mailing, MailingState, Wording
from crm.outbox.models import MessageState
from crm.pipeline.models import Campaign
from crm.policy import Role
from crm.unit_of_work import unit_of_work
from tests.factories.accounts import make_user, sign_in
from tests.factories.letters import approved, deliver, make_letter_target, make_mailing, make_wording, planned
from tests.letters.test_mailing_form import words
from tests.queries import queries_of


def figures(page: str) -> list[int]:
    """The ledger on a page: planned, skipped, waiting, sent, failed, held, cancelled."""
    return [int(number) for number in re.findall(r'class="stat-value">(\d+)<', page)]


NAMED = {"name": "First letter", "purpose": "", "source_language": "en", "approach": "general"}
WORDING = {"subject": "To {{name}}", "body": "Dear {{name}}", "formality": "standard"}


def place(wording: Wording, language: str = "en", approach: str = "general") -> str:
    """The address of a wording's editor."""
    return f"/letters/templates/{wording.template_id}/{language}/{approach}"


def write(client: FlaskClient, campaign: Campaign, **words: str) -> str:
    """Name a new letter and write its first text; the address of its editor."""
    address = client.post("/letters/templates/new", data={**NAMED, "campaign_id": campaign.id}).location
    assert client.post(address, data={**WORDING, **words}).status_code == 302
    return address


def test_from_a_wording_to_a_finished_mailing(
    as_officer: FlaskClient, as_lead: FlaskClient, campaign: Campaign
) -> None:
    campaign_id = campaign.id
    address = write(as_officer, campaign)
    template_id = db.session.scalars(sa.select(LetterTemplate.id)).one()
    assert address == f"/letters/templates/{template_id}/en/general"
    form = as_officer.get(f"/mailings/new?campaign={campaign_id}").text
    assert 'value="Olga Officer"' in form
    assert 'value="olga@team.example"' in form
    assert "3 letters would be written" in words(form)
    mailing_data = {
        "campaign": campaign_id,
        "name": "Hello",
        "template": template_id,
        "fallback": "en",
        "zone": "Europe/Brussels",
        "sender_name": "Olga Officer",
        "reply_to": "olga@team.example",
        "plan": "yes",
    }
    location = as_officer.post("/mailings/new", data=mailing_data).location
    mailing_id = int(location.rpartition("/")[2])
    page = as_officer.get(location).text
    assert "Being planned" in page
    assert f'data-poll="/mailings/{mailing_id}/progress"' in page
    plan(mailing_id)
    progress = as_officer.get(f"/mailings/{mailing_id}/progress", headers={"X-Partial": "1"})
    assert progress.headers["X-Poll"] == "stop"
    assert figures(progress.text) == [4, 1, 3, 0, 0, 0, 0]
    assert "Approve and send" not in progress.text
    assert as_officer.post(f"/mailings/{mailing_id}/approve").status_code == 403
    assert "2 letters to open before you approve" in words(as_lead.get(location).text)
    as_lead.post(f"/mailings/{mailing_id}/approve")
    assert "Open every letter of the sample first" in as_lead.get(location).text
    for left in ("1 left", "opened every letter of the sample"):
        letter = as_lead.get(f"/mailings/{mailing_id}/sample").location
        assert left in words(as_lead.get(letter).text)
    assert as_lead.get(f"/mailings/{mailing_id}/sample").location == f"{location}#approval"
    assert "Approve and send" in as_lead.get(location).text
    assert as_lead.post(f"/mailings/{mailing_id}/approve").location == location
    sending = as_lead.get(f"/mailings/{mailing_id}/progress", headers={"X-Partial": "1"})
    assert "X-Poll" not in sending.headers
    mailing = db.session.get_one(Mailing, mailing_id)
    deliver(mailing, MessageState.FAILED, ["Cy Roth"], reply="550 no such user")
    deliver(mailing, MessageState.SENT)
    done = as_lead.get(f"/mailings/{mailing_id}/progress", headers={"X-Partial": "1"})
    assert done.headers["X-Poll"] == "stop"
    assert figures(done.text) == [4, 1, 0, 2, 1, 0, 0]
    failed = as_lead.get(f"/mailings/{mailing_id}?outcome=failed").text
    assert "Cy Roth" in failed
    assert "550 no such user" in failed
    assert "Bo Lund" not in failed
    assert "Finished" in as_lead.get("/letters").text


def test_pause_resume_and_cancel(as_officer: FlaskClient, campaign: Campaign) -> None:
    mailing = approved(planned(make_mailing(campaign)))
    page = f"/mailings/{mailing.id}"
    shown_before = {"seen": "paused:"}
    as_officer.post(f"{page}/resume", data=shown_before)
    assert "Somebody else was faster" in as_officer.get(page).text
    for action, shown in (("pause", "Paused"), ("resume", "About to go on"), ("cancel", "Cancelled")):
        assert as_officer.post(f"{page}/{action}").status_code == 302
        assert shown in as_officer.get(page).text
    assert as_officer.post(f"{page}/resume").status_code == 302
    assert "Somebody else was faster" in as_officer.get(page).text


def test_a_lead_does_not_approve_their_own_mailing(
    app: Flask, as_lead: FlaskClient, lead: User, campaign: Campaign
) -> None:
    make_user(Role.LEAD, name="Second Lead")
    mailing = planned(make_mailing(campaign, officer=lead))
    page = f"/mailings/{mailing.id}"
    assert "Approve and send" not in as_lead.get(page).text
    as_lead.post(f"{page}/approve")
    assert "somebody else has to approve it" in as_lead.get(page).text
    assert db.session.get_one(Mailing, mailing.id).state is MailingState.AWAITING_APPROVAL


def test_the_editor_keeps_what_was_typed_and_says_what_to_mend(as_officer: FlaskClient, campaign: Campaign) -> None:
    address = as_officer.post("/letters/templates/new", data={**NAMED, "campaign_id": campaign.id}).location
    answer = as_officer.post(address, data={**WORDING, "subject": "", "body": "a <b>long</b> letter"})
    assert answer.status_code == 422
    assert "Give the letter a subject." in answer.text
    assert "a &lt;b&gt;long&lt;/b&gt; letter" in answer.text
    assert db.session.scalar(sa.select(sa.func.count(Wording.id))) == 0


def test_a_wording_with_a_fault_is_saved_but_not_planned(as_officer: FlaskClient, campaign: Campaign) -> None:
    location = write(as_officer, campaign, body="Hello\n\nDear {{nmae}}")
    assert "Line 3: There is no placeholder “nmae”" in unescape(as_officer.get(location).text)
    template_id = db.session.scalars(sa.select(LetterTemplate.id)).one()
    mailing_data = {
        "name": "x",
        "template": template_id,
        "fallback": "en",
        "zone": "UTC",
        "sender_name": "x",
        "reply_to": "x@team.example",
    }
    answer = as_officer.post("/mailings/new", data={**mailing_data, "campaign": campaign.id, "plan": "yes"})
    page = as_officer.get(answer.location).text
    assert "Saved as a draft. The text of the template has faults" in page
    assert db.session.scalars(sa.select(Mailing.state)).one() is MailingState.DRAFT


def test_somebody_else_saved_meanwhile(as_officer: FlaskClient, campaign: Campaign) -> None:
    wording = make_wording(campaign, body="first")
    address = place(wording)
    seen = re.search(r'name="seen"[^>]*value="([^"]*)"', as_officer.get(address).text)
    assert seen
    with unit_of_work("write", actor="test"):
        write_wording(wording.template_id, "en", "s", "theirs", author_id=None)
    data = {**WORDING, "body": "mine", "seen": seen[1]}
    answer = as_officer.post(address, data=data)
    assert answer.status_code == 409
    assert "mine</textarea>" in answer.text
    assert "theirs" in answer.text
    again = re.search(r'name="seen"[^>]*value="([^"]*)"', answer.text)
    assert again
    assert as_officer.post(address, data={**data, "seen": again[1]}).status_code == 302
    bodies = db.session.scalars(sa.select(Wording.body).order_by(Wording.version)).all()
    assert bodies == ["theirs", "mine"]  # nobody writes over what another author saved


def test_a_letter_shows_its_exact_words(as_officer: FlaskClient, campaign: Campaign) -> None:
    mailing = planned(make_mailing(campaign))
    written, skipped = (
        db.session.scalars(sa.select(Letter.id).where(Letter.mailing_id == mailing.id, condition)).first()
        for condition in (Letter.skip_reason.is_(None), Letter.skip_reason.is_not(None))
    )
    page = as_officer.get(f"/letters/{written}").text
    assert "A question to Ana Ruiz" in page
    assert "Dear Ana Ruiz,\n\nwill you support the Migrant Workers Convention?" in page
    document = as_officer.get(f"/letters/{written}/document")
    assert "<strong>Ana Ruiz</strong>" in document.text
    assert "sandbox" in document.headers["Content-Security-Policy"]
    assert "script-src" not in document.headers["Content-Security-Policy"]
    assert document.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "No e-mail address is known" in as_officer.get(f"/letters/{skipped}").text
    assert as_officer.get(f"/letters/{skipped}/document").status_code == 404
    assert as_officer.get("/letters/999999").status_code == 404


def test_the_table_file_has_every_letter_and_no_formula(as_officer: FlaskClient, campaign: Campaign) -> None:
    make_letter_target(campaign, "=HYPERLINK(1) Evil")
    mailing = approved(planned(make_mailing(campaign)))
    deliver(mailing, MessageState.FAILED, ["Bo Lund"], reply='-550 no, "really"\nnot')
    answer = as_officer.get(f"/mailings/{mailing.id}/letters.csv")
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["outcome"] for row in rows] == ["Waiting", "Failed", "Waiting", "Skipped", "Waiting"]
    assert rows[1]["server said"] == '\'-550 no, "really"\nnot'
    assert rows[3]["reason"] == "No e-mail address is known"
    assert rows[4]["name"] == "'=HYPERLINK(1) Evil"
    only = as_officer.get(f"/mailings/{mailing.id}/letters.csv?outcome=failed").text
    assert len(only.strip().splitlines()) == 3


@pytest.mark.parametrize("address", ["/letters/templates/new", "/mailings/new", "/letters/wordings/1/approve"])
def test_a_viewer_reads_and_writes_nothing(app: Flask, client: FlaskClient, campaign: Campaign, address: str) -> None:
    mailing = planned(make_mailing(campaign))
    viewer = sign_in(client, make_user(Role.VIEWER))
    for readable in ("/letters", f"/letters/templates/{mailing.template_id}", "/letters/translations"):
        assert viewer.get(readable).status_code == 200
    page = viewer.get(f"/mailings/{mailing.id}").text
    assert 'method="post"' not in page.partition("<main")[2].partition("</main>")[0]
    assert viewer.post(address).status_code == 403
    assert viewer.post(f"/mailings/{mailing.id}/cancel").status_code == 403


def test_a_translator_writes_but_does_not_send(client: FlaskClient, campaign: Campaign) -> None:
    wording = make_wording(campaign)
    translator = sign_in(client, make_user(Role.TRANSLATOR))
    assert translator.get(place(wording, "fr")).status_code == 200
    data = {**WORDING, "subject": "Bonjour", "body": "Bonjour {{name}}", "source_id": wording.id, "up_to_date": "y"}
    assert translator.post(place(wording, "fr"), data=data).status_code == 302
    assert set(db.session.scalars(sa.select(Wording.language))) == {"en", "fr"}
    assert translator.get("/mailings/new").status_code == 403


def test_a_list_of_targets_leads_to_a_letter_to_them(as_officer: FlaskClient, campaign: Campaign) -> None:
    campaign_id = campaign.id
    page = as_officer.get(f"/campaigns/{campaign_id}/targets?country=ES&stage=identified").text
    link = f"/mailings/new?campaign={campaign_id}&stage=identified&country=ES"
    assert link in unescape(page)
    make_wording(campaign)
    form = as_officer.get(link).text
    assert '<option value="ES" selected>' in form
    assert '<option value="identified" selected>' in form


def test_pages_cost_the_same_queries_for_few_letters_and_for_many(as_officer: FlaskClient, campaign: Campaign) -> None:
    pages = ("/letters", "/mailings/{}", "/mailings/{}/progress", "/mailings/new?campaign={}", "/letters/templates/{}")
    costs = []
    for _round in range(2):
        mailing = planned(make_mailing(campaign))
        numbers = (None, mailing.id, mailing.id, campaign.id, mailing.template_id)
        addresses = [page.format(number) for page, number in zip(pages, numbers, strict=True)]
        costs.append([queries_of(lambda page=page: as_officer.get(page)) for page in addresses])  # type: ignore[misc]
        for number in range(5):
            make_letter_target(campaign, f"More N{number}", group=f"Group {number}", country="FR")
    assert costs[0] == costs[1]


def test_without_a_campaign_the_screens_say_what_to_do(as_officer: FlaskClient) -> None:
    assert "No letters yet" in as_officer.get("/letters").text
    assert "There is no campaign yet" in as_officer.get("/letters/templates/new").text
    assert "There is no campaign yet" in as_officer.get("/mailings/new").text
    for missing in ("/mailings/9", "/letters/templates/9", "/mailings/9/letters.csv", "/mailings/new?campaign=9"):
        assert as_officer.get(missing).status_code == 404
