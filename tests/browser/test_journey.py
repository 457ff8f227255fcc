"""The main job, from a file to the report, as an officer and a lead do it in a real `ratify up` with its workers."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from crm.demo.users import PASSWORD
from tests.browser.conftest import PATIENCE, Problems
from tests.browser.screens import DESKTOP, PHONE, assert_accessible, assert_fits, untranslated
from tests.processes.product import running

pytestmark = [pytest.mark.browser, pytest.mark.sqlite_only, pytest.mark.timeout(600)]

COUNTRY = "Norway"
MINISTERS = ("Åse Vindbekk", "Bjørg Solhaug-Lie", "Dagfinn Ekornli", "Eivind Råstad", "Frøydis Tindevik")
SUBJECT = "Your country and {{treaty}}"
MAILING = "To ministers in Norway"
BODY = "{{salutation}}\n\nwill {{country}} ratify the *{{treaty}}*?\n\n{{closing}}\n{{sender_name}}"
# Of the main job: import, list, contact, editor, mailing, letter, Today, report and the forms between them.
SCREENS = 12


class Person:
    """Somebody at a browser of their own, signed in through the form."""

    def __init__(
        self,
        browser: Browser,
        address: str,
        name: str,
        *,
        width: int = DESKTOP,
        scheme: Literal["light", "dark"] = "light",
    ) -> None:
        context = browser.new_context(
            base_url=address,
            viewport={"width": width, "height": 860},
            color_scheme=scheme,
            reduced_motion="reduce",
            locale="en-GB",
        )
        context.set_default_timeout(PATIENCE)
        self.page = context.new_page()
        self.problems = Problems(self.page)
        self.looked_at: list[str] = []
        self.page.goto("/sign-in")
        self.page.get_by_label("E-mail").fill(f"{name}@ratify.example")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name="Today", level=1)).to_be_visible()

    def look(self) -> None:
        """Axe finds nothing on this screen, and it fits."""
        assert_accessible(self.page)
        assert_fits(self.page)
        parts = urlsplit(self.page.url)
        self.looked_at.append(f"{parts.path}?{parts.query}".rstrip("?"))


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    """Ministers of one country, all invented."""
    path = tmp_path / "ministers.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["Name", "Country", "Role", "Institution", "E-mail"])
        for name in MINISTERS:
            local = name.split("-")[0].split()[-1].casefold().encode("ascii", "ignore").decode()
            table.writerow([name, COUNTRY, "Minister", "Invented Ministry of Labour", f"{local}@gov-no.example"])
    return path


@pytest.fixture
def address(browser: Browser, tmp_path: Path) -> Iterator[str]:
    """A product of its own, as a first `make run` starts it."""
    with running(tmp_path / "product") as product:
        yield product.wait_until_ready()


def go_to(page: Page, section: str) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name=section).click()


def import_and_add(person: Person, roster: Path) -> None:
    """From the file to targets of the campaign."""
    officer = person.page
    officer.get_by_role("link", name="Import contacts").click()
    officer.set_input_files("input[type=file]", roster)
    person.look()
    officer.get_by_role("button", name="Read and compare").click()
    expect(officer.get_by_role("button", name="Apply", exact=True)).to_be_visible()
    person.look()
    officer.get_by_role("button", name="Apply", exact=True).click()
    officer.get_by_role("link", name="See them in the directory").click()
    expect(officer.locator("tbody tr")).to_have_count(len(MINISTERS))
    summary = officer.locator("[data-picker-name=country] summary")
    summary.click()
    officer.get_by_role("checkbox", name=COUNTRY).check()
    expect(officer.get_by_role("link", name="Remove the filter Country")).to_be_visible()
    officer.keyboard.press("Escape")
    person.look()
    officer.get_by_role("checkbox", name="Tick all on this page").check()
    bar = officer.get_by_role("form", name="Change the ticked contacts")
    bar.get_by_text("Add to a campaign").click()
    bar.get_by_label("Campaign").select_option(index=1)
    bar.get_by_role("button", name="Add as targets").click()
    expect(officer.get_by_text(f"{len(MINISTERS)} contacts were added to")).to_be_visible()


def log_and_state(person: Person) -> None:
    """A call, what is to follow, and what was said of the treaty, in one form."""
    officer = person.page
    officer.get_by_role("link", name=MINISTERS[0]).click()
    person.look()
    officer.keyboard.press("l")
    form = officer.locator("dialog form[data-log-form]")
    form.get_by_label("What happened", exact=True).fill("Called the cabinet about the convention")
    form.get_by_label("Next step", exact=True).fill("Send the briefing")
    form.get_by_text("What they said of the treaty").click()
    form.get_by_label("Supportive").check()
    form.get_by_label("Link, if it was said elsewhere").fill("https://gov-no.example/speech")
    assert_accessible(officer)
    form.get_by_role("button", name="Log it").click()
    expect(officer.get_by_text("Called the cabinet about the convention").first).to_be_visible()
    expect(officer.locator("main").get_by_text("Supportive").first).to_be_visible()
    person.look()


def write(person: Person) -> None:
    """A letter, seen as one of its readers will see it."""
    officer = person.page
    go_to(officer, "Letters")
    officer.get_by_role("link", name="Write a letter").click()
    officer.get_by_label("Name of the letter").fill("To the ministers")
    person.look()
    officer.get_by_role("button", name="Write its text").click()
    officer.get_by_label("Subject").fill(SUBJECT)
    officer.get_by_label("Text (Markdown)").fill(BODY)
    letter = officer.locator("#preview .letter")
    expect(letter).to_contain_text("ratify the")
    expect(letter).not_to_contain_text("{{")
    officer.get_by_role("button", name="Save", exact=True).click()
    expect(officer.get_by_text("A second person with the lead's role approves it.")).to_be_visible()
    person.look()


def plan(person: Person) -> str:
    """The address of the mailing that waits for a lead."""
    officer = person.page
    officer.get_by_role("link", name="Send it to…").click()
    officer.get_by_label("Name of the mailing").fill(MAILING)
    officer.get_by_label("Country").select_option(label=COUNTRY)
    expect(officer.locator(".forecast-figure strong")).to_have_text(str(len(MINISTERS)))
    person.look()
    officer.get_by_role("button", name="Plan the letters").click()
    expect(officer.get_by_text("so a lead reads and approves it")).to_be_visible()
    person.look()
    return urlsplit(officer.url).path


def approve_text(person: Person) -> None:
    lead = person.page
    go_to(lead, "Letters")
    lead.get_by_role("link", name="To the ministers").first.click()
    person.look()
    lead.get_by_role("link", name=SUBJECT).click()
    lead.get_by_role("button", name="Approve this text").click()
    expect(lead.get_by_text("Approved", exact=True)).to_be_visible()
    person.look()


def approve_letters(person: Person) -> None:
    """A sample is opened, what the check says is read, and the page tells by itself how the letters leave."""
    lead = person.page
    go_to(lead, "Today")
    person.look()
    lead.locator("li", has_text=MAILING).get_by_role("link", name="Read and approve").click()
    person.look()
    lead.get_by_role("link", name="to open before you approve: next").click()
    to_open, back = (lead.get_by_role("link", name=name) for name in ("Next letter to open", "Back to the mailing"))
    person.look()
    while back.count() == 0:
        to_open.click()
        expect(to_open.or_(back)).to_be_visible()
    back.click()
    read = lead.get_by_label("I have read what the check warns of")
    if read.count():
        read.check()
    person.look()
    lead.get_by_role("button", name="Approve and send").click()
    lead.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(lead.locator("#progress .badge")).to_have_text("Finished")
    person.look()


def read_ledger(person: Person, mailing: str) -> None:
    """Every letter is accounted for, with the server's word, to the words its reader got."""
    officer = person.page
    officer.goto(mailing)
    everybody = str(len(MINISTERS))
    ledger = officer.get_by_role("region", name="Ledger").inner_text().split()
    assert ledger[:3] == [everybody, "planned", "="], ledger
    assert sum(int(word) for word in ledger[1:] if word.isdecimal()) == len(MINISTERS)
    rows = officer.locator("#letters tbody tr")
    expect(rows).to_have_count(len(MINISTERS))
    expect(rows.filter(has_text="250")).to_have_count(len(MINISTERS))
    person.look()
    officer.get_by_role("link", name=MINISTERS[0]).click()
    words = officer.frame_locator("iframe.letter-frame").locator("body")
    expect(words).to_contain_text(f"will {COUNTRY} ratify the")
    person.look()
    officer.get_by_role("link", name="The contact").click()
    expect(officer.get_by_text("Letter sent")).to_be_visible()
    person.look()


