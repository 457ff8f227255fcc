"""Letters as people write, approve and watch them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Page, expect

from crm import clock
from crm.extensions import db
from crm.letters.footers import footer_in
from crm.letters.jobs import plan
from crm.letters.models import Letter, LetterTemplate, Mailing, MailingState, Wording
from crm.letters.schedule import Schedule
from crm.outbox.models import MessageState
from crm.pipeline.models import Campaign
from crm.policy import Role
from crm.unit_of_work import unit_of_work
from tests.browser.conftest import OpenPage
from tests.browser.screens import OPPOSITES, Variant, assert_accessible, assert_fits, untranslated
from tests.factories.letters import approved, deliver, make_letter_target, make_mailing, make_wording, planned

pytestmark = pytest.mark.browser


@pytest.fixture
def context(live_app: Flask) -> Iterator[None]:
    """The database of the running app."""
    with live_app.app_context():
        yield
        db.session.remove()


@pytest.fixture
def campaign(context: None) -> Campaign:
    """The demo's."""
    return db.session.scalars(sa.select(Campaign).order_by(Campaign.id)).first() or pytest.fail("no demo")


def words_of(page: Page) -> str:
    return page.locator("#preview .letter").inner_text()


def test_the_preview_follows_what_is_typed(open_page: OpenPage, campaign: Campaign) -> None:
    wording = make_wording(campaign, subject="Hello", body="Dear friend")
    page = open_page(f"/letters/templates/{wording.template_id}/en/general", role=Role.TRANSLATOR)
    words, _gap, below = words_of(page).partition("\n")
    assert words == "Dear friend"
    assert below.strip() == f"{footer_in('en')} [the reader's own link]"
    body = page.get_by_label("Text (Markdown)")
    body.evaluate("field => field.setSelectionRange(5, 11)")
    page.get_by_role("button", name="family_name", exact=True).click()
    expect(body).to_have_value("Dear {{family_name}}")
    expect(body).to_be_focused()
    filled = page.locator("#preview .letter mark.filled")
    expect(filled).to_have_attribute("title", "{{family_name}}")
    name = filled.inner_text()
    page.get_by_role("button", name="Next reader").click()
    expect(filled).not_to_have_text(name)
    # An earlier pause has kept what was typed until then.
    with page.expect_response(lambda answer: "nope" in (answer.request.post_data or "") and "draft" in answer.url):
        body.press_sequentially(" {{nope}}")
    expect(page.get_by_text("There is no placeholder “nope”")).to_be_visible()
    expect(page.locator("#preview .letter mark.missing")).to_have_text("{{nope}}")
    assert_accessible(page)
    # A tab that is closed loses nothing.
    expect(page.get_by_text("Draft kept at")).to_be_visible()
    page.reload()
    expect(page.get_by_text("which are not saved yet")).to_be_visible()
    expect(body).to_have_value("Dear {{family_name}} {{nope}}")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved. Before it can be sent")).to_be_visible()
    expect(body).to_have_value("Dear {{family_name}} {{nope}}")


def test_from_the_form_to_the_last_letter_without_a_reload(
    open_page: OpenPage, campaign: Campaign, live_app: Flask
) -> None:
    campaign_id = campaign.id
    wording = make_wording(campaign, body="Dear {{name}}")
    template_id = wording.template_id
    with unit_of_work("approve wording", actor="test"):
        db.session.get_one(Wording, wording.id).approved_at = clock.now()
    page = open_page(f"/mailings/new?campaign={campaign_id}", role=Role.OFFICER)
    figure = page.locator(".forecast-figure strong")
    page.get_by_label("Letter", exact=True).select_option(str(template_id))
    expect(figure).not_to_have_text("0")
    everybody = int(figure.inner_text())
    page.get_by_label("Country").select_option("IT")
    expect(figure).not_to_have_text(str(everybody))
    italians = int(figure.inner_text())
    assert 0 < italians < everybody
    page.get_by_role("button", name="Plan the letters").click()
    expect(page.get_by_label("Name of the mailing")).to_be_focused()  # the browser asks for it
    page.get_by_label("Name of the mailing").fill("To Italy")
    page.get_by_role("button", name="Plan the letters").click()
    expect(page.get_by_text("Being planned")).to_be_visible()
    mailing_id = int(page.url.rpartition("/")[2])
    plan(mailing_id)
    expect(page.get_by_text("You planned it, so a lead reads and approves it:")).to_be_visible()

    lead = open_page(f"/mailings/{mailing_id}", role=Role.LEAD)
    to_open = lead.get_by_role("link", name=re.compile("to open before you approve"))
    expect(to_open).to_be_visible()
    assert_accessible(lead)
    to_open.click()
    following = lead.get_by_role("link", name=re.compile("Next letter to open"))
    while following.count():
        following.click()
    lead.get_by_role("link", name="Back to the mailing").click()
    if lead.get_by_label("I have read what the check warns of").count():
        lead.get_by_label("I have read what the check warns of").check()
    lead.get_by_role("button", name="Approve and send").click()
    dialog = lead.get_by_role("dialog")
    expect(dialog).to_contain_text(f"Send {italians} letter")
    assert_accessible(lead)
    dialog.get_by_role("button", name="No, leave it").click()
    db.session.rollback()
    assert db.session.get_one(Mailing, mailing_id).state is MailingState.AWAITING_APPROVAL
    lead.get_by_role("button", name="Approve and send").click()
    dialog.get_by_role("button", name="Approve").click()
    expect(lead.get_by_text("Approved: the letters are on their way.")).to_be_visible()

    # What asks whether it is meant stays in the page while that is told anew.
    rest = lead.get_by_role("button", name="Cancel the rest")
    form = rest.element_handle()
    rest.click()
    with lead.expect_response(lambda response: "/progress" in response.url):
        pass
    lead.wait_for_timeout(200)
    assert form.evaluate("button => button.isConnected")
    dialog.get_by_role("button", name="No, leave it").click()

    polls: list[str] = []
    lead.on("request", lambda request: polls.append(request.url) if "/progress" in request.url else None)
    deliver(db.session.get_one(Mailing, mailing_id), MessageState.SENT)
    expect(lead.locator("#progress .badge")).to_have_text("Finished")
    assert polls
    polls.clear()
    lead.wait_for_timeout(2500)
    assert polls == [], "the page still asks though nothing moves any more"


