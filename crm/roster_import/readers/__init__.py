"""Readers of rosters: one per format, found by the content of the file, all yielding plain records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flask_babel import gettext

from crm.roster_import.readers import csv_table, ep_full_list, ep_open_data, ep_turnover, xlsx_table
from crm.roster_import.readers.source import Source
from crm.roster_import.records import UnreadableRoster

_MEGABYTE = 1024 * 1024
# Larger files are refused before they are opened; a hundred thousand people take about 20 MB.
MAX_BYTES = 64 * _MEGABYTE
_HEAD = 4096
# First bytes of files people often have instead: old Excel, PDF, gzip.
_FOREIGN = (b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b")


def open_roster(path: Path, file_name: str = "", fields: Sequence[str] | None = None) -> Source:
    """The roster in `path`, ready to be read any number of times. Raises UnreadableRoster for what no reader knows.

    `file_name` is the name people know the file by, where `path` is a name of ours: some formats tell by it alone
    which term or country they are of. `fields` says what the columns of a table hold (see `Table`); other files tell
    it themselves.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise UnreadableRoster(
            gettext(
                "The file has %(size)s MB; rosters of up to %(limit)s MB are read. Split it into smaller files.",
                size=size // _MEGABYTE,
                limit=MAX_BYTES // _MEGABYTE,
            )
        )
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip():
        raise UnreadableRoster(gettext("The file is empty: save or download it again."))
    if head.startswith(_FOREIGN):
        raise UnreadableRoster(
            gettext(
                "This is neither a text file nor a workbook (an old spreadsheet, archive or PDF perhaps). "
                "Save it as CSV in UTF-8, or as XLSX, and import that."
            )
        )
    if ep_turnover.recognises(head):
        return ep_turnover.Turnover(path)
    if ep_open_data.recognises(head):
        return ep_open_data.OpenData(path, file_name or path.name)
    if ep_full_list.recognises(head):
        return ep_full_list.FullList(path)
    if xlsx_table.recognises(head):
        return xlsx_table.XlsxTable(path, fields)
    return csv_table.CsvTable(path, fields)
