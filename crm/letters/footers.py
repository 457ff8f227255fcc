"""What stands below every letter of a mailing, in its language: how its reader stops such letters, sees their data."""

from __future__ import annotations

import tomllib
from functools import cache
from html import escape
from pathlib import Path

from flask_babel import lazy_gettext

from crm.outbox.footers import html_with, text_with

FALLBACK = "en"
# Who looks at a letter here sees where the link stands, and cannot unsubscribe its reader by it.
OWN_LINK = lazy_gettext("[the reader's own link]")


@cache
def footers() -> dict[str, str]:
    """The sentences by language; the link follows each."""
    return tomllib.loads(Path(__file__).with_name("footers.toml").read_text(encoding="utf-8"))


def footer_in(language: str) -> str:
    """The sentence of a letter in that language; `pt-BR` is served by `pt`."""
    return footers().get(language.partition("-")[0], footers()[FALLBACK])


def shown_text(footer: str | None, text: str) -> str:
    """The text part as our own people may see it."""
    return text_with(footer, text, str(OWN_LINK)) if footer else text


def shown_html(footer: str | None, html: str) -> str:
    """The HTML part as our own people may see it."""
    return html_with(footer, html, f"<bdi>{escape(str(OWN_LINK))}</bdi>") if footer else html
