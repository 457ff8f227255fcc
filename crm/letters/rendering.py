"""Turns a wording into letters: compiled once into literal text and fields, then joined with each reader's values.

Nothing but plain strings ever reaches a letter: there is no template language, Markdown is sanitised before any
value is put in, and values are escaped for the part they go into and never read again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from html import escape
from urllib.parse import quote

import mistune
import nh3
from babel import Locale
from mistune import HTMLRenderer

from crm.letters.placeholders import PLACEHOLDER_PATTERN, PLACEHOLDERS, clean_value
from crm.letters.plain_text import PlainTextRenderer

# Literal, field, literal, field, …, literal: fields stand at the odd places.
Segments = tuple[str, ...]

# A place in the text, as Markdown and the sanitiser carry it through: private-use characters round a number.
_OPEN, _CLOSE = "\ue000", "\ue001"
_PLACE = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")
_PRIVATE_USE = re.compile("[\ue000-\uf8ff]")
_TAGS = {
    *("p", "br", "hr", "strong", "em", "del", "a", "ul", "ol", "li", "blockquote", "code", "pre"),
    *("h1", "h2", "h3", "h4", "h5", "h6"),
}
# These bring the mark that ends their line.
_MARKED_LINE = re.compile(r"\{\{\s*(?:salutation|closing)\s*\}\}[*_~]*\s?[,.:;!،]")
_UNSAFE_LINK = "#harmful-link"  # what mistune puts for javascript: and the like

# Mail programs read little more than inline style; nothing is fetched from anywhere.
_DOCUMENT = (
    '<!doctype html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>{subject}</title></head>'
    '<body style="margin:0;padding:0;background:#ffffff;color:#1c1f24">'
    "<div style=\"max-width:640px;margin:0 auto;padding:24px;font-family:Georgia,'Times New Roman',serif;"
    'font-size:17px;line-height:1.55;overflow-wrap:break-word">'
)
_DOCUMENT_END = "</div></body></html>"


class ProblemKind(StrEnum):
    """What keeps a wording from being sent."""

    UNKNOWN_PLACEHOLDER = "unknown_placeholder"
    OPEN_BRACES = "open_braces"
    PLACEHOLDER_IN_LINK = "placeholder_in_link"
    UNSAFE_LINK = "unsafe_link"
    MARK_TWICE = "mark_twice"
    EMPTY_SUBJECT = "empty_subject"
    EMPTY_BODY = "empty_body"


@dataclass(frozen=True)
class Problem:
    """One fault of a wording; `detail` quotes the place, `line` counts those of the body from 1; 0 is the subject."""

    kind: ProblemKind
    detail: str = ""
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Rendered:
    """One reader's letter: the subject on one line, the text part, the whole HTML document."""

    subject: str
    text: str
    html: str


