"""A person uploads a roster, reviews it, and finds every part of the review usable in every variant."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import expect

from crm.extensions import db
from crm.roster_import import jobs
from tests.browser.conftest import OpenPage
from tests.browser.screens import OPPOSITES, Variant, assert_accessible, assert_fits, untranslated
from tests.factories.roster_import import full_list, import_file, member, members, workbook


@pytest.fixture(scope="module")
def roster(live_app: Flask, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A roster with a row of every kind, beside what the directory knows."""
    folder = tmp_path_factory.mktemp("rosters")
    with live_app.app_context():
        import_file(full_list(folder / "list.xml", members(4, start=900_001)), as_of=date(2025, 6, 1))
        db.session.remove()
    unnumbered = {tag: text for tag, text in member(0, "Ada INVENTED900001", country="Atlantis").items() if tag != "id"}
    people = [
        *members(1, start=900_001),
        member(900_002, "Ada INVENTED900002", country="Malta"),
        member(900_003, "Ada INVENTED900003", group="Brand New Group"),
        member(900_009, "Zoë NEWCOMER"),
        unnumbered,
        # Somebody who left, as it seems, or goes by another spelling now.
        {tag: text for tag, text in member(0, "Ada INVENTEDD900004").items() if tag != "id"},
        {"id": "900010", "country": "Malta"},
    ]
    return full_list(folder / "list_2025-12.xml", people)


def work(live_app: Flask) -> None:
    """What the desk worker does."""
    with live_app.app_context():
        jobs.catch_up()
        db.session.remove()


@pytest.mark.parametrize("variant", OPPOSITES, ids=str)
def test_a_roster_is_uploaded_and_reviewed(
    open_page: OpenPage, live_app: Flask, roster: Path, variant: Variant
) -> None:
    page = open_page("/imports/new", variant=variant)
    page.set_input_files("input[type=file]", roster)
    page.locator("main button.primary").click()
    expect(page.locator("main h1")).to_contain_text("list_2025-12.xml")
    assert_accessible(page)
    assert_fits(page)
    work(live_app)
    # The page that waited goes on by itself.
    kinds = page.locator("main nav.tabs a")
    # All, new, changed, ended, unchanged, suspicious, unreadable, and those that resemble a known one or another line.
    expect(kinds).to_have_count(9)
    addresses = kinds.evaluate_all("links => links.map(link => link.href)")
    for address in addresses:
        page.goto(address)
        page.locator("main details summary").first.click()
        assert_accessible(page)
        assert_fits(page)
        if variant.language == "ar":
            assert untranslated(page) == []
    # Decide on the row of an unknown group, and put the import away.
    page.goto(next(address for address in addresses if "suspicious" in address))
    row = page.locator("tbody tr", has_text="Brand New Group")
    row.locator("button[value=accept]").click()
    expect(page.locator("tbody tr", has_text="Brand New Group").locator(".badge.good")).to_be_visible()
    assert_accessible(page)
    page.locator("form[action$='/discard'] button").click()
    page.locator("#confirm button[value=yes]").click()
    expect(page).to_have_url(page.url.split("/imports")[0] + "/imports")
    # The result of the one that was applied.
    page.locator("tbody a", has_text="list.xml").last.click()
    expect(page.locator("main .stat").first).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
    if variant.language == "ar":
        assert untranslated(page) == []


@pytest.mark.parametrize("variant", OPPOSITES, ids=str)
def test_the_columns_of_a_workbook_are_settled(
    open_page: OpenPage, live_app: Flask, tmp_path: Path, variant: Variant
) -> None:
    path = workbook(
        tmp_path / "people.xlsx",
        [["Vollname", "Wohin", "Geburtstag", "Notiz"], ["Ada Invented", "ada@x.example", date(1970, 5, 4), "x"]],
    )
    page = open_page("/imports/new", variant=variant)
    page.set_input_files("input[type=file]", path)
    page.locator("main button.primary").click()
    expect(page.locator("main h1")).to_contain_text("people.xlsx")
    work(live_app)
    expect(page.locator("table.column-mapping")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
    if variant.language == "ar":
        assert untranslated(page) == []
    page.locator("#column-0").select_option("name")
    page.locator("#column-1").select_option("email")
    page.locator("#column-2").select_option("birth_date")
    page.locator("#keep").uncheck()
    page.locator("main button.primary").click()
    work(live_app)
    expect(page.locator("tbody tr")).to_contain_text("ada@x.example")
    assert_accessible(page)
    assert_fits(page)
    if variant.language == "ar":
        assert untranslated(page) == []
    page.locator("form[action$='/discard'] button").click()
    page.locator("#confirm button[value=yes]").click()
    expect(page).to_have_url(page.url.split("/imports")[0] + "/imports")
