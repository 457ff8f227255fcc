"""The interface between readers and the import, and how readers turn what people write into plain values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Protocol

from crm.roster_import.records import Item, RosterFormat
from crm.text import seen

SHOWN = 200


class Source(Protocol):
    """A file of a known format.

    `institution` is the label of the institution whose members it lists, empty where it lists people of any;
    `complete` says that such a file names every one of them, or that it never does; None that its size has to tell.
    `unread` names the columns nothing is taken from; `day` is the day the file says it describes.
    """

    @property
    def format(self) -> RosterFormat: ...
    @property
    def institution(self) -> str: ...
    @property
    def complete(self) -> bool | None: ...
    @property
    def unread(self) -> tuple[str, ...]: ...
    @property
    def day(self) -> date | None: ...

    def records(self) -> Iterator[Item]:
        """Every person or bad line, in the order of the file, streamed. Raises UnreadableRoster with the line."""


def one_line(text: str | None) -> str:
    """The text as it looks, without line breaks and doubled spaces."""
    return " ".join(seen(text or "").split())


def shown(text: str) -> str:
    """The text cut to what a person wants to see of a bad line; NUL bytes become a sign that can be stored."""
    text = one_line(text).replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def to_date(text: str) -> date | None:
    """A day written as 2024-07-16 or in the European order (16/07/2024, 16.07.2024); a time after it is ignored.

    Raises ValueError for anything else; None for the empty text.
    """
    text = text.strip()
    if not text:
        return None
    iso = re.match(r"(\d{4})-(\d{2})-(\d{2})(?=$|[T ])", text)
    if iso:
        return date(*(int(part) for part in iso.groups()))
    european = re.match(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?=$|[T ])", text)
    if european is None:
        raise ValueError(text)
    day, month, year = (int(part) for part in european.groups())
    return date(year, month, day)


_GENDERS = {"m": "male", "male": "male", "man": "male", "homme": "male", "masculin": "male", "männlich": "male"}
_GENDERS |= {"f": "female", "female": "female", "woman": "female", "femme": "female", "féminin": "female"}
_GENDERS |= {"weiblich": "female", "masculino": "male", "femenino": "female", "w": "female"}


def to_gender(text: str) -> str:
    """`male` or `female` for the words sources use for them, any other word as it is."""
    text = text.strip().lower()
    return _GENDERS.get(text, text)[:20]


def to_phone(text: str) -> str:
    """The number with + instead of the international 00."""
    text = one_line(text)
    return f"+{text[2:]}" if text.startswith("00") else text


def to_handle(text: str) -> str:
    """The name of an account, out of `@name`, `x.com/name` or a whole address."""
    return re.sub(r"^(?:https?://)?(?:www\.|mobile\.)?(?:twitter|x)\.com/", "", text.strip()).lstrip("@").split("?")[0]
