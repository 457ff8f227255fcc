"""Reads tables from XLSX workbooks, streamed, and refuses bombs before anything is unpacked."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any

from flask_babel import gettext
from openpyxl import load_workbook

from crm.roster_import.readers.table import Table
from crm.roster_import.records import RosterFormat, UnreadableRoster

_MEGABYTE = 1024 * 1024
# What the parts of a workbook may come to, unpacked. The table of shared texts is the one part held in memory.
_MOST_UNPACKED = 400 * _MEGABYTE
_MOST_SHARED_TEXTS = 24 * _MEGABYTE
_MOST_PARTS = 1000
# Sheets of text shrink to a tenth or so; what shrinks more than this, and is not small, was made to burst.
_MOST_RATIO = 150
_SMALL = 4 * _MEGABYTE
_MOST_COLUMNS = 300
_MOST_ROWS = 250_000
_LAST_ROW = 1_048_576  # of any sheet, as the format has it
_HEADER_WITHIN = 50  # lines: titles may stand above the header
_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!)")


def recognises(head: bytes) -> bool:
    """Whether a file that starts so may be a workbook; whether it is one shows when it is opened."""
    return head.startswith(b"PK\x03\x04")


def _refusal() -> UnreadableRoster:
    return UnreadableRoster(
        gettext("This is no workbook that can be read. Save it as CSV in UTF-8, or as XLSX, and import that.")
    )


def check_parts(path: Path) -> None:
    """Look at the list of a workbook's parts, unpacking none. Raises UnreadableRoster for what would burst.

    The sizes are what the archive declares; the unpacking itself stops at them.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise _refusal() from None
    names = {part.filename for part in parts}
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise UnreadableRoster(
            gettext("This is an archive and no workbook. Unpack it, and import the table inside as XLSX or CSV.")
        )
    shared = sum(part.file_size for part in parts if part.filename.lower().endswith("sharedstrings.xml"))
    bursts = any(part.file_size > _SMALL and part.file_size > part.compress_size * _MOST_RATIO for part in parts)
    if bursts or len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_UNPACKED:
        raise UnreadableRoster(
            gettext(
                "This workbook unpacks to far more than a list of people holds, so it was not opened. "
                "Copy the table alone into a new workbook, or save it as CSV in UTF-8."
            )
        )
    if shared > _MOST_SHARED_TEXTS:
        raise UnreadableRoster(
            gettext("This workbook holds too much text to be read as one. Save the table as CSV in UTF-8.")
        )


def _text(value: Any) -> str:
    """A cell as text: days in ISO 8601, whole numbers without a point, nothing for errors of formulas."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = str(value)
    return "" if _ERROR.fullmatch(text) else text


class XlsxTable(Table):
    """The first sheet of a workbook that holds anything; its first line of two cells or more names the columns."""

    format = RosterFormat.XLSX

    def __init__(self, path: Path, fields: Sequence[str] | None = None) -> None:
        self._path = path
        check_parts(path)
        self._sheet, self._header_line, header = self._find()
        super().__init__(header, fields)

    @contextmanager
    def _open(self) -> Iterator[Any]:
        # As a file, because openpyxl judges names by their endings.
        with self._path.open("rb") as file:
            try:
                # What a damaged workbook makes openpyxl raise is of every kind.
                book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            except Exception:
                raise _refusal() from None
            try:
                yield book
            except (KeyError, ValueError, TypeError, SyntaxError, EOFError, zipfile.BadZipFile):
                raise _refusal() from None
            finally:
                book.close()

    def _rows(self, sheet: Any) -> Iterator[tuple[int, list[str]]]:
        """Number and cells, up to the last one, of every line that holds something; it may be a million lines below."""
        # The size a sheet declares may be wrong, and may be huge.
        sheet.reset_dimensions()
        rows = sheet.iter_rows(max_row=_LAST_ROW, max_col=_MOST_COLUMNS + 1, values_only=True)
        found = 0
        for line, values in enumerate(rows, start=1):
            if values.count(None) == len(values):
                continue
            found += 1
            if found > _MOST_ROWS:
                raise UnreadableRoster(
                    gettext(
                        "Line %(line)s: sheets of up to %(limit)s lines are read. Save this one as CSV in UTF-8.",
                        line=line,
                        limit=_MOST_ROWS,
                    ),
                    line,
                )
            if len(values) > _MOST_COLUMNS and values[_MOST_COLUMNS] is not None:
                raise UnreadableRoster(
                    gettext(
                        "Line %(line)s: tables of up to %(limit)s columns are read; this one has more.",
                        line=line,
                        limit=_MOST_COLUMNS,
                    ),
                    line,
                )
            width = max(at for at, value in enumerate(values, start=1) if value is not None)
            yield line, [_text(value) for value in values[:width]]

    @property
    def other_sheets(self) -> tuple[str, ...]:
        """The sheets that hold something and are not read."""
        with self._open() as book:
            return tuple(
                sheet.title
                for sheet in book.worksheets
                if sheet.title != self._sheet
                and any(cell.strip() for _line, cells in islice(self._rows(sheet), _HEADER_WITHIN) for cell in cells)
            )

    def _find(self) -> tuple[str, int, list[str]]:
        """Name of the sheet, line and cells of its header."""
        with self._open() as book:
            for sheet in book.worksheets:
                only: tuple[str, int, list[str]] | None = None
                for line, cells in islice(self._rows(sheet), _HEADER_WITHIN):
                    while cells and not cells[-1].strip():
                        cells.pop()
                    filled = sum(bool(cell.strip()) for cell in cells)
                    if filled > 1:
                        return sheet.title, line, cells
                    if filled and only is None:
                        only = (sheet.title, line, cells)
                if only:
                    return only
        raise UnreadableRoster(gettext("The workbook is empty: no sheet of it holds a table."))

    @property
    def sheet(self) -> str:
        """The name of the sheet that is read."""
        return self._sheet

    def lines(self) -> Iterator[tuple[int, list[str]]]:
        """Number and cells of every line after the header, as many as the header has."""
        width = len(self.header)
        with self._open() as book:
            for line, cells in self._rows(book[self._sheet]):
                if line <= self._header_line:
                    continue
                while len(cells) > width and not cells[-1].strip():
                    cells.pop()
                yield line, cells + [""] * (width - len(cells))
