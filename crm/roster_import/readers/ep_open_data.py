"""Reads the table of the European Parliament's Open Data Portal: everybody who ever sat in a term."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from flask_babel import gettext

from crm import clock
from crm.directory.actions import InvalidAddress, normalize_address
from crm.directory.models import Category
from crm.roster_import import labels
from crm.roster_import.readers.ep_full_list import IDENTIFIER, INSTITUTION
from crm.roster_import.readers.fixed_table import FixedTable, has_columns
from crm.roster_import.readers.limits import fitting
from crm.roster_import.readers.source import shown, to_date, to_gender, to_handle
from crm.roster_import.records import BadLine, Doubt, Mandate, Problem, Record, RosterFormat, UnreadableRoster

_COLUMNS = ("mep_identifier", "mep_given_name", "mep_family_name", "mep_URI")
_UNREAD = ("mep_place_of_birth", "mep_image", "mep_URI")
_TERM = re.compile(r"term[ _-]?0?(\d{1,2})(?!\d)", re.IGNORECASE)


def recognises(head: bytes) -> bool:
    """Whether a file that starts so is the portal's table."""
    return has_columns(head, _COLUMNS)


def _term(file_name: str) -> labels.Term:
    """The term the file is named after: nothing in it tells."""
    named = _TERM.search(file_name)
    term = labels.term_numbered(named.group(1)) if named else None
    if term is None:
        raise UnreadableRoster(
            gettext(
                "The table lists everybody who sat in a term of the European Parliament, but does not say in which. "
                "Give the file a name that does, such as meps_term9.csv, and import it again."
            )
        )
    return term


class _Row:
    """One line of the table, and the doubts met while reading it."""

    def __init__(self, line: int, cells: dict[str, str]) -> None:
        self.line = line
        self.cells = cells
        self.doubts: list[Doubt] = []

    def text(self, name: str) -> str:
        return self.cells.get(f"mep_{name}", "")

    def day(self, column: str, name: str) -> date | None:
        try:
            return to_date(self.text(column))
        except ValueError:
            self.doubts.append(Doubt(name, shown(self.text(column)), Problem.NOT_A_DATE))
            return None

    def emails(self) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for part in re.split(r"[|;,\s]+", self.text("email")):
            if part.removeprefix("mailto:"):
                try:
                    found[normalize_address(part.removeprefix("mailto:"))] = None
                except InvalidAddress:
                    self.doubts.append(Doubt("email", shown(part), Problem.NOT_AN_ADDRESS))
        return tuple(found)

    def texts(self, *names: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(text for text in map(self.text, names) if text))


class OpenData:
    """Members of a term by given and family name, with what the portal knows of them; never all members of a day."""

    format = RosterFormat.EP_OPEN_DATA
    institution = INSTITUTION
    complete: bool | None = False
    unread = _UNREAD

    def __init__(self, path: Path, file_name: str) -> None:
        self._path = path
        self._term = _term(file_name)
        # Of a past term it tells who had sat by its last day; of the present one, who has by today.
        ended = self._term.next_starts if (self._term.next_starts or date.max) <= clock.today() else None
        self.day: date | None = ended - timedelta(days=1) if ended else None

    def records(self) -> Iterator[Record | BadLine]:
        """Every member, streamed."""
        for row in FixedTable(self._path).rows():
            yield row if isinstance(row, BadLine) else self._record(_Row(*row))

    def _record(self, row: _Row) -> Record | BadLine:
        given_name, family_name = row.text("given_name") or None, row.text("family_name") or None
        name = " ".join(filter(None, (given_name, family_name)))
        if not name:
            return BadLine(row.line, shown(",".join(row.cells.values())), Problem.NO_NAME)
        official = " ".join(row.texts("official_given_name", "official_family_name"))
        identifier = row.text("identifier")
        birth_date, death_date = row.day("birthday", "birth_date"), row.day("death_date", "death_date")
        return fitting(
            Record(
                line=row.line,
                name=name,
                given_name=given_name,
                family_name=family_name,
                identifiers=((IDENTIFIER, identifier),) if identifier else (),
                category=Category.MEP,
                citizenship=row.text("citizenship"),
                gender=to_gender(row.text("gender")),
                birth_date=birth_date,
                death_date=death_date,
                honorific_prefix=row.text("honorific_prefix"),
                other_names=(official,) if official and official != name else (),
                emails=row.emails(),
                urls=row.texts("homepage"),
                twitter=tuple(filter(None, map(to_handle, row.texts("twitter")))),
                facebook=row.texts("facebook_page", "facebook_profile"),
                instagram=row.texts("instagram"),
                mandates=(Mandate(INSTITUTION, term=self._term.number),),
                doubts=tuple(row.doubts),
            )
        )
