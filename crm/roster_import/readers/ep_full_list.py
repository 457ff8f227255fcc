"""Reads the European Parliament's full list of members (XML, from the page of any language)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import errors

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser
from flask_babel import gettext, ngettext

from crm.directory.models import Category
from crm.roster_import.names import split_capitals
from crm.roster_import.readers.limits import fitting
from crm.roster_import.readers.source import one_line, shown
from crm.roster_import.records import BadLine, Mandate, Problem, Record, RosterFormat, UnreadableRoster

IDENTIFIER = "europarl"
INSTITUTION = "European Parliament"

_FIELDS = frozenset({"fullName", "country", "politicalGroup", "id", "nationalPoliticalGroup"})
# What the same institution's lists of incoming and outgoing members carry besides.
_FOREIGN_FIELDS = frozenset({"mandate-start", "mandate-end"})
_CHUNK = 64 * 1024
# No list nests deeper or holds longer texts; whatever does is refused before it fills the memory.
_MAX_DEPTH = 8
_MAX_TEXT = 10_000

_BARE_AMPERSAND = re.compile(rb"&(?!#?\w{1,32};)")


def recognises(head: bytes) -> bool:
    """Whether a file that starts so is XML; which XML it is shows when it is read."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _damaged(line: int, what: str, more: str = "") -> UnreadableRoster:
    """The refusal of a damaged file: where, what, and what to do."""
    again = gettext("Download the list again, or mend the file and import it then; nothing was changed.")
    return UnreadableRoster(
        " ".join(filter(None, [gettext("Line %(line)s: %(what)s", line=line, what=what), more, again])), line
    )


class _Members:
    """Receives the parser's events and collects the members it has seen to the end."""

    def __init__(self) -> None:
        self.ready: list[Record | BadLine] = []
        self.parser: DefusedXMLParser | None = None
        self._path: list[str] = []
        self._member: dict[str, str] = {}
        self._text: list[str] = []
        self._length = 0
        self._line = 0

    @property
    def line(self) -> int:
        return 0 if self.parser is None else int(self.parser.parser.CurrentLineNumber)

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        self._path.append(tag)
        depth = len(self._path)
        if depth > _MAX_DEPTH:
            raise _damaged(self.line, gettext("elements are nested deeper than in any such list."))
        if depth == 1 and tag not in ("meps", *_FIELDS):
            raise UnreadableRoster(
                gettext(
                    "Line %(line)s: this XML file starts with <%(tag)s>, not with the <meps> of the European "
                    "Parliament's full list. Import that list or a CSV file.",
                    line=self.line,
                    tag=shown(tag),
                ),
                self.line,
            )
        if tag in _FOREIGN_FIELDS:
            raise UnreadableRoster(
                gettext(
                    "Line %(line)s: this is a list of incoming or outgoing members, not the full list. "
                    "Import the full list: it shows who came and who left.",
                    line=self.line,
                ),
                self.line,
            )
        if self._path == ["meps", "mep"]:
            self._member, self._line = {}, self.line
        self._text, self._length = [], 0

    def data(self, text: str) -> None:
        self._length += len(text)
        if self._length > _MAX_TEXT:
            raise _damaged(self.line, gettext("a text is longer than any of such a list."))
        self._text.append(text)

    def end(self, tag: str) -> None:
        self._path.pop()
        if self._path == ["meps", "mep"]:
            self._member[tag] = one_line("".join(self._text))
        elif self._path == ["meps"] and tag == "mep":
            self.ready.append(_record(self._line, self._member))
        self._text, self._length = [], 0

    def close(self) -> None:
        """The parser's end of file; nothing is left to do."""

    def taken(self) -> list[Record | BadLine]:
        ready, self.ready = self.ready, []
        return ready


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


def _bare_ampersands(path: Path) -> str:
    """A sentence about the lines with an `&` that should be `&amp;`, empty where there are none."""
    with path.open("rb") as file:
        lines = [number for number, text in enumerate(file, 1) if _BARE_AMPERSAND.search(text)]
    if not lines:
        return ""
    sentence: str = ngettext(
        "A bare & that should be &amp; stands on line %(lines)s.",
        "Bare & that should be &amp; stand on %(num)s lines, such as %(lines)s.",
        len(lines),
        lines=", ".join(str(number) for number in lines[:5]),
    )
    return sentence


def _explained(error: ParseError, path: Path) -> UnreadableRoster:
    line, _column = error.position
    what = str(error).split(":")[0]
    if what == errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT:
        what = gettext("the beginning of the file is lost, with the element <meps> around the list.")
    elif what == errors.XML_ERROR_NO_ELEMENTS:
        what = gettext("the file ends before any member.")
    else:
        what = gettext("the XML is damaged or cut off here (%(detail)s).", detail=what)
    return _damaged(line, what, _bare_ampersands(path))


class FullList:
    """The full list of members: everyone who sits on the day it was fetched, with id, country, group and party."""

    format = RosterFormat.EP_FULL_LIST
    institution = INSTITUTION
    complete: bool | None = True
    unread: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        self._path = path

    def records(self) -> Iterator[Record | BadLine]:
        """Every member, streamed; entities and document types are refused as soon as they are declared."""
        members = _Members()
        parser = DefusedXMLParser(target=members, forbid_dtd=True)
        members.parser = parser
        try:
            with self._path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    parser.feed(chunk)
                    yield from members.taken()
            parser.close()
        except ParseError as error:
            raise _explained(error, self._path) from None
        except DefusedXmlException:
            raise _damaged(
                members.line, gettext("the file declares entities or a document type, which such a list never does.")
            ) from None
        yield from members.taken()
