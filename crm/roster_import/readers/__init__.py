"""Readers of rosters: one per format, found by the content of the file, all yielding plain records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from flask_babel import gettext

from crm.roster_import.readers import (
    commissioners,
    csv_table,
    ep_api,
    ep_full_list,
    ep_open_data,
    ep_turnover,
    everypolitician,
    parltrack,
    popolo,
    vcard,
    world_leaders,
    xlsx_table,
)
from crm.roster_import.readers.source import Source
from crm.roster_import.records import UnreadableRoster

_MEGABYTE = 1024 * 1024
# Larger files are refused before they are opened; a hundred thousand people take about 20 MB.
MAX_BYTES = 64 * _MEGABYTE
_HEAD = 4096
# First bytes of files people often have instead: old Excel, PDF, gzip.
_FOREIGN = (b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b")

# What each format is known by, in the order of asking: what is known by least comes last.
_READERS: tuple[tuple[Callable[[bytes], bool], Callable[[Path, str], Source]], ...] = (
    (ep_turnover.recognises, lambda path, _name: ep_turnover.Turnover(path)),
    (ep_open_data.recognises, ep_open_data.OpenData),
    (everypolitician.recognises, everypolitician.EveryPolitician),
    (commissioners.recognises, lambda path, _name: commissioners.Commissioners(path)),
    (world_leaders.recognises, lambda path, _name: world_leaders.WorldLeaders(path)),
    (parltrack.recognises, lambda path, _name: parltrack.Parltrack(path)),
    (ep_api.recognises, lambda path, _name: ep_api.ApiAnswer(path)),
    (popolo.recognises, popolo.Popolo),
    (vcard.recognises, lambda path, _name: vcard.VCards(path)),
    (ep_full_list.recognises, lambda path, _name: ep_full_list.FullList(path)),
)


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
                "The file has %(size)s MB; files of up to %(limit)s MB are read. Split it into smaller files.",
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
    for recognises, reader in _READERS:
        if recognises(head):
            return reader(path, file_name or path.name)
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"[")):
        raise UnreadableRoster(
            gettext(
                "This JSON file is of no kind that is read here: those are Popolo, Parltrack's dump, the European "
                "Parliament's open data and our own exports. Save a list of people as CSV in UTF-8, or as XLSX."
            )
        )
    if xlsx_table.recognises(head):
        return xlsx_table.XlsxTable(path, fields)
    return csv_table.CsvTable(path, fields)
