"""Reads a table of European Commissioners: name, country, portfolio, the day they took office."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from crm.directory.models import Category
from crm.roster_import.readers.fixed_table import FixedTable, has_columns
from crm.roster_import.readers.limits import fitting
from crm.roster_import.readers.source import shown, to_date
from crm.roster_import.records import BadLine, Doubt, Mandate, Problem, Record, RosterFormat

INSTITUTION = "European Commission"
# The register of the Commission's press corner.
_IDENTIFIER = "ec-press-corner"
_COLUMNS = ("name", "iso3", "portfolio", "since")
# What a column of sources says of a fact that somebody has read.
_READ = "read"


def recognises(head: bytes) -> bool:
    """Whether a file that starts so is a table of Commissioners."""
    return has_columns(head, _COLUMNS)


class Commissioners:
    """Everybody who is Commissioner, each with one office and its portfolio."""

    format = RosterFormat.COMMISSIONERS
    institution = INSTITUTION
    complete: bool | None = None
    unread: tuple[str, ...] = ("name_country_source",)
    day: date | None = None

    def __init__(self, path: Path) -> None:
        self._path = path

    def records(self) -> Iterator[Record | BadLine]:
        """Every Commissioner, streamed."""
        for row in FixedTable(self._path).rows():
            yield row if isinstance(row, BadLine) else _record(*row)


def _record(line: int, cells: dict[str, str]) -> Record | BadLine:
    name = cells["name"]
    if not name:
        return BadLine(line, shown(",".join(cells.values())), Problem.NO_NAME)
    doubts: list[Doubt] = []
    start: date | None = None
    try:
        start = to_date(cells["since"])
    except ValueError:
        doubts.append(Doubt("since", shown(cells["since"]), Problem.NOT_A_DATE))
    # How far the source trusts the portfolio goes along with it.
    trust = cells.get("portfolio_source", "")
    note = f"portfolio: {trust}" if cells["portfolio"] and trust and not trust.startswith(_READ) else ""
    identifier = cells.get("press_corner_id", "")
    return fitting(
        Record(
            line=line,
            name=name,
            identifiers=((_IDENTIFIER, identifier),) if identifier else (),
            category=Category.COMMISSIONER,
            country=cells["iso3"],
            mandates=(Mandate(INSTITUTION, role="commissioner", start=start, post=cells["portfolio"], note=note),),
            doubts=tuple(doubts),
        )
    )
