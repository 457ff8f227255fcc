"""Reads the European Parliament's full list of members (XML, from the page of any language)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from flask_babel import gettext

from crm.directory.models import Category
from crm.roster_import.names import split_capitals
from crm.roster_import.readers.ep_xml import members
from crm.roster_import.readers.limits import fitting
from crm.roster_import.readers.source import shown
from crm.roster_import.records import BadLine, Mandate, Problem, Record, RosterFormat, UnreadableRoster

IDENTIFIER = "europarl"
INSTITUTION = "European Parliament"

# What the same institution's lists of incoming and outgoing members carry besides.
_FOREIGN_FIELDS = ("mandate-start", "mandate-end")


def recognises(head: bytes) -> bool:
    """Whether a file that starts so is XML; which XML it is shows when it is read."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _record(line: int, member: dict[str, str]) -> Record | BadLine:
    name = member.get("fullName", "")
    if not name:
        return BadLine(line, shown(", ".join(filter(None, member.values()))), Problem.NO_NAME)
    given_name, family_name = split_capitals(name)
    identifier = member.get("id", "")
    return fitting(
        Record(
            line=line,
            name=name,
            given_name=given_name,
            family_name=family_name,
            identifiers=((IDENTIFIER, identifier),) if identifier else (),
            category=Category.MEP,
            country=member.get("country", ""),
            mandates=(Mandate(INSTITUTION, group=member.get("politicalGroup", "")),),
            party=member.get("nationalPoliticalGroup") or None,
        )
    )


class FullList:
    """The full list of members: everyone who sits on the day it was fetched, with id, country, group and party."""

    format = RosterFormat.EP_FULL_LIST
    institution = INSTITUTION
    complete: bool | None = True
    unread: tuple[str, ...] = ()
    day: date | None = None

    def __init__(self, path: Path) -> None:
        self._path = path

    def records(self) -> Iterator[Record | BadLine]:
        """Every member, streamed."""
        for line, member in members(self._path):
            if any(name in member for name in _FOREIGN_FIELDS):
                raise UnreadableRoster(
                    gettext(
                        "Line %(line)s: here the full list goes on with incoming or outgoing members. "
                        "Import the two lists one by one.",
                        line=line,
                    ),
                    line,
                )
            yield _record(line, member)
