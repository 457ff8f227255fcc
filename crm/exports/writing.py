"""An export as bytes, whatever its format: streamed to a browser, or into a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from crm.exports.cards import cards
from crm.exports.list_columns import chosen_rows
from crm.exports.models import ExportFormat
from crm.exports.popolo import document
from crm.exports.tables import sheet_title, table_rows
from crm.spreadsheets import csv_lines, write_xlsx

Progress = Callable[[int], None]


def rows(columns: Sequence[str], ids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """The contacts as a table with these columns of the list, or with everything where none is named."""
    return chosen_rows(columns, ids) if columns else table_rows(ids)


def text_pieces(wanted: ExportFormat, ids: Sequence[int], columns: Sequence[str] = ()) -> Iterator[str]:
    """The text of every format but XLSX, piece by piece; `columns` are those of a table."""
    if wanted is ExportFormat.CSV:
        return csv_lines(rows(columns, ids))
    if wanted is ExportFormat.VCARD:
        return cards(ids)
    return document(ids)


def write_file(
    wanted: ExportFormat, ids: Sequence[int], path: Path, progress: Progress, columns: Sequence[str] = ()
) -> None:
    """Write the export to `path`; `progress` is told now and then how many contacts were read so far."""
    counted = _Counted(ids, progress)
    if wanted is ExportFormat.XLSX:
        with path.open("wb") as file:
            write_sheet(counted, file, columns)
        return
    with path.open("w", encoding="utf-8", newline="") as text:
        for piece in text_pieces(wanted, counted, columns):
            text.write(piece)


def write_sheet(ids: Sequence[int], file: IO[bytes], columns: Sequence[str] = ()) -> None:
    """The contacts as an XLSX file, written row by row."""
    write_xlsx(file, sheet_title(), rows(columns, ids))


class _Counted(Sequence[int]):
    """Ids that tell how far they have been read."""

    def __init__(self, ids: Sequence[int], progress: Progress) -> None:
        self._ids, self._progress, self._furthest = ids, progress, 0

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice) and index.start and index.start > self._furthest:
            self._furthest = index.start
            self._progress(index.start)
        return self._ids[index]
