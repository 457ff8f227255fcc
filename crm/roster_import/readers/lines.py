"""Streams the lines of text tables as cells, with bounded memory: what no roster has is refused before it piles up."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from flask_babel import gettext

from crm.roster_import.records import UnreadableRoster

# No line of a roster is so long, and no table so wide.
MAX_LINE = 256 * 1024
MAX_COLUMNS = 2000


class _Lines:
    """The lines of a file, counted; `fed` is how many characters the present line of the table has taken so far."""

    def __init__(self, path: Path, encoding: str) -> None:
        self._path = path
        self._encoding = encoding
        self.number = 0
        self.fed = 0

    def __iter__(self) -> Iterator[str]:
        with self._path.open(encoding=self._encoding, newline="") as file:
            while line := file.readline(MAX_LINE + 1):
                self.number += 1
                self.fed += len(line)
                # Quotation marks may make one line of the table out of many of the file.
                if self.fed > MAX_LINE:
                    raise UnreadableRoster(
                        gettext(
                            "Line %(line)s: the line is longer than any in a list of people (%(limit)s "
                            "characters), perhaps because of a quotation mark that is not closed. Nothing was changed.",
                            line=self.number,
                            limit=MAX_LINE,
                        ),
                        self.number,
                    )
                yield line


def cells_of(path: Path, encoding: str, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """The 1-based number and the cells of every line, the header's first. Raises UnreadableRoster with the line."""
    lines = _Lines(path, encoding)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    start = 1
    try:
        for cells in reader:
            if len(cells) > MAX_COLUMNS:
                raise UnreadableRoster(
                    gettext(
                        "Line %(line)s: the table has %(count)s columns; tables of up to %(limit)s are read. "
                        "Is it the right file? Nothing was changed.",
                        line=start,
                        count=len(cells),
                        limit=MAX_COLUMNS,
                    ),
                    start,
                )
            yield start, cells
            start, lines.fed = reader.line_num + 1, 0
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
