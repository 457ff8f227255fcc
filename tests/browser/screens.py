"""What every screen must hold in every variant: accessible, no sideways scrolling, every word translatable."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

PHONE, DESKTOP = 390, 1360
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
_axe = Axe()


@dataclass(frozen=True)
class Variant:
    """How a reader sees a page. The language `ar` is the pseudo-locale: right to left, every message marked."""

    scheme: Literal["light", "dark"]
    width: int
    language: str

    def __str__(self) -> str:
        return f"{self.scheme}-{'phone' if self.width == PHONE else 'desktop'}-{self.language}"


LIGHT_DESKTOP = Variant("light", DESKTOP, "en")
# Every choice comes up once, the narrowest window with the longest words; parts are seen in all of `VARIANTS`.
OPPOSITES = [LIGHT_DESKTOP, Variant("dark", PHONE, "ar")]
VARIANTS = [Variant(*values) for values in itertools.product(("light", "dark"), (DESKTOP, PHONE), ("en", "ar"))]  # type: ignore[arg-type]


def assert_accessible(page: Page) -> None:
    """Axe finds nothing: WCAG 2.2 at AA, and its best practices."""
    # No rule of these looks into what a page loads.
    options = {"runOnly": STANDARDS, "resultTypes": ["violations"], "preload": False}
    results: dict[str, Any] = _axe.run(page, options=options).response
    found = [
        f"{violation['id']}: {violation['help']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for violation in results["violations"]
        for node in violation["nodes"]
    ]
    assert results["passes"], "axe ran no rule"
    assert not found, f"{page.url}\n" + "\n".join(found)


def assert_fits(page: Page) -> None:
    """Nothing makes the page wider than the window."""
    too_wide = page.evaluate(
        """() => {
          const room = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= room) return [];
          return [...document.body.querySelectorAll("*")]
            .filter((each) => each.getBoundingClientRect().right > room + 1 || each.getBoundingClientRect().left < -1)
            .slice(0, 5).map((each) => each.outerHTML.slice(0, 160));
        }"""
    )
    assert too_wide == [], f"{page.url} scrolls sideways: {too_wide}"


def untranslated(page: Page) -> list[str]:
    """Words outside the marks of the pseudo-locale. Data is told apart by its element: names in `bdi`, codes in
    `code`, anything else in `data-raw`, rows in options by their number. What Babel writes (dates, countries) is in
    Arabic letters."""
    words: list[str] = page.evaluate(
        r"""() => {
          const data = "bdi, time, code, kbd, pre, script, style, textarea, [data-raw], .letter";
          // A choice among rows: its value is the row's number.
          const row = (element) => element.matches("option") && /^[1-9]\d*$/.test(element.value);
          const found = [];
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          let open = 0;
          while (walker.nextNode()) {
            let outside = "";
            for (const letter of walker.currentNode.data) {
              if (letter === "⟪") open += 1;
              else if (letter === "⟫") open -= 1;
              else if (open <= 0) outside += letter;
            }
            outside = outside.replace(/\p{Script=Arabic}/gu, "");
            const parent = walker.currentNode.parentElement;
            if (/\p{L}/u.test(outside) && !parent.closest(data) && !row(parent)) found.push(outside.trim());
          }
          for (const name of ["aria-label", "title", "placeholder", "alt", "data-label", "data-confirm"]) {
            for (const element of document.body.querySelectorAll(`[${name}]`)) {
              const text = element.getAttribute(name).replace(/\p{Script=Arabic}/gu, "");
              const ours = /\p{L}/u.test(text) && !element.closest(data);
              if (ours && !text.includes("⟪")) found.push(`${name}: ${text}`);
            }
          }
          return found;
        }"""
    )
    return words