class EmptyValues(Exception):
    """The reader has no value for these placeholders, so there is no letter."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


@dataclass(frozen=True)
class CompiledWording:
    """A wording ready to be joined with values; one with problems can be previewed, not sent."""

    subject: Segments
    text: Segments
    html: Segments
    problems: tuple[Problem, ...]
    document_head: str

    @property
    def fields(self) -> frozenset[str]:
        """Names of the placeholders used, unknown ones included."""
        return frozenset((*self.subject[1::2], *self.text[1::2]))

    def render(self, values: Mapping[str, str]) -> Rendered:
        """The letter of one reader; `values` are clean (see `clean_value`). Raises EmptyValues."""
        empty = sorted(name for name in self.fields if not values.get(name))
        if empty:
            raise EmptyValues(empty)
        escaped = {name: escape(values[name]) for name in self.fields}
        subject = _join(self.subject, values.__getitem__)
        body = _join(self.html, escaped.__getitem__)
        return Rendered(
            subject,
            _join(self.text, values.__getitem__),
            f"{self.document_head.format(subject=escape(subject))}{body}{_DOCUMENT_END}",
        )

    def preview(self, show: Callable[[str], str]) -> Rendered:
        """The letter as HTML for a screen, subject and text part too; `show` puts a field there, and escapes it."""
        return Rendered(
            _join(tuple(map(escape, self.subject)), show),
            _join(tuple(map(escape, self.text)), show),
            _join(self.html, show),
        )


def _join(segments: Segments, value_of: Callable[[str], str]) -> str:
    parts = list(segments)
    parts[1::2] = map(value_of, segments[1::2])
    return "".join(parts)


class _LetterRenderer(HTMLRenderer):
    """HTML of a letter: an image is its description, since letters fetch nothing."""

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return text


# As in a letter, a new line is a new line.
_to_html = mistune.create_markdown(
    renderer=_LetterRenderer(escape=True), hard_wrap=True, plugins=["strikethrough", "url"]
)
_to_text = mistune.create_markdown(renderer=PlainTextRenderer(), plugins=["strikethrough", "url"])


def _split(text: str, names: list[str]) -> Segments:
    parts = _PLACE.split(text)
    parts[1::2] = [names[int(number)] for number in parts[1::2]]
    return tuple(parts)


def _problems(subject: str, body: str, html: str) -> list[Problem]:
    lines = list(enumerate([subject, *body.split("\n")]))
    found: list[Problem] = []
    for number, line in lines:
        known = {problem.detail for problem in found}
        unknown = (name for name in PLACEHOLDER_PATTERN.findall(line) if name not in PLACEHOLDERS)
        found += [
            Problem(ProblemKind.UNKNOWN_PLACEHOLDER, name or "{{}}", number)
            for name in dict.fromkeys(unknown)
            if (name or "{{}}") not in known
        ]
    without = ((number, PLACEHOLDER_PATTERN.sub("", line)) for number, line in lines)
    found += [
        Problem(ProblemKind.OPEN_BRACES, line.strip()[:60], number)
        for number, line in without
        if "{{" in line or "}}" in line
    ]
    if twice := next(((number, match[0]) for number, line in lines if (match := _MARKED_LINE.search(line))), None):
        found.append(Problem(ProblemKind.MARK_TWICE, twice[1], twice[0]))
    if quote(_OPEN) in html or re.search(f"<[^>]*{_OPEN}", html):
        found.append(Problem(ProblemKind.PLACEHOLDER_IN_LINK))
    if _UNSAFE_LINK in html:
        found.append(Problem(ProblemKind.UNSAFE_LINK))
    if not subject.strip():
        found.append(Problem(ProblemKind.EMPTY_SUBJECT, line=0))
    if not body.strip():
        found.append(Problem(ProblemKind.EMPTY_BODY))
    return found


@lru_cache(maxsize=128)
def compile_wording(subject: str, body: str, language: str) -> CompiledWording:
    """Compile a subject and a Markdown body; the costly part (milliseconds), done once per wording."""
    subject = clean_value(subject)
    body = _PRIVATE_USE.sub("", body).replace("\r\n", "\n")
    names: list[str] = []

    def place(match: re.Match[str]) -> str:
        names.append(match[1])
        return f"{_OPEN}{len(names) - 1}{_CLOSE}"

    marked_subject = PLACEHOLDER_PATTERN.sub(place, subject)
    marked_body = PLACEHOLDER_PATTERN.sub(place, body)
    html = nh3.clean(
        str(_to_html(marked_body)),
        tags=_TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )
    problems = _problems(subject, body, html)
    direction = Locale.parse(language, sep="-").text_direction
    return CompiledWording(
        _split(marked_subject, names),
        _split(str(_to_text(marked_body)).strip("\n") + "\n", names),
        _split(html, names),
        tuple(problems),
        # Only the subject is left to fill in, per reader.
        _DOCUMENT.replace("{language}", escape(language)).replace("{direction}", direction),
    )
