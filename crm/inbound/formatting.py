"""A received mail as it was formatted: its HTML, with nothing in it that runs, loads or sends."""

from __future__ import annotations

import logging
import re
from html import escape

import nh3
from quotequail import quote_html

from crm.inbound.parsing import Mail, page_of

logger = logging.getLogger(__name__)
# What words are set with. No picture: to load one tells who sent it that it was read, when, and from where.
_TAGS = {
    "a", "abbr", "b", "bdi", "bdo", "big", "blockquote", "br", "caption", "center", "cite", "code", "col",
    "colgroup", "dd", "del", "dfn", "div", "dl", "dt", "em", "figcaption", "font", "h1", "h2", "h3", "h4", "h5",
    "h6", "hr", "i", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strike",
    "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var",
}  # fmt: skip
_EVERYWHERE = {"align", "bgcolor", "dir", "lang", "style", "title", "valign"}
_ATTRIBUTES = {
    "*": _EVERYWHERE,
    "a": {"href"},
    "col": {"span", "width"},
    "font": {"color", "face", "size"},
    "ol": {"start", "type"},
    "table": {"border", "cellpadding", "cellspacing", "width"},
    "td": {"colspan", "rowspan", "width"},
    "th": {"colspan", "rowspan", "scope", "width"},
}
_STYLES = {
    "background-color", "border", "border-bottom", "border-collapse", "border-left", "border-right", "border-top",
    "color", "direction", "font-family", "font-size", "font-style", "font-weight", "line-height", "margin",
    "margin-bottom", "margin-left", "margin-right", "margin-top", "padding", "padding-bottom", "padding-left",
    "padding-right", "padding-top", "text-align", "text-decoration", "text-indent", "vertical-align", "white-space",
    "width",
}  # fmt: skip
# A value that calls nothing but a colour, and hides nothing.
_PLAIN = re.compile(r"(?i)(?:[^()\\@]|\brgba?\([\d., %]*\))*")
_UNREAD = {"script", "style", "title", "template", "noscript", "svg", "math", "iframe", "object", "textarea", "select"}
_OWN_STYLE = (
    "body{margin:1rem;font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;overflow-wrap:anywhere}"
    "table{max-width:100%}blockquote{margin-inline:1rem;padding-inline-start:.75rem;border-inline-start:3px solid #ccc}"
    "summary{cursor:pointer;margin-block:.75rem;color:#555}pre{white-space:pre-wrap}"
)
# The mail is a stranger's: it has an origin of its own even if opened alone, and all that comes of it are links.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
        "sandbox allow-popups allow-popups-to-escape-sandbox",
    )
)


def is_formatted(message: Mail) -> bool:
    """Whether it came as HTML too."""
    return page_of(message) is not None


def document_of(message: Mail, title: str, quoted: str) -> str | None:
    """The mail as a page of its own, what it quotes folded below the word `quoted`; None where it has no HTML."""
    page = page_of(message)
    if page is None:
        return None
    body = "".join(
        _safe(piece) if shown else f"<details><summary>{escape(quoted)}</summary>{_safe(piece)}</details>"
        for shown, piece in _told_apart(page)
    )
    return (
        f'<!doctype html><html dir="auto"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_OWN_STYLE}</style></head><body>{body}</body></html>"
    )


def _told_apart(page: str) -> list[tuple[bool, str]]:
    """Pieces of the page, and whether they are new; of one that is nothing but a quotation, all of it is."""
    try:
        pieces = [(bool(shown), str(piece)) for shown, piece in quote_html(page, quote_intro_line=True)]
    except Exception:  # whatever its parser cannot bear: then nothing is folded
        logger.info("a received page could not be folded", exc_info=True)
        pieces = []
    return pieces if any(shown for shown, _piece in pieces) else [(True, page)]


def _only_plain(_tag: str, name: str, value: str) -> str:
    """Styles without those that name an address: the library looks at their names alone."""
    if name != "style":
        return value
    return ";".join(declaration for declaration in value.split(";") if _PLAIN.fullmatch(declaration))


def _safe(page: str) -> str:
    return nh3.clean(
        page,
        tags=_TAGS,
        clean_content_tags=_UNREAD,
        attributes=_ATTRIBUTES,
        attribute_filter=_only_plain,
        filter_style_properties=_STYLES,
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
