"""Reads tables from CSV files of any encoding and delimiter people use."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from flask_babel import gettext

from crm.roster_import.readers.columns import assigned, recognised
from crm.roster_import.readers.lines import MAX_LINE, cells_of
from crm.roster_import.readers.table import Table
from crm.roster_import.records import RosterFormat, UnreadableRoster

_DELIMITERS = (",", ";", "\t", "|")
_CHUNK = 64 * 1024
_HEAD = 4096
# UTF-16 without a mark, and where the empty bytes of its Latin letters stand.
_UNMARKED = (("utf-16-le", 1), ("utf-16-be", 0))
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


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


def _has_utf8(path: Path) -> bool:
    """Whether a line has letters outside of ASCII in UTF-8: no name in Windows-1252 looks so."""
    with path.open("rb") as file:
        while line := file.readline(MAX_LINE):
            if not line.isascii():
                try:
                    line.decode()
                except UnicodeDecodeError:
                    continue
                return True
    return False


def encoding_of(path: Path) -> str:
    """UTF-8 or UTF-16 (with or without a byte order mark), else Windows-1252. Raises UnreadableRoster for a mixture."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
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
    for encoding, first in _UNMARKED:
        # Every other byte of Latin letters is empty.
        if head[first::2].count(0) > len(head) // 4 and _fits(path, encoding) is None:
            return encoding
    wrong = _fits(path, "utf-8")
    if wrong is None:
        return "utf-8"
    if _has_utf8(path):
        raise UnreadableRoster(
            gettext(
                "Line %(line)s: the letters here are not in UTF-8, those of other lines are: two files were put "
                "together perhaps. Save it as CSV in UTF-8, and look at the names.",
                line=wrong,
            ),
            wrong,
        )
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


class CsvTable(Table):
    """A table in a text file; the first line names its columns."""

    format = RosterFormat.CSV

    def __init__(self, path: Path, fields: Sequence[str] | None = None) -> None:
        self._path = path
        self.encoding = encoding_of(path)
        self.separator, header = self._header()
        super().__init__(header, fields)

    def _header(self) -> tuple[str, list[str]]:
        """The delimiter under which most columns are recognised, and the headings."""
        with self._path.open(encoding=self.encoding, newline="") as file:
            first = file.readline(_CHUNK)
        candidates = []
        for delimiter in _DELIMITERS:
            header = next(csv.reader([first], delimiter=delimiter), [])
            candidates.append((len(assigned(header, recognised(header)).fields), len(header), delimiter, header))
        _known, _width, delimiter, header = max(candidates, key=lambda found: found[:2])
        return delimiter, header

    def lines(self) -> Iterator[tuple[int, list[str]]]:
        """Number and cells of every line after the header, streamed. Raises UnreadableRoster where it breaks off."""
        lines = cells_of(self._path, self.encoding, self.separator)
        next(lines)
        yield from lines
