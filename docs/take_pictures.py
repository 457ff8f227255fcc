"""Takes the README's pictures of a fresh demo: `python docs/take_pictures.py http://127.0.0.1:8000`.

The pictures follow the main job. One import of invented people is uploaded on the way and left to be decided.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parent / "images"
CHROMIUM = "/usr/bin/chromium"
EMAIL, PASSWORD = "lead@ratify.example", "migrants have rights"  # those of crm/demo/users.py
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]
ROSTER = """\
Name,Country,Role,Institution,E-mail
Åse Vindbekk,Norway,Minister,Invented Ministry of Labour,vindbekk@gov-no.example
Bjørg Solhaug-Lie,Norway,State Secretary,Invented Ministry of Labour,solhaug@gov-no.example
Dagfinn Ekornli,Norway,Minister,Invented Ministry of Justice,ekornli@gov-no.example
Aurelie Vandermeulen-Roy,Belgium,Member,European Parliament,aurelie.vandermeulen-roy@europarl.example
"""


def _sign_in(page: Page) -> None:
    page.goto("/sign-in")
    page.fill("[name=email]", EMAIL)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda address: "sign-in" not in address)


def _import(page: Page) -> None:
    page.goto("/imports/new")
    page.set_input_files("input[type=file]", {"name": "norway.csv", "mimeType": "text/csv", "buffer": ROSTER.encode()})
    page.get_by_role("button", name="Read and compare").click()
    page.get_by_role("button", name="Apply").first.wait_for()


def _contact(page: Page) -> None:
    page.goto("/contacts?text=Vandermeulen")
    page.click("tbody th a")
    page.wait_for_url("**/contacts/*")


def _mailing(page: Page, words: str) -> None:
    page.goto("/letters")
    page.locator("tbody tr", has_text=words).get_by_role("link").first.click()
    page.wait_for_url("**/mailings/*")


SCREENS: dict[str, Callable[[Page], object]] = {
    "today": lambda page: page.goto("/today?whose=team"),
    "import": _import,
    "contacts": lambda page: page.goto("/contacts?kind=person"),
    "board": lambda page: page.goto("/campaigns/1/board"),
    "contact": _contact,
    "letter": lambda page: page.goto("/letters/templates/1/en/ask"),
    "mailing": lambda page: _mailing(page, "Waits for approval"),
    "ledger": lambda page: _mailing(page, "After the first calls"),
    "report": lambda page: page.goto("/reports/pipeline"),
}


def take(address: str) -> None:
    """Sign in as the demo's lead and take each picture, 1360 pixels wide."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(base_url=address, viewport={"width": 1360, "height": 850}, locale="en-GB")
        _sign_in(page)
        for name, go_to in SCREENS.items():
            go_to(page)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=FOLDER / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    take(sys.argv[1].rstrip("/"))
