"""Takes the README's pictures of a running demo: `python docs/take_pictures.py http://127.0.0.1:8000`."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parent / "images"
CHROMIUM = "/usr/bin/chromium"
EMAIL, PASSWORD = "lead@ratify.example", "migrants have rights"  # those of crm/demo/users.py
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]


def _sign_in(page: Page, address: str) -> None:
    page.goto(f"{address}/sign-in")
    page.fill("[name=email]", EMAIL)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"{address}/")


def _contact(page: Page, address: str) -> None:
    page.goto(f"{address}/contacts?text=Vandermeulen")
    page.click("tbody th a")
    page.wait_for_url(f"{address}/contacts/*")


def take(address: str) -> None:
    """Sign in as the demo's lead and take each picture, 1360 pixels wide."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1360, "height": 850}, locale="en-GB")
        _sign_in(page, address)
        screens = {
            "board": "/campaigns/1/board",
            "contacts": "/contacts?kind=person",
            "mailing": "/mailings/1",
            "report": "/reports/pipeline",
        }
        for name, path in screens.items():
            page.goto(address + path)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=FOLDER / f"{name}.png")
        _contact(page, address)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=FOLDER / "contact.png")
        browser.close()


if __name__ == "__main__":
    take(sys.argv[1].rstrip("/"))
