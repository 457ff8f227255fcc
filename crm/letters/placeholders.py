"""The documented list of placeholders a wording may use, and how a value becomes fit for a letter."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from flask_babel import lazy_gettext


@dataclass(frozen=True)
class Placeholder:
    """One `{{name}}`: what it stands for, in the reader's language, and an example."""

    name: str
    meaning: str
    example: str

    @property
    def token(self) -> str:
        """The placeholder as an author writes it."""
        return f"{{{{{self.name}}}}}"


PLACEHOLDERS: dict[str, Placeholder] = {
    placeholder.name: placeholder
    for placeholder in (
        Placeholder("salutation", lazy_gettext("opening line, with its comma"), "Dear Ms Kowalska,"),
        Placeholder("title", lazy_gettext("form of address, inside a sentence"), "Ms Kowalska"),
        Placeholder("closing", lazy_gettext("closing line, before the name of the sender"), "Yours sincerely,"),
        Placeholder("name", lazy_gettext("full name"), "Anna Kowalska"),
        Placeholder("given_name", lazy_gettext("given name"), "Anna"),
        Placeholder("family_name", lazy_gettext("family name"), "Kowalska"),
        Placeholder("role", lazy_gettext("role in the present mandate"), "member"),
        Placeholder("country", lazy_gettext("country, in the language of the letter"), "Poland"),
        Placeholder("group", lazy_gettext("political group"), "Group of the Greens"),
        Placeholder("party", lazy_gettext("national party"), "Zieloni"),
        Placeholder("ask", lazy_gettext("what we ask of this target"), "to speak in the plenary debate"),
        Placeholder("campaign", lazy_gettext("name of the campaign"), "Ratify the convention"),
        Placeholder("treaty", lazy_gettext("name of the treaty"), "Migrant Workers Convention"),
        Placeholder("sender_name", lazy_gettext("name of the sender"), "Jo Martin"),
    )
}

# Whatever stands between double braces is meant as a placeholder, so that a misspelt one is named, not sent.
PLACEHOLDER_PATTERN = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")

# Invisible direction marks could reorder the words around a value; private-use characters mark places in rendering.
_UNSAFE = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ue000-\uf8ff]")


def clean_value(value: str | None) -> str:
    """The value on one line, without control, direction and private-use characters; empty where there is none."""
    if not value:
        return ""
    if value.isprintable():  # none of those in it; most values, and planning cleans them by the million
        # Of white space only the plain one is printable.
        return value.strip() if "  " not in value else " ".join(value.split())
    kept = _UNSAFE.sub("", "".join(" " if unicodedata.category(char) == "Cc" else char for char in value))
    return " ".join(kept.split())
