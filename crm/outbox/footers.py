"""The line below a letter by which its reader can stop such letters, in its text and in its HTML."""

from __future__ import annotations

from functools import lru_cache
from html import escape

_HTML = '<p dir="auto" style="border-top:1px solid #d5d8dd;padding-top:12px;font-size:14px;color:#5b6270">{} '
_HTML_END = "</p>"
_LINK = '<a dir="ltr" style="color:#5b6270" href="{}">{}</a>'
# Inside the frame round the letter, where there is one.
_ENDS = ("</div></body>", "</body>")


def text_with(footer: str, text: str, link: str) -> str:
    """The text part with its last lines, behind the separator that mail programs know (RFC 3676 4.3)."""
    return f"{text.rstrip()}\n\n-- \n{footer}\n{link}\n"


@lru_cache(maxsize=64)
def _paragraph(footer: str) -> str:
    """What letters in one language share. Each line finds its own direction, so nothing here knows languages."""
    *above, last = escape(footer).split("\n")
    return _HTML.format("".join(f'<span dir="auto">{line}</span><br>' for line in above) + last)


def html_with(footer: str, html: str, link: str) -> str:
    """The HTML part with the same words at its end; `link` is HTML."""
    place = next((found for end in _ENDS if (found := html.rfind(end)) >= 0), len(html))
    return f"{html[:place]}{_paragraph(footer)}{link}{_HTML_END}{html[place:]}"


def link_to(url: str) -> str:
    """The address as HTML, shown without the long token in it."""
    return _LINK.format(escape(url), _shown(url.rpartition("/")[0]))


@lru_cache(maxsize=64)
def _shown(place: str) -> str:
    """What all such links share."""
    return escape(place.partition("://")[2])
