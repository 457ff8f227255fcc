"""Reads a received message with the patience that mail needs: what is malformed is read as far as it can be."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from typing import TypeAlias

import nh3

from crm.inbound.models import ADDRESS_LENGTH, MESSAGE_ID_LENGTH, NAME_LENGTH, SUBJECT_LENGTH

Mail: TypeAlias = "Message[str, str]"
# So much of a message's words is shown and kept beside it; the message itself is kept whole.
MOST_TEXT = 20_000
# Of HTML more is looked at: most of it is markup. Nested deep, more would keep the reader for minutes.
_MOST_HTML = 100_000
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,300}>")
# Where mail servers say to which address they delivered it, then where the sender says so.
_DELIVERED = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")
_BREAKS = re.compile(r"(?i)<br\s*/?>|</(?:p|div|tr|li|h[1-6]|blockquote)>")


class NoMail(ValueError):
    """There is no header in it: these bytes are no message."""


def clean(text: str, length: int) -> str:
    """Text every database can keep, on one line, and not too long."""
    return " ".join(storable(text).split())[:length]


def storable(text: str) -> str:
    """The text without what databases refuse: NUL, and bytes that were no letters of the charset named."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")


def header(message: Mail, name: str) -> str:
    """A header's value with its encoded words decoded (RFC 2047), as far as they can be; empty where it is missing."""
    value = message.get(name)
    if value is None:
        return ""
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return str(value)


def addresses(message: Mail, *names: str) -> list[tuple[str, str]]:
    """Names and addresses in these headers, in their order."""
    values = [str(value) for name in names for value in message.get_all(name, [])]
    found = getaddresses([" ".join(value.split()) for value in values])
    return [(_decoded(name), address) for name, address in found if "@" in address]


def _decoded(name: str) -> str:
    try:
        return str(make_header(decode_header(name)))
    except (HeaderParseError, LookupError, ValueError):
        return name


def _sent_at(message: Mail) -> datetime | None:
    try:
        at = parsedate_to_datetime(str(message.get("Date", "")))
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


@dataclass(frozen=True)
class Reading:
    """A message as far as it could be read; `references` are the Message-IDs it answers, the nearest first."""

    message: Mail
    message_id: str
    from_name: str
    from_address: str
    subject: str
    sent_at: datetime | None
    delivered_to: tuple[str, ...]
    references: tuple[str, ...]

    @property
    def text(self) -> str:
        """What it says, as plain text; of a message that has only HTML, the text of that."""
        return text_of(self.message)


def read(raw: bytes) -> Reading:
    """Read a message (RFC 5322). Raises NoMail; what else is wrong with it is borne, or raises what it may."""
    message: Mail = message_from_bytes(raw)
    if not message.keys():
        raise NoMail
    name, address = next(iter(addresses(message, "From")), ("", ""))
    return Reading(
        message,
        clean(header(message, "Message-ID"), MESSAGE_ID_LENGTH),
        clean(name, NAME_LENGTH),
        clean(address, ADDRESS_LENGTH),
        clean(header(message, "Subject"), SUBJECT_LENGTH),
        _sent_at(message),
        tuple(dict.fromkeys(clean(address, ADDRESS_LENGTH) for _name, address in addresses(message, *_DELIVERED))),
        tuple(dict.fromkeys([*_named_in(message, "In-Reply-To"), *reversed(_named_in(message, "References"))])),
    )


def _named_in(message: Mail, name: str) -> list[str]:
    return _MESSAGE_ID.findall(storable(header(message, name)))


def parts(message: Mail) -> Iterator[Mail]:
    """The parts that hold something themselves, from the first to the last."""
    for part in message.walk():
        if not part.is_multipart():
            yield part


def decoded(part: Mail) -> str:
    """A text part's words, in whatever charset it says, or nearly."""
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    try:
        return storable(data.decode(part.get_content_charset() or "utf-8", "replace"))
    except (LookupError, ValueError):
        return storable(data.decode("latin-1"))


def body_of(message: Mail) -> tuple[str, bool] | None:
    """The message's first text that is no attachment, and whether it is HTML; plain text goes before it."""
    text = _first_text(message, "text/plain")
    if text is not None:
        return text, False
    page = page_of(message)
    return None if page is None else (page, True)


def page_of(message: Mail) -> str | None:
    """The message's first HTML that is no attachment, from its body on; None where it came as plain text alone."""
    page = _first_text(message, "text/html")
    return None if page is None else _without_head(page)


def _first_text(message: Mail, wanted: str) -> str | None:
    for part in parts(message):
        if part.get_content_type() == wanted and part.get_content_disposition() != "attachment":
            words = decoded(part).replace("\r\n", "\n")
            if words.strip():
                return words
    return None


def _without_head(page: str) -> str:
    """What stands in the body of a page: before it, office programs put pages of styles."""
    start = page.lower().find("<body")
    return page[max(start, 0) :][:_MOST_HTML]


def text_of(message: Mail) -> str:
    """What `body_of` finds, as plain text; empty where there is none."""
    body = body_of(message)
    if body is None:
        return ""
    text, is_page = body
    return (text_of_html(text) if is_page else text).strip()[:MOST_TEXT]


def text_of_html(page: str) -> str:
    """The words of a page, its blocks on lines of their own; nothing of its markup is left."""
    broken = _BREAKS.sub("\n", " ".join(page.split()))
    bare = nh3.clean(broken, tags=set(), clean_content_tags={"script", "style", "title"})
    lines = [line.strip() for line in html.unescape(bare).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
