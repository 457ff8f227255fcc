"""Files that spreadsheets open as they are meant: no cell is taken for a formula, no letter is lost."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from flask import Response, stream_with_context
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

# A text that begins like this would be run as a formula (OWASP, CSV injection); full-width forms count in East Asia.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(value: Any) -> Any:
    """The value as a cell: text that looks like a formula gets an apostrophe before it, figures stay figures."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def csv_lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The rows as the lines of a CSV file (RFC 4180), after the mark that tells spreadsheets it is UTF-8."""
    file = io.StringIO()
    writer = csv.writer(file)
    yield "\ufeff"
    for row in rows:
        writer.writerow([safe_cell(value) for value in row])
        yield file.getvalue()
        file.seek(0)
        file.truncate()


def csv_response(filename: str, rows: Iterable[Sequence[Any]]) -> Response:
    """A download of the rows (RFC 4180), sent as they come, in UTF-8 with the mark that tells spreadsheets so."""
    answer = Response(stream_with_context(csv_lines(rows)), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=filename)
    return answer


# What a cell of a sheet holds (Excel's own limit).
_LONGEST_CELL = 32_767


# What a sheet may not be called (Excel's own rule), nor by more letters.
_NOT_IN_TITLES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
_LONGEST_TITLE = 31


def write_xlsx(file: IO[bytes], title: str, rows: Iterable[Sequence[Any]]) -> None:
    """Write the rows into an XLSX file of one sheet, row by row: figures stay figures, all else is text."""
    write_sheets(file, [(title, rows)])


def write_sheets(file: IO[bytes], sheets: Iterable[tuple[str, Iterable[Sequence[Any]]]]) -> None:
    """Write an XLSX file of as many sheets as there are titles with their rows, as `write_xlsx` does."""
    book = Workbook(write_only=True)
    for title, rows in sheets:
        _write_sheet(book, title, rows)
    book.save(file)


def _write_sheet(book: Workbook, title: str, rows: Iterable[Sequence[Any]]) -> None:
    sheet = book.create_sheet(title.translate(_NOT_IN_TITLES)[:_LONGEST_TITLE])
    sheet.freeze_panes = "A2"
    for row in rows:
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet)
            if isinstance(value, int | float) and not isinstance(value, bool):
                cell.value = value
            elif value not in (None, ""):
                cell.value = ILLEGAL_CHARACTERS_RE.sub("", str(value))[:_LONGEST_CELL]
                # Set last: by its first letter alone, openpyxl would take "=1+1" for a formula.
                cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
