"""What the page's own script does, by keyboard and by mouse."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.screens import Variant, assert_accessible

pytestmark = pytest.mark.browser


def test_the_palette_finds_a_page_by_keyboard_alone(page: Page) -> None:
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="People, organizations, campaigns, pages")
    expect(box).to_be_focused()
    first = page.locator("#palette [role=option]").first
    expect(first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    last = page.locator("#palette [role=option]").last
    expect(last).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", last.get_attribute("id") or "")
    assert_accessible(page)
    page.keyboard.type("caugh")
    expect(page.locator("#palette [role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/caught-mail"))


def test_the_palette_opens_with_a_slash_and_says_when_nothing_fits(page: Page) -> None:
    page.get_by_role("heading", level=1).click()  # out of the field in error, which has the focus
    page.keyboard.press("/")
    page.keyboard.type("zzzz")
    expect(page.get_by_text("Nothing found.")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()


def test_a_slash_typed_into_a_field_stays_there(page: Page) -> None:
    page.get_by_label("⟪Find⟫").focus()
    page.keyboard.type("a/b")
    expect(page.get_by_label("⟪Find⟫")).to_have_value("a/b")
    expect(page.locator("#palette")).to_be_hidden()


def test_a_filter_keeps_empty_fields_out_of_the_address(page: Page) -> None:
    page.get_by_label("⟪Country⟫").select_option("no")
    expect(page).to_have_url(re.compile(r"/style-guide\?country=no$"))


def test_a_choice_by_keyboard_waits_for_enter(page: Page) -> None:
    country = page.get_by_label("⟪Country⟫")
    country.focus()
    page.keyboard.press("ArrowDown")
    expect(country).to_have_value("no")
    expect(page.get_by_role("button", name="Filter")).to_be_visible()
    expect(page).to_have_url(re.compile("/style-guide$"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"country=no"))


def test_a_live_part_stops_when_the_answer_says_so(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    expect(page.locator("#polled")).to_have_text("Done")
    page.wait_for_timeout(900)
    assert len([url for url in asked if url.endswith("/poll")]) <= 1


def test_a_preview_follows_the_form(page: Page) -> None:
    page.get_by_label("⟪Subject⟫").fill("Your vote on the treaty")
    expect(page.locator("#preview")).to_have_text("Your vote on the treaty")


def test_a_form_that_asks_first_can_be_left_and_sent(page: Page) -> None:
    ask = page.get_by_role("button", name="Ask first")
    ask.click()
    dialog = page.get_by_role("dialog", name="Send 718 letters now?")
    expect(dialog).to_be_visible()
    assert_accessible(page)
    dialog.get_by_role("button", name="No, leave it").click()
    expect(dialog).to_be_hidden()
    expect(page.locator(".toast")).to_have_count(0)
    ask.click()
    dialog.get_by_role("button", name="Ask first").click()
    expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()


def test_a_toast_goes_with_escape(page: Page) -> None:
    page.get_by_role("button", name="Save").click()
    toast = page.get_by_role("status").filter(has_text="Saved")
    expect(toast).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(toast).to_have_count(0)


def test_a_menu_closes_with_escape_and_gives_the_focus_back(page: Page) -> None:
    summary = page.locator("details[data-menu] summary")
    summary.click()
    expect(page.locator(".menu-panel [data-command]").first).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator(".menu-panel [data-command]").first).to_be_hidden()
    expect(summary).to_be_focused()


def test_dark_is_chosen_and_remembered(page: Page) -> None:
    page.locator("details[data-menu] summary").click()
    page.get_by_label("Appearance").select_option("dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert_accessible(page)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_card_dragged_to_a_column_submits_its_form(open_page: OpenPage, language: str) -> None:
    page = open_page(variant=Variant("light", 1360, language))
    page.drag_and_drop("[data-target-id='1-identified']", "[data-stage='contacted']")
    expect(page).to_have_url(re.compile("stage=contacted"))


def test_a_card_is_moved_by_its_select_too(page: Page) -> None:
    page.locator("[data-target-id='1-identified'] select").select_option("contacted")
    expect(page).to_have_url(re.compile("stage=contacted"))


def test_without_script_every_choice_has_its_button(open_page: OpenPage) -> None:
    page = open_page()
    page.route("**/*.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.reload()
    expect(page.get_by_role("button", name="Filter")).to_be_visible()
    expect(page.get_by_role("button", name="Move").first).to_be_visible()
