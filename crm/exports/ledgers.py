"""Ledgers of mailings as exports: which rows one asks for, and the spreadsheet they become."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

from flask_babel import gettext

from crm.extensions import db
from crm.letters.ledger import LedgerFilter, ledger_batches, ledger_size
from crm.letters.ledger_table import table
from crm.letters.models import Mailing
from crm.spreadsheets import write_xlsx

# Under this name an export's `wanted` holds a mailing's id; the rest is the filter of its ledger.
MAILING = "mailing"


def wanted_ledger(mailing_id: int, chosen: LedgerFilter) -> dict[str, Any]:
    """What an export keeps of it."""
    return {MAILING: mailing_id, **chosen.to_args()}


def _ledger(wanted: Mapping[str, Any]) -> tuple[Mailing, LedgerFilter]:
    return db.session.get_one(Mailing, wanted[MAILING]), LedgerFilter.from_args(wanted)


def rows_wanted(wanted: Mapping[str, Any]) -> int:
    """How many rows it holds."""
    return ledger_size(*_ledger(wanted))


def write_ledger_sheet(wanted: Mapping[str, Any], file: IO[bytes], progress: Callable[[int], None]) -> None:
    """The ledger as an XLSX file, written row by row; `progress` is told with each how many rows were read so far."""

    def counted() -> Iterator[Any]:
        for number, row in enumerate(ledger_batches(*_ledger(wanted)), start=1):
            progress(number)
            yield row

    write_xlsx(file, gettext("Letters"), table(counted()))
