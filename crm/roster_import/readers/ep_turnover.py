"""Reads the European Parliament's lists of incoming and outgoing members: its XML feed, and tables made from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from crm.directory.models import Category
from crm.roster_import.names import split_capitals
from crm.roster_import.readers.ep_full_list import IDENTIFIER, INSTITUTION
from crm.roster_import.readers.ep_xml import members
from crm.roster_import.readers.fixed_table import FixedTable, has_columns
from crm.roster_import.readers.limits import fitting
from crm.roster_import.readers.source import shown, to_date
from crm.roster_import.records import BadLine, Doubt, Mandate, Problem, Record, RosterFormat

# What a mandate that still runs has instead of its last day.
_ONGOING = "ONGOING"
_COLUMNS = ("fullName", "id", "leg", "start", "end", "file")


def recognises(head: bytes) -> bool:
    """Whether a file that starts so is the feed, or a table of what the feed says."""
    is_feed = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and b"<mandate-start" in head
    return is_feed or has_columns(head, _COLUMNS)


def _record(line: int, member: Mapping[str, str]) -> Record | BadLine:
    """One member, in the words of the feed."""
    name = member.get("fullName", "")
    if not name:
        return BadLine(line, shown(", ".join(filter(None, member.values()))), Problem.NO_NAME)
    doubts: list[Doubt] = []

    def day(tag: str) -> date | None:
        text = member.get(tag, "")
        try:
            return None if text.upper() == _ONGOING else to_date(text)
        except ValueError:
            doubts.append(Doubt("since" if tag == "mandate-start" else "until", shown(text), Problem.NOT_A_DATE))
            return None

    given_name, family_name = split_capitals(name)
    start, end = day("mandate-start"), day("mandate-end")
    if any(doubt.field == "until" for doubt in doubts):
        # Whether the mandate runs is what such a list is about: without it there is nothing to take over.
        return BadLine(line, shown(name), Problem.NOT_A_DATE, "until", shown(member.get("mandate-end", "")))
    identifier = member.get("id", "")
    group = member.get("politicalGroup") or member.get("politicalGroup@bodyCode", "")
    return fitting(
        Record(
            line=line,
            name=name,
            given_name=given_name,
            family_name=family_name,
            identifiers=((IDENTIFIER, identifier),) if identifier else (),
            category=Category.MEP,
            country=member.get("country") or member.get("country@countryCode", ""),
            mandates=(Mandate(INSTITUTION, group=group, start=start, end=end, term=member.get("leg", "")),),
            party=member.get("nationalPoliticalGroup") or None,
            doubts=tuple(doubts),
        )
    )


class Turnover:
    """Members who came or left in the course of a term, with the days; never all members of a day."""

    format = RosterFormat.EP_TURNOVER
    institution = INSTITUTION
    complete: bool | None = False
    unread: tuple[str, ...] = ()
    day: date | None = None

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            self._is_feed = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")

    def records(self) -> Iterator[Record | BadLine]:
        """Every member, streamed."""
        if self._is_feed:
            for line, member in members(self._path):
                yield _record(line, member)
            return
        for row in FixedTable(self._path).rows():
            if isinstance(row, BadLine):
                yield row
                continue
            line, cells = row
            named = {"mandate-start": "start", "mandate-end": "end", "politicalGroup": "eugroup"}
            named |= {"nationalPoliticalGroup": "party"}
            yield _record(line, cells | {tag: cells.get(column, "") for tag, column in named.items()})
