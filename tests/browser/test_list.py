"""The list of contacts in a browser: filters that apply as one types, menus to tick, ticks that outlive the page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from crm.policy import Role
from tests.browser.conftest import OpenPage
from tests.browser.screens import PHONE, Variant, assert_accessible, assert_fits

pytestmark = pytest.mark.browser


@pytest.fixture
def contacts(open_page: OpenPage) -> Page:
    return open_page("/contacts", role=Role.OFFICER)


def test_the_list_follows_what_is_typed_and_the_cursor_stays(contacts: Page) -> None:
    find = contacts.get_by_role("searchbox", name="Find", exact=True)
    find.focus()
    contacts.keyboard.type("sternkorb")
    expect(contacts.locator("tbody tr")).to_have_count(1)
    expect(contacts).to_have_url(re.compile(r"text=sternkorb"))
    expect(find).to_be_focused()
    expect(find).to_have_value("sternkorb")
    contacts.keyboard.type("xx")
    expect(contacts.get_by_text("No contact passes these filters")).to_be_visible()
    expect(find).to_be_focused()
    assert_accessible(contacts)


def test_what_is_typed_is_not_lost_by_another_choice(contacts: Page) -> None:
    find = contacts.get_by_role("searchbox", name="Find", exact=True)
    find.focus()
    contacts.keyboard.type("pont")
    # At once, before the list has followed.
    contacts.get_by_text("All", exact=True).click()
    expect(contacts).to_have_url(re.compile(r"text=pont.*kind=all"))
    expect(find).to_have_value("pont")
    find.focus()
    contacts.keyboard.type("e")
    contacts.get_by_role("link", name="Country", exact=True).click()
    expect(contacts).to_have_url(re.compile(r"sort=country"))
    expect(contacts).to_have_url(re.compile(r"text=ponte"))


def test_a_menu_is_searched_and_ticked_by_keyboard(contacts: Page) -> None:
    summary = contacts.locator("[data-picker-name=country] summary")
    summary.focus()
    contacts.keyboard.press("Enter")
    expect(contacts.get_by_role("searchbox", name="Find in: Country")).to_be_focused()
    expect(contacts.get_by_role("checkbox", name="Germany")).to_be_visible()
    assert_accessible(contacts)
    contacts.keyboard.type("germ")
    expect(contacts.locator("[data-picker-name=country] .choice")).to_have_count(1)
    contacts.keyboard.press("Enter")
    expect(contacts).to_have_url(re.compile(r"country=DE"))
    expect(contacts.get_by_role("searchbox", name="Find in: Country")).to_be_focused()
    contacts.keyboard.press("Escape")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("1")
    contacts.get_by_role("link", name="Remove the filter Country").click()
    expect(contacts).not_to_have_url(re.compile(r"country=DE"))
    contacts.go_back()
    expect(contacts).to_have_url(re.compile(r"country=DE"))
    expect(contacts.get_by_role("link", name="Remove the filter Country")).to_be_visible()


def test_a_choice_is_taken_by_its_words_too(contacts: Page) -> None:
    contacts.locator("[data-picker-name=country] summary").click()
    contacts.locator("[data-picker-name=country] label", has_text="Germany").click()
    expect(contacts).to_have_url(re.compile(r"country=DE"))
    expect(contacts.get_by_role("checkbox", name="Germany")).to_be_checked()
    expect(contacts.get_by_role("checkbox", name="France")).to_be_visible()


def tick(page: Page, number: int, *, shift: bool = False) -> None:
    page.locator("tbody .tick input").nth(number).click(modifiers=["Shift"] if shift else [])


def test_ticks_outlive_the_page_and_what_is_done_with_them_is_undone(contacts: Page) -> None:
    bar = contacts.get_by_role("form", name="Change the ticked contacts")
    expect(bar).to_be_hidden()
    tick(contacts, 0)
    tick(contacts, 3, shift=True)
    expect(bar).to_contain_text("4 ticked")
    contacts.get_by_role("link", name="Next").click()
    expect(bar).to_contain_text("4 of them on other pages; pages with ticks: 1")
    tick(contacts, 0)
    expect(bar).to_contain_text("5 ticked 4 of them on other pages; pages with ticks: 2")
    assert_accessible(contacts)
    bar.locator("summary", has_text="Tag").click()
    expect(bar.get_by_label("Tag", exact=True)).to_be_focused()
    contacts.keyboard.type("Browser tag")
    bar.get_by_role("button", name="Put on").click()
    said = contacts.get_by_role("status").filter(has_text="5 contacts are tagged")
    expect(said).to_be_visible()
    expect(bar).to_be_hidden()
    expect(contacts).not_to_have_url(re.compile("#"))
    said.get_by_role("button", name="Undo").click()
    expect(contacts.get_by_text("Undone.")).to_be_visible()
    expect(contacts.get_by_text("Browser tag")).to_have_count(0)


def test_all_that_fit_are_ticked_and_let_go(contacts: Page) -> None:
    bar = contacts.get_by_role("form", name="Change the ticked contacts")
    contacts.get_by_role("checkbox", name="Tick all on this page").check()
    bar.get_by_role("button", name=re.compile("Tick all")).click()
    expect(bar).to_contain_text(re.compile(r"All \d+ are ticked"))
    find = contacts.get_by_role("searchbox", name="Find", exact=True)
    find.fill("ponte")
    expect(contacts).to_have_url(re.compile("ponte"))
    # Another filter finds others: nobody stays ticked whom one no longer sees, here or after a way round.
    expect(bar).to_be_hidden()
    find.fill("")
    expect(contacts).not_to_have_url(re.compile("ponte"))
    tick(contacts, 0)
    expect(bar).to_contain_text("1 ticked")
    contacts.reload()
    expect(bar).to_contain_text("1 ticked")
    # Who looks at somebody and goes back finds the ticks; who leaves for another page and comes again begins anew.
    contacts.locator("tbody th a").first.click()
    contacts.go_back()
    expect(bar).to_contain_text("1 ticked")
    contacts.get_by_role("link", name="Today").first.click()
    contacts.get_by_role("link", name="Contacts").first.click()
    expect(contacts.locator("tbody .tick input").first).not_to_be_checked()
    expect(bar).to_be_hidden()
    tick(contacts, 0)
    find.fill("ponte")
    expect(bar).to_be_hidden()
    contacts.reload()
    expect(bar).to_be_hidden()


def test_without_script_the_ticks_of_a_page_are_sent(open_page: OpenPage) -> None:
    page = open_page("/contacts", role=Role.OFFICER)
    page.route("**/*.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.reload()
    page.locator("tbody .tick input").first.check()
    page.locator(".bulk-bar summary", has_text="Tag").click()
    page.get_by_role("combobox", name="Tag").fill("Without script")
    page.get_by_role("button", name="Put on").click()
    expect(page.get_by_text("1 contact is tagged “Without script”.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    page.locator("[data-picker-name=country] summary").click()
    page.locator("[data-picker-name=country]").get_by_role("link", name="Choose…").click()
    page.get_by_label("Germany").check()
    page.get_by_role("button", name="Show the contacts").click()
    expect(page).to_have_url(re.compile("country=DE"))


def test_a_phone_folds_the_filters_and_keeps_the_bar_in_reach(open_page: OpenPage) -> None:
    page = open_page("/contacts", role=Role.OFFICER, variant=Variant("dark", PHONE, "en"))
    expect(page.locator("[data-picker-name=country] summary")).to_be_hidden()
    toggle = page.get_by_role("button", name="Filters")
    toggle.click()
    page.locator("[data-picker-name=country] summary").click()
    expect(page.get_by_role("checkbox", name="Germany")).to_be_visible()
    assert_fits(page)
    assert_accessible(page)
    page.keyboard.press("Escape")
    toggle.click()
    tick(page, 0)
    bar = page.get_by_role("form", name="Change the ticked contacts")
    expect(bar).to_be_in_viewport()
    bar.locator("summary", has_text="Assign").click()
    expect(bar.get_by_label("Who looks after them")).to_be_in_viewport()
    assert_fits(page)
    assert_accessible(page)


def test_a_cell_is_mended_in_its_place_and_undone(contacts: Page) -> None:
    row = contacts.locator("tbody tr").first
    pencil = row.get_by_role("link", name="Edit the country")
    pencil.focus()
    contacts.keyboard.press("Enter")
    field = row.get_by_label("Country", exact=True)
    expect(field).to_be_focused()
    assert_accessible(contacts)
    contacts.keyboard.press("Escape")
    expect(pencil).to_be_focused()
    row.locator("td[data-label=Country]").dblclick()
    field.select_option("PT")
    field.press("Enter")
    expect(row.locator("td[data-label=Country]")).to_contain_text("Portugal")
    expect(pencil).to_be_focused()
    contacts.get_by_role("status").filter(has_text="Saved.").get_by_role("button", name="Undo").click()
    expect(contacts.get_by_text("Undone.")).to_be_visible()
    expect(row.locator("td[data-label=Country]")).not_to_contain_text("Portugal")


def test_ticked_cards_move_as_one_and_the_reader_stays_where_they_were(open_page: OpenPage) -> None:
    page = open_page("/campaigns/1/board", role=Role.OFFICER)
    bar = page.get_by_role("form", name="Change the ticked targets")
    first = page.locator("[data-stage=identified]")
    ticks = first.get_by_role("checkbox")
    expect(bar).to_be_hidden()
    ticks.nth(0).click()
    ticks.nth(2).click(modifiers=["Shift"])
    # A range ends in the column it began in.
    page.locator("[data-stage=in_dialogue]").get_by_role("checkbox").first.click(modifiers=["Shift"])
    expect(bar).to_contain_text("4 ticked")
    assert_accessible(page)
    page.locator("[data-stage=in_dialogue]").get_by_role("checkbox").first.click()
    first.locator("h3").nth(1).drag_to(page.locator("[data-stage=contacted] header"))
    said = page.get_by_role("status").filter(has_text="3 targets moved to “Contacted”.")
    said.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone.")).to_be_visible()
    # By keyboard: Space ticks, Enter leads to what can be done, Escape back.
    ticks.nth(0).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(bar.get_by_role("button", name="Identified")).to_be_focused()
    page.keyboard.press("Escape")
    expect(ticks.nth(0)).to_be_focused()
    bar.get_by_role("button", name="Clear").click()
    page.get_by_role("link", name="Targets", exact=True).click()
    tick(page, 40)
    down = page.evaluate("scrollY")
    assert down > 0
    bar.get_by_role("button", name="Convinced").click()
    page.get_by_role("status").filter(has_text="moved to").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone.")).to_be_visible()
    assert page.evaluate("scrollY") == down
