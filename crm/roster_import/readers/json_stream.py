"""Streams JSON files: the values at one place of the document, one by one, each with its line; memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ijson
from flask_babel import gettext

from crm.roster_import.records import UnreadableRoster

_PIECE = 64 * 1024
# No roster nests deeper, has longer texts, or says more of one person; whatever does is refused before it fills memory.
_MAX_DEPTH = 64
_MAX_TEXT_PIECES = 16
_MAX_VALUES = 100_000

ANY = "*"
_SCALARS = frozenset({"null", "boolean", "integer", "double", "number", "string"})


@dataclass(frozen=True)
class Element:
    """A value and where it stands: its 1-based first line and the keys that lead to it (`*` for an entry of a list)."""

    line: int
    path: tuple[str, ...]
    value: Any


def _refused(line: int, what: str) -> UnreadableRoster:
    again = gettext("Download the file again, or mend it and import it then; nothing was changed.")
    return UnreadableRoster(" ".join([gettext("Line %(line)s: %(what)s", line=line, what=what), again]), line)


def _matches(path: Sequence[str], pattern: Sequence[str]) -> bool:
    return len(path) == len(pattern) and all(part in (ANY, key) for key, part in zip(path, pattern, strict=True))


class _Elements:
    """Receives the parser's events and collects the wanted values it has seen to the end."""

    def __init__(self, pattern: tuple[str, ...]) -> None:
        self.ready: list[Element] = []
        self._pattern = pattern
        self._keys: list[str] = []
        self._builder: ijson.ObjectBuilder | None = None
        self._began: tuple[int, tuple[str, ...], int] = (0, (), 0)
        self._values = 0

    def take(self, event: str, value: Any, line: int) -> None:
        if event == "map_key":
            self._keys[-1] = value
        elif event in ("end_map", "end_array"):
            self._keys.pop()
        elif self._builder is None and _matches(self._keys, self._pattern):
            self._builder = ijson.ObjectBuilder()
            self._began = (line, tuple(self._keys), len(self._keys))
            self._values = 0
        elif self._builder is None and event in _SCALARS and ANY not in self._keys:
            self.ready.append(Element(line, tuple(self._keys), value))
        if event in ("start_map", "start_array"):
            self._keys.append(ANY if event == "start_array" else "")
            if len(self._keys) > _MAX_DEPTH:
                raise _refused(line, gettext("values are nested deeper than in any list of contacts."))
        if self._builder is not None:
            self._build(event, value, line)

    def _build(self, event: str, value: Any, line: int) -> None:
        assert self._builder is not None
        began, path, depth = self._began
        self._builder.event(event, value)
        self._values += 1
        if self._values > _MAX_VALUES:
            raise _refused(line, gettext("more is said of one person than in any list of contacts."))
        if len(self._keys) == depth and event != "map_key":
            self.ready.append(Element(began, path, self._builder.value))
            self._builder = None


def elements(path: Path, pattern: tuple[str, ...]) -> Iterator[Element]:
    """The values whose keys match the pattern (`ANY` matches every key and every entry of a list), streamed.

    Single values that stand outside of lists elsewhere come too, under their own keys. Raises UnreadableRoster, with
    the line, for what is no JSON, nests too deep, or has longer texts than any roster.
    """
    found = _Elements(pattern)
    events = ijson.sendable_list()
    parser = ijson.basic_parse_coro(events)
    line, silent = 1, 0
    try:
        with path.open("rb") as file:
            # Line by line, so that every event's line is known.
            while piece := file.readline(_PIECE):
                parser.send(piece.removeprefix(b"\xef\xbb\xbf") if file.tell() == len(piece) else piece)
                silent = 0 if events or not piece.strip() else silent + len(piece)
                if silent > _MAX_TEXT_PIECES * _PIECE:
                    raise _refused(line, gettext("a text is longer than any of a list of contacts."))
                for event, value in events:
                    found.take(event, value, line)
                del events[:]
                line += piece.endswith(b"\n")
                yield from found.ready
                found.ready.clear()
            parser.close()
    # A number of thousands of digits makes a ValueError that the parser in C does not hand on.
    except (ijson.JSONError, ValueError, SystemError) as error:
        if isinstance(error, SystemError):
            raise _refused(line, gettext("a number has more digits than any in a list of contacts.")) from None
        detail = str(error).splitlines()[0].strip() if str(error) else type(error).__name__
        raise _refused(
            line, gettext("this is no JSON, or it is damaged or cut off here (%(detail)s).", detail=detail[:100])
        ) from None
    for event, value in events:
        found.take(event, value, line)
    yield from found.ready
