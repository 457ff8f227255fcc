"""CSV files that spreadsheets open as they are meant: no cell is taken for a formula, no letter is lost."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response

# A text that begins like this would be run as a formula (OWASP, CSV injection); full-width forms count in East Asia.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(value: Any) -> Any:
    """The value as a cell: text that looks like a formula gets an apostrophe before it, figures stay figures."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def csv_response(filename: str, rows: Iterable[Sequence[Any]]) -> Response:
    """A download of the rows, in UTF-8 with the mark that tells spreadsheets so."""
    file = io.StringIO()
    csv.writer(file).writerows([safe_cell(value) for value in row] for row in rows)
    answer = Response(file.getvalue().encode("utf-8-sig"), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=filename)
    return answer
