"""Streams the European Parliament's XML lists of members: what each says, and where a damaged one is damaged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import errors

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser
from flask_babel import gettext, ngettext

from crm.roster_import.readers.source import one_line, shown
from crm.roster_import.records import UnreadableRoster

_FIELDS = frozenset({"fullName", "country", "politicalGroup", "id", "nationalPoliticalGroup"})
_CHUNK = 64 * 1024
# No list nests deeper or holds longer texts; whatever does is refused before it fills the memory.
_MAX_DEPTH = 8
_MAX_TEXT = 10_000
# So much without a word of the parser is an attribute or a comment that does not end.
_MAX_SILENT = 1024 * 1024

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
        # How often the parser has said something.
        self.told = 0
        self.ready: list[tuple[int, dict[str, str]]] = []
        self.parser: DefusedXMLParser | None = None
        self._path: list[str] = []
        self._member: dict[str, str] = {}
        self._text: list[str] = []
        self._length = 0
        self._line = 0

    @property
    def line(self) -> int:
        return 0 if self.parser is None else int(self.parser.parser.CurrentLineNumber)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.told += 1
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
        if self._path == ["meps", "mep"]:
            self._member, self._line = {}, self.line
        elif self._path[:-1] == ["meps", "mep"]:
            self._member |= {f"{tag}@{name}": one_line(value)[:_MAX_TEXT] for name, value in attributes.items()}
        self._text, self._length = [], 0

    def data(self, text: str) -> None:
        self.told += 1
        self._length += len(text)
        if self._length > _MAX_TEXT:
            raise _damaged(self.line, gettext("a text is longer than any of such a list."))
        self._text.append(text)

    def end(self, tag: str) -> None:
        self.told += 1
        self._path.pop()
        if self._path == ["meps", "mep"]:
            self._member[tag] = one_line("".join(self._text))
        elif self._path == ["meps"] and tag == "mep":
            self.ready.append((self._line, self._member))
        self._text, self._length = [], 0

    def close(self) -> None:
        """The parser's end of file; nothing is left to do."""

    def taken(self) -> list[tuple[int, dict[str, str]]]:
        ready, self.ready = self.ready, []
        return ready


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


def members(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The line and the texts of every member, by tag, attributes as `tag@name`.

    Entities and document types are refused as soon as they are declared. Raises UnreadableRoster with the line.
    """
    found = _Members()
    parser = DefusedXMLParser(target=found, forbid_dtd=True)
    found.parser = parser
    try:
        with path.open("rb") as file:
            silent = 0
            while chunk := file.read(_CHUNK):
                told = found.told
                parser.feed(chunk)
                silent = silent + len(chunk) if found.told == told else 0
                if silent > _MAX_SILENT:
                    raise _damaged(found.line, gettext("a text is longer than any of such a list."))
                yield from found.taken()
        parser.close()
    except ParseError as error:
        raise _explained(error, path) from None
    except DefusedXmlException:
        raise _damaged(
            found.line, gettext("the file declares entities or a document type, which such a list never does.")
        ) from None
    yield from found.taken()
