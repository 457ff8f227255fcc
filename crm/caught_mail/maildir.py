"""The catcher's Maildir as a list of letters, newest first, and one letter's parts."""

from __future__ import annotations

import os
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

PAGE_SIZE = 50

# Names are made by the standard library: seconds, microseconds, process and number of the letter.
_NAME = re.compile(r"(\d+)\.M(\d+)P\d+Q(\d+)\.[^/:]+")
# Its modern header parser is not proof against every damaged header.
_DAMAGED = (MessageError, ValueError, LookupError, AttributeError, TypeError)


@dataclass(frozen=True)
class Summary:
    """One line of the list."""

    key: str
    caught_at: datetime
    sender: str
    recipients: str
    subject: str


@dataclass(frozen=True)
class SummaryPage:
    """One page of the list, with the keys at which its neighbours begin (None at an end)."""

    rows: Sequence[Summary]
    total: int
    previous: str | None
    next: str | None


def _age(key: str) -> tuple[int, ...]:
    """A sort key: the newest letter first."""
    match = _NAME.fullmatch(key)
    return tuple(-int(part) for part in match.groups()) if match else (0,)


def _files(folder: Path) -> dict[str, str]:
    """Where in the folder each letter is, by its key; a mail program that has read one moves it and adds flags."""
    found = {}
    for part in ("cur", "new"):
        # Names alone: a mailing leaves thousands.
        names = os.listdir(folder / part) if (folder / part).is_dir() else []  # noqa: PTH208
        found.update({name.partition(":")[0]: f"{part}/{name}" for name in names})
    return found


def header(message: EmailMessage, name: str) -> str:
    """A header's decoded text, or as it was written where it is damaged; empty where it is missing."""
    try:
        return str(message.get(name, ""))
    except _DAMAGED:
        return next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")


def envelope(message: EmailMessage) -> str:
    """The addresses the letter was really for, as the catcher has noted them."""
    return header(message, "X-RcptTo")


def _summary(key: str, path: Path) -> Summary:
    with path.open("rb") as file:
        message = BytesParser(EmailMessage, policy=policy.default).parse(file, headersonly=True)
    return Summary(
        key,
        datetime.fromtimestamp(-_age(key)[0], UTC),
        header(message, "From"),
        header(message, "To") or envelope(message),
        header(message, "Subject"),
    )


def letters(folder: Path, start: str | None = None) -> SummaryPage:
    """The page of the list that begins at the key `start`; only its own letters are opened."""
    files = _files(folder)
    keys = sorted(filter(_NAME.fullmatch, files), key=_age)
    first = bisect_left(keys, _age(start), key=_age) if start else 0
    after = first + PAGE_SIZE
    return SummaryPage(
        [_summary(key, folder / files[key]) for key in keys[first:after]],
        len(keys),
        keys[max(0, first - PAGE_SIZE)] if first else None,
        keys[after] if after < len(keys) else None,
    )


def source(folder: Path, key: str) -> bytes | None:
    """The letter as it came, or None where there is no such letter."""
    if not _NAME.fullmatch(key):
        return None
    path = folder / "new" / key
    if not path.is_file():
        path = folder / _files(folder).get(key, "gone")
    return path.read_bytes() if path.is_file() else None


def parse(raw: bytes) -> EmailMessage:
    """The letter's headers and parts."""
    return BytesParser(EmailMessage, policy=policy.default).parsebytes(raw)


def body(message: EmailMessage, subtype: str) -> str | None:
    """The text of the letter's `plain` or `html` body, or None where it has none."""
    part = message.get_body((subtype,))
    if part is None:
        return None
    try:
        return str(part.get_content())
    except _DAMAGED:
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else None


def attachments(message: EmailMessage) -> list[str]:
    """The file names of what is attached."""
    return [part.get_filename() or part.get_content_type() for part in message.iter_attachments()]
