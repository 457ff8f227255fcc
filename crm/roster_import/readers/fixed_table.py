"""Streams CSV files of a known header: each line by the names of its columns, broken ones named, memory bounded."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from flask_babel import gettext

from crm.roster_import.readers.csv_table import encoding_of
from crm.roster_import.readers.source import one_line, shown
from crm.roster_import.records import BadLine, Problem, UnreadableRoster

# No line of a roster is so long: what is, is not a table, and is refused before it fills the memory.
MAX_LINE = 256 * 1024


def has_columns(head: bytes, names: Sequence[str]) -> bool:
    """Whether the first line of a file that starts so names all these columns (ASCII names, commas between)."""
    first = head.removeprefix(b"\xef\xbb\xbf").splitlines()[:1]
    if not first:
        return False
    header = next(csv.reader([first[0].decode("ascii", "replace")]), [])
    return set(names) <= {cell.strip() for cell in header}


def bounded_lines(path: Path, encoding: str) -> Iterator[str]:
    """The lines of a text file. Raises UnreadableRoster for one longer than any of a roster."""
    with path.open(encoding=encoding, newline="") as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                raise UnreadableRoster(
                    gettext(
                        "Line %(line)s: the line is longer than any of a roster (%(limit)s characters). "
                        "Is it the right file? Nothing was changed.",
                        line=number,
                        limit=MAX_LINE,
                    ),
                    number,
                )
            yield line


class FixedTable:
    """A comma-separated table whose columns we know by name."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self) -> Iterator[tuple[int, dict[str, str]] | BadLine]:
        """The 1-based line and the cells of every line after the header; blank lines are passed over."""
        reader = csv.reader(bounded_lines(self._path, encoding_of(self._path)), strict=True)
        try:
            header = [one_line(cell) for cell in next(reader)]
            line = reader.line_num + 1
            for cells in reader:
                if len(cells) != len(header) and any(cells):
                    yield BadLine(line, shown(",".join(cells)), Problem.WRONG_COLUMNS)
                elif any(cell.strip() for cell in cells):
                    yield line, dict(zip(header, map(one_line, cells), strict=True))
                line = reader.line_num + 1
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
