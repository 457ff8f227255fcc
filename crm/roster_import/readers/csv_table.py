"""Reads tables of people from CSV files: any encoding and delimiter people use, columns recognised by name."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TypeVar

from flask_babel import gettext

from crm.directory.actions import InvalidAddress, normalize_address
from crm.directory.models import Category
from crm.roster_import.names import split_capitals
from crm.roster_import.readers.columns import Columns, recognise
from crm.roster_import.readers.limits import fitting
from crm.roster_import.readers.source import one_line, shown, to_date, to_gender, to_handle, to_phone
from crm.roster_import.records import BadLine, Doubt, Mandate, Problem, Record, RosterFormat, Seat, UnreadableRoster

EUROPEAN_PARLIAMENT = "European Parliament"
_DELIMITERS = (",", ";", "\t", "|")
_CHUNK = 64 * 1024
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# The letters of the committee columns; any other mark is an ordinary member's.
_SEAT_ROLES = {"M": "member", "S": "substitute", "C": "chair", "V": "vice-chair"}

Value = TypeVar("Value")


def _fits(path: Path, encoding: str) -> int | None:
    """The 1-based line of the first byte that is not `encoding`, None where the whole file is."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            try:
                # Of the text, not of the bytes: in UTF-16 the byte of a line feed is half of other letters too.
                lines += decoder.decode(chunk, final=not chunk).count("\n")
            except UnicodeDecodeError as error:
                return lines + error.object[: error.start].decode(error.encoding, "ignore").count("\n")
            if not chunk:
                return None


def encoding_of(path: Path) -> str:
    """UTF-8 (with or without a byte order mark), UTF-16 with one, or else Windows-1252."""
    with path.open("rb") as file:
        head = file.read(4)
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            line = _fits(path, encoding)
            if line is not None:
                raise UnreadableRoster(
                    gettext(
                        "Line %(line)s: the file says of itself that it is %(encoding)s, but the letters here are not, "
                        "or the file is cut off. Save it again as CSV in UTF-8, or download it again.",
                        line=line,
                        encoding=encoding.upper().removesuffix("-SIG"),
                    ),
                    line,
                )
            return encoding
    if _fits(path, "utf-8") is None:
        return "utf-8"
    line = _fits(path, "cp1252")
    if line is not None:
        raise UnreadableRoster(
            gettext(
                "Line %(line)s: the letters are neither UTF-8 nor Windows-1252. Save the file as CSV in UTF-8.",
                line=line,
            ),
            line,
        )
    return "cp1252"


def _parts(text: str) -> list[str]:
    """The entries of a field that holds several."""
    return [part for part in (one_line(part) for part in re.split(r"[|;]", text)) if part]


class _Row:
    """One line of the table: its fields by name, and the doubts met while reading them."""

    def __init__(self, line: int, cells: list[str], columns: Columns) -> None:
        self.line = line
        self.doubts: list[Doubt] = []
        self._cells = cells
        self._columns = columns

    def text(self, name: str) -> str:
        index = self._columns.fields.get(name)
        return "" if index is None else one_line(self._cells[index])

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


class CsvTable:
    """A table of people. With a column of European Parliament ids it is a table of that parliament's members."""

    format = RosterFormat.CSV
    complete: bool | None = None
    day: date | None = None

    def __init__(self, path: Path) -> None:
        self._path = path
        self.encoding = encoding_of(path)
        self._delimiter, self._columns, self._width = self._header()
        self.unread = self._columns.unread
        self.institution = EUROPEAN_PARLIAMENT if "europarl" in self._columns.fields else ""

    def _header(self) -> tuple[str, Columns, int]:
        """The delimiter under which most columns are recognised, those columns and their number."""
        with self._path.open(encoding=self.encoding, newline="") as file:
            first = file.readline(_CHUNK)
        candidates = []
        for delimiter in _DELIMITERS:
            header = next(csv.reader([first], delimiter=delimiter), [])
            candidates.append((delimiter, recognise(header), len(header)))
        delimiter, columns, width = max(candidates, key=lambda found: (len(found[1].fields), found[2]))
        if not columns.has_names:
            raise UnreadableRoster(
                gettext(
                    "Line 1: no column with names was found, only: %(columns)s. The first line must name the columns, "
                    "with one called name, or first_name and last_name.",
                    columns=shown(", ".join(next(csv.reader([first], delimiter=delimiter), []))),
                ),
                1,
            )
        return delimiter, columns, width

    def records(self) -> Iterator[Record | BadLine]:
        """Every line after the header, streamed; blank lines are passed over."""
        with self._path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=self._delimiter, strict=True)
            try:
                next(reader)
                start = reader.line_num + 1
                for cells in reader:
                    if any(cell.strip() for cell in cells):
                        yield self._record(start, cells)
                    start = reader.line_num + 1
            except csv.Error as error:
                raise UnreadableRoster(
                    gettext(
                        "Line %(line)s: the table breaks off here (%(detail)s), often because of a quotation mark that "
                        "is not closed. Mend the line and import the file again; nothing was changed.",
                        line=reader.line_num,
                        detail=error,
                    ),
                    reader.line_num,
                ) from None

    def _record(self, line: int, cells: list[str]) -> Record | BadLine:
        if len(cells) != self._width:
            return BadLine(line, shown(self._delimiter.join(cells)), Problem.WRONG_COLUMNS)
        row = _Row(line, cells, self._columns)
        given_name, family_name = row.text("given_name") or None, row.text("family_name") or None
        name = " ".join(filter(None, (given_name, family_name))) or row.text("name")
        if not name:
            return BadLine(line, shown(self._delimiter.join(cells)), Problem.NO_NAME)
        if given_name is None and family_name is None:
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
