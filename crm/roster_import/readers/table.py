"""Tables of people: lines of cells under a header, whatever file they come from, turned into records."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import ClassVar, TypeVar

from flask_babel import gettext

from crm.directory.actions import InvalidAddress, normalize_address
from crm.directory.models import Category
from crm.roster_import.names import split_capitals, split_comma
from crm.roster_import.readers.columns import SEVERAL, Columns, assigned, recognised
from crm.roster_import.readers.limits import fitting
from crm.roster_import.readers.source import one_line, shown, to_date, to_gender, to_handle, to_phone
from crm.roster_import.records import BadLine, Doubt, Mandate, Problem, Record, RosterFormat, Seat, UnreadableRoster

EUROPEAN_PARLIAMENT = "European Parliament"
# The letters of the committee columns; any other mark is an ordinary member's.
_SEAT_ROLES = {"M": "member", "S": "substitute", "C": "chair", "V": "vice-chair"}
_SAMPLE = 50

Value = TypeVar("Value")


def _parts(text: str) -> list[str]:
    """The entries of a field that holds several."""
    if not text:
        return []
    return [part for part in (one_line(part) for part in re.split(r"[|;]", text)) if part]


class _Row:
    """One line of the table: its fields by name, and the doubts met while reading them."""

    def __init__(self, line: int, cells: list[str], columns: Columns) -> None:
        self.line = line
        self.doubts: list[Doubt] = []
        self._cells = cells
        self._columns = columns

    def text(self, name: str) -> str:
        indexes = self._columns.fields.get(name)
        if not indexes:
            return ""
        found = (one_line(self._cells[index]) for index in indexes)
        filled = [text for text in found if text]
        return " | ".join(filled) if name in SEVERAL else next(iter(filled), "")

    def parsed(self, name: str, parse: Callable[[str], Value], problem: Problem) -> Value | None:
        try:
            return parse(self.text(name))
        except ValueError:
            self.doubts.append(Doubt(name, shown(self.text(name)), problem))
            return None

    def emails(self) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for part in re.split(r"[|;,\s]+", self.text("email")):
            address = part.removeprefix("mailto:")
            if not address:
                continue
            try:
                found[normalize_address(address)] = None
            except InvalidAddress:
                self.doubts.append(Doubt("email", shown(address), Problem.NOT_AN_ADDRESS))
        return tuple(found)

    def seats(self) -> tuple[Seat, ...] | None:
        lists = ("committee", "substitute", "delegation")
        if not self._columns.seats and not any(name in self._columns.fields for name in lists):
            return None
        roles: dict[str, str] = {}
        for name, role in zip(lists, ("member", "substitute", "member"), strict=True):
            for code in _parts(self.text(name)):
                roles.setdefault(code, role)
        # The column of a committee knows chairs and vice-chairs, which the lists do not.
        for code, index in self._columns.seats.items():
            mark = self._cells[index].strip().upper()
            if mark:
                roles[code] = _SEAT_ROLES.get(mark, "member")
        return tuple(Seat(code, role) for code, role in sorted(roles.items()))


class Table(ABC):
    """A table of people. With a column of European Parliament ids it is a table of that parliament's members.

    `fields` is what its columns hold (see `columns.assigned`), None to recognise them by their headings; `separator`
    stands between the cells of a line that is shown as it is.
    """

    format: ClassVar[RosterFormat]
    complete: bool | None = None
    day: date | None = None
    separator = ", "

    def __init__(self, header: Sequence[str], fields: Sequence[str] | None) -> None:
        self.header = [one_line(heading) for heading in header]
        self.fields = recognised(self.header) if fields is None else list(fields)[: len(self.header)]
        self._columns = assigned(self.header, self.fields)
        self.unread = self._columns.unread
        self.institution = EUROPEAN_PARLIAMENT if "europarl" in self._columns.fields else ""

    @abstractmethod
    def lines(self) -> Iterator[tuple[int, list[str]]]:
        """Number and cells of every line after the header, streamed. Raises UnreadableRoster with the line."""

    @property
    def sheet(self) -> str:
        """Of a workbook, the name of the sheet that is read."""
        return ""

    @property
    def other_sheets(self) -> tuple[str, ...]:
        """Of a workbook, the sheets that hold something and are not read."""
        return ()

    @property
    def has_names(self) -> bool:
        """Whether a column is known to hold names; without one there is nobody to read."""
        return self._columns.has_names

    def sample(self) -> list[list[str]]:
        """The first lines, each with as many cells as the header, cut to what a person wants to see."""
        width = len(self.header)
        found = [cells for _line, cells in islice(self._filled(), _SAMPLE)]
        return [[shown(cell)[:80] for cell in (cells + [""] * width)[:width]] for cells in found]

    def _filled(self) -> Iterator[tuple[int, list[str]]]:
        return ((line, cells) for line, cells in self.lines() if any(cell.strip() for cell in cells))

    def records(self) -> Iterator[Record | BadLine]:
        """Every line after the header, streamed; blank lines are passed over."""
        if not self.has_names:
            raise UnreadableRoster(
                gettext(
                    "Line 1: no column with names was found, only: %(columns)s. The first line must name the columns, "
                    "with one called name, or first_name and last_name.",
                    columns=shown(", ".join(self.header)),
                ),
                1,
            )
        for line, cells in self._filled():
            yield self._record(line, cells)

    def _record(self, line: int, cells: list[str]) -> Record | BadLine:
        if len(cells) != len(self.header):
            return BadLine(line, shown(self.separator.join(cells)), Problem.WRONG_COLUMNS)
        row = _Row(line, cells, self._columns)
        given_name, family_name = row.text("given_name") or None, row.text("family_name") or None
        name = " ".join(filter(None, (given_name, family_name))) or row.text("name")
        if not name:
            return BadLine(line, shown(self.separator.join(cells)), Problem.NO_NAME)
        if given_name is None and family_name is None:
            given_name, family_name = split_comma(name)
            if given_name and family_name:
                name = f"{given_name} {family_name}"
            else:
                given_name, family_name = split_capitals(name)
        birth_date = row.parsed("birth_date", to_date, Problem.NOT_A_DATE)
        emails = row.emails()
        mandate = self._mandate(row)
        return fitting(
            Record(
                line=line,
                name=name,
                given_name=given_name,
                family_name=family_name,
                identifiers=tuple(
                    (scheme, row.text(scheme)) for scheme in ("europarl", "wikidata") if row.text(scheme)
                ),
                category=self._category(row),
                country=row.text("country"),
                region=row.text("region"),
                gender=to_gender(row.text("gender")),
                birth_date=birth_date,
                emails=emails,
                phones=tuple(to_phone(part) for part in _parts(row.text("phone"))),
                addresses=self._addresses(row),
                urls=tuple(_parts(row.text("url"))),
                twitter=tuple(filter(None, (to_handle(part) for part in _parts(row.text("twitter"))))),
                mandates=(mandate,) if mandate else (),
                group="" if mandate else row.text("group"),
                party=row.text("party") or None,
                seats=row.seats(),
                doubts=tuple(row.doubts),
            )
        )

    def _mandate(self, row: _Row) -> Mandate | None:
        institution = row.text("institution") or self.institution
        if not institution:
            if row.text("role"):
                row.doubts.append(Doubt("role", shown(row.text("role")), Problem.NO_PLACE))
            return None
        return Mandate(
            institution,
            role=row.text("role") or "member",
            group=row.text("group"),
            start=row.parsed("since", to_date, Problem.NOT_A_DATE),
            end=row.parsed("until", to_date, Problem.NOT_A_DATE),
        )

    def _category(self, row: _Row) -> str:
        named = re.sub(r"[\s-]+", "_", row.text("category").lower())
        return named if named in set(Category) else ""

    def _addresses(self, row: _Row) -> tuple[str, ...]:
        found = _parts(row.text("address"))
        if row.text("office"):
            found.append(", ".join(filter(None, (row.text("institution") or self.institution, row.text("office")))))
        return tuple(found)
