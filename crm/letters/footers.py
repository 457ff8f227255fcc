"""What stands below every letter of a mailing, in its language: who writes, how its reader stops such letters."""

from __future__ import annotations

import tomllib
from functools import cache
from html import escape
from pathlib import Path

from flask import current_app
from flask_babel import lazy_gettext

from config import Settings
from crm.outbox.footers import html_with, text_with

FALLBACK = "en"
# Who looks at a letter here sees where the link stands, and cannot unsubscribe its reader by it.
OWN_LINK = lazy_gettext("[the reader's own link]")


@cache
def words() -> dict[str, dict[str, str]]:
    """What is said, by name and language: the link follows `end`, `register` is the EU Transparency Register."""
    return tomllib.loads(Path(__file__).with_name("footers.toml").read_text(encoding="utf-8"))


def _said(name: str, language: str) -> str:
    known = words()[name]
    return known.get(language.partition("-")[0], known[FALLBACK])


def footer_in(language: str) -> str:
    """What stands below a letter in that language, in lines; `pt-BR` is served by `pt`."""
    settings: Settings = current_app.extensions["settings"]
    number = settings.transparency_register
    register = f"{_said('register', language)}: {number}" if number else ""
    return "\n".join(line for line in (settings.controller, register, _said("end", language)) if line)


def shown_text(footer: str | None, text: str) -> str:
    """The text part as our own people may see it."""
    return text_with(footer, text, str(OWN_LINK)) if footer else text


def shown_html(footer: str | None, html: str) -> str:
    """The HTML part as our own people may see it."""
    return html_with(footer, html, f"<bdi>{escape(str(OWN_LINK))}</bdi>") if footer else html