@pytest.mark.parametrize("variant", OPPOSITES, ids=str)
def test_every_face_of_a_letter(open_page: OpenPage, campaign: Campaign, variant: Variant) -> None:
    campaign_id = campaign.id
    make_letter_target(campaign, "Nobody-With-A-Very-Long-Name Von Und-Zu-Der-Langen-Leitung", email=None)
    wording = make_wording(campaign, body="# {{name}}\n\n> {{ask}}\n\n- {{nope}}\n\n`code` {{party}}")
    first = db.session.scalars(sa.select(LetterTemplate.id).order_by(LetterTemplate.id)).first()
    mailing = approved(planned(make_mailing(campaign)))
    deliver(mailing, MessageState.FAILED, reply="5.1.1 no-such-user-" + "x" * 80)
    slip = make_wording(campaign, body="Dear {{name}}, TBC")
    awaiting, draft = planned(make_mailing(campaign, wording=slip)), make_mailing(campaign)
    to_come = Schedule(clock.today() + timedelta(days=5), readers_zone=True)
    later = approved(planned(make_mailing(campaign, schedule=to_come)))
    letters = sa.select(Letter.id).where(Letter.mailing_id == mailing.id)
    written = db.session.scalars(letters.where(Letter.skip_reason.is_(None))).first()
    skipped = db.session.scalars(letters.where(Letter.skip_reason.is_not(None))).first()
    of_awaiting = sa.select(Letter.id).where(Letter.mailing_id == awaiting.id, Letter.skip_reason.is_(None))
    waiting = db.session.scalars(of_awaiting).first()
    page = open_page("/letters", role=Role.LEAD, variant=variant)
    foreign = {}
    for address in (
        "/letters",
        f"/letters/templates/{wording.template_id}",
        f"/letters/templates/{wording.template_id}/en/general",
        f"/letters/templates/{wording.template_id}/ar/ask",
        f"/letters/templates/{first}/fr/ask",
        f"/letters/templates/{first}/en/ask/versions",
        "/letters/translations",
        "/letters/templates/new",
        f"/mailings/new?campaign={campaign_id}&stage=identified&country=IT&text=zz",
        f"/mailings/{draft.id}",
        f"/mailings/{draft.id}/edit",
        f"/mailings/{awaiting.id}",
        f"/mailings/{awaiting.id}/findings/odd_text",
        f"/mailings/{awaiting.id}/schedule",
        f"/mailings/{later.id}/schedule",
        f"/mailings/{later.id}",
        f"/letters/{waiting}",
        f"/mailings/{mailing.id}?outcome=failed",
        f"/mailings/{mailing.id}?outcome=skipped",
        f"/letters/{written}",
        f"/letters/{waiting}/edit",
        f"/mailings/{awaiting.id}?outcome=skipped&reason=no_address",
        f"/mailings/{mailing.id}/unanswered?after=0",
        f"/mailings/new?campaign={campaign_id}&of=directory&country=IT",
        f"/mailings/left-out?campaign={campaign_id}&template={wording.template_id}&fallback=en&reason=no_address",
        f"/letters/{skipped}",
    ):
        page.goto(address)
        assert_accessible(page)
        assert_fits(page)
        if variant.language == "ar" and (found := untranslated(page)):
            foreign[address] = found
    assert not foreign, "\n".join(f"{address}: {words}" for address, words in foreign.items())


def test_what_is_wrong_is_said_beside_the_field(open_page: OpenPage, campaign: Campaign) -> None:
    address = f"/letters/templates/{make_wording(campaign).template_id}/en/thank"
    page = open_page(address, role=Role.OFFICER, allows=[422])
    page.locator("form.editor").evaluate("form => form.noValidate = true")
    page.get_by_label("Text (Markdown)").fill("A long letter that must not be lost")
    with page.expect_response(lambda response: response.status == 422):
        page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert").first).to_contain_text("Give the letter a subject.")
    expect(page.get_by_label("Text (Markdown)")).to_have_value("A long letter that must not be lost")
    expect(page.get_by_label("Subject")).to_have_attribute("aria-invalid", "true")
    assert_accessible(page)


def test_the_frame_of_a_letter_shows_it_in_its_own_style(open_page: OpenPage, campaign: Campaign) -> None:
    mailing = planned(make_mailing(campaign))
    letter_id = db.session.scalars(
        sa.select(Letter.id).where(Letter.mailing_id == mailing.id, Letter.skip_reason.is_(None))
    ).first()
    page = open_page(f"/letters/{letter_id}", role=Role.VIEWER)
    body = page.frame_locator("iframe.letter-frame").locator("body")
    expect(body).to_contain_text(re.compile("will you support the"))
    expect(body.locator("div")).to_have_css("max-width", "640px")