def read_report(person: Person) -> None:
    """Letters move those whom they reach; what was said of the treaty is counted where they are from."""
    page = person.page
    go_to(page, "Reports")
    moves = page.get_by_role("table", name="By officer").get_by_role("row", name="By itself: letters sent, imports")
    expect(moves.get_by_role("link", name=str(len(MINISTERS)), exact=True)).to_be_visible()
    person.look()


def assert_seen_elsewhere(browser: Browser, address: str, screens: list[str]) -> None:
    """The same screens in the dark, on a phone, from right to left."""
    person = Person(browser, address, "admin", width=PHONE, scheme="dark")
    page = person.page
    page.locator("select[name=language]").evaluate("field => { field.value = 'ar'; field.form.submit() }")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    for screen in screens:
        page.goto(screen)
        person.look()
        assert untranslated(page) == [], screen


def test_the_main_job(browser: Browser, address: str, roster: Path) -> None:
    officer, lead = Person(browser, address, "officer"), Person(browser, address, "lead")
    officer.look()
    import_and_add(officer, roster)
    log_and_state(officer)
    write(officer)
    approve_text(lead)
    mailing = plan(officer)
    approve_letters(lead)
    read_ledger(officer, mailing)
    read_report(lead)
    screens = sorted({*officer.looked_at, *lead.looked_at})
    assert len(screens) >= SCREENS
    assert_seen_elsewhere(browser, address, screens)
    for person in (officer, lead):
        person.page.context.close()
        assert person.problems.found == []
