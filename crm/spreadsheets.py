"""CSV files that spreadsheets open as they are meant: no cell is taken for a formula, no letter is lost."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask import Response, stream_with_context

# A text that begins like this would be run as a formula (OWASP, CSV injection); full-width forms count in East Asia.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(value: Any) -> Any:
    """The value as a cell: text that looks like a formula gets an apostrophe before it, figures stay figures."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
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
    answer = Response(stream_with_context(_lines(rows)), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=filename)
    return answer
