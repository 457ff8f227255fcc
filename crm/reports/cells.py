"""What tables of a report are made of: one shape for the screen, for paper and for files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from babel import Locale, numbers
from flask_babel import format_decimal, format_percent, get_locale, gettext, ngettext

from crm.directory.labels import country_label


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure or a word: `value` as files write it, `text` as it is shown, `href` the list behind it."""

    value: Any
    text: str
    href: str | None = None


BLANK = Cell("", "")


@dataclass(frozen=True)
class Row:
    """A row: what it is about, and its cells. `note` stands in small letters beside the head.

    `written` is the head as files write it, where that differs: a day by ISO 8601.
    """

    head: str
    cells: Sequence[Cell]
    note: str = ""
    data: bool = False  # the head is a name, not one of our words
    written: str = ""


@dataclass(frozen=True)
class Table:
    """A table with the labels of its columns, the head's first; `foot` adds it all up.

    `written` are the labels as files write them, by those on the screen, where they differ: there a figure has lost its
    unit, and a day is written by ISO 8601. `written_title` is the title there: the first rows name the period.
    """

    key: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Row]
    foot: Row | None = None
    note: str = ""
    written: Mapping[str, str] = field(default_factory=dict)
    written_title: str = ""

    @property
    def has_lists(self) -> bool:
        """Whether any figure leads to a list; a narrow screen scrolls to those, and by hand where there is none."""
        rows = [*self.rows, *([self.foot] if self.foot else [])]
        return any(cell.href for row in rows for cell in row.cells)

    def lines(self) -> Iterator[list[Any]]:
        """The same as a file writes it."""
        yield [self.written.get(label, label) for label in self.columns]
        for row in [*self.rows, *([self.foot] if self.foot else [])]:
            head = row.written or row.head
            yield [f"{head} ({row.note})" if row.note else head, *(cell.value for cell in row.cells)]


@lru_cache(maxsize=20_000)
def _number(value: int, locale: Locale | None) -> str:
    return numbers.format_decimal(value, locale=locale)


class Numbers(dict[int, str]):
    """Numbers as the reader writes them, each formatted once: a report shows a thousand, and most are small."""

    def __init__(self) -> None:
        super().__init__()
        self.locale = get_locale()

    def __missing__(self, value: int) -> str:
        self[value] = text = _number(value, self.locale)
        return text


def percent(share: float | None) -> str:
    """Whole percents; a share too small to show is not rounded to nothing."""
    if share is None:
        return ""
    return str("<" + format_percent(0.01) if 0 < share < 0.005 else format_percent(round(share, 2)))


def days_words(days: float) -> str:
    """So many days in words, of few of them with a tenth."""
    shown = round(days, 1) if days < 10 else round(days)
    return str(ngettext("%(days)s day", "%(days)s days", 1 if shown == 1 else 2, days=format_decimal(shown)))


def country_name(code: str | None) -> str:
    """The country, or that it is not known."""
    return str(country_label(code) if code else gettext("Country not known"))
