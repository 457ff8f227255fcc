"""Streams CSV files of a known header: each line by the names of its columns, broken ones named, memory bounded."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from crm.roster_import.readers.csv_table import encoding_of
from crm.roster_import.readers.lines import cells_of
from crm.roster_import.readers.source import one_line, shown
from crm.roster_import.records import BadLine, Problem


def has_columns(head: bytes, names: Sequence[str]) -> bool:
    """Whether the first line of a file that starts so names all these columns (ASCII names, commas between)."""
    first = head.removeprefix(b"\xef\xbb\xbf").splitlines()[:1]
    if not first:
        return False
    header = next(csv.reader([first[0].decode("ascii", "replace")]), [])
    return set(names) <= {cell.strip() for cell in header}


class FixedTable:
    """A comma-separated table whose columns we know by name."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self) -> Iterator[tuple[int, dict[str, str]] | BadLine]:
        """The 1-based line and the cells of every line after the header; blank lines are passed over."""
        lines = cells_of(self._path, encoding_of(self._path))
        header = [one_line(cell) for cell in next(lines)[1]]
        for line, cells in lines:
            if len(cells) != len(header) and any(cells):
                yield BadLine(line, shown(",".join(cells)), Problem.WRONG_COLUMNS)
            elif any(cell.strip() for cell in cells):
                yield line, dict(zip(header, map(one_line, cells), strict=True))
