"""Reads vCards of the versions 2.1, 3.0 and 4.0 (RFC 2426, RFC 6350): a file of many cards, one person each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import vobject
from flask_babel import gettext
from vobject.base import Component, ParseError, VObjectError

from crm.directory.actions import InvalidAddress, normalize_address
from crm.roster_import.names import split_capitals
from crm.roster_import.readers.limits import fitting
from crm.roster_import.readers.source import one_line, shown, to_date, to_gender, to_handle, to_phone
from crm.roster_import.records import BadLine, Doubt, Mandate, Problem, Record, RosterFormat, UnreadableRoster

_BEGIN, _END = "begin:vcard", "end:vcard"
# A card with a photograph is longer than any text; photographs are left out before this is asked.
_MAX_CARD = 256 * 1024
_MAX_LINE = 16 * 1024 * 1024
# Pictures, sounds and keys: nothing is taken from them, and they are the bulk of a card.
_HEAVY = re.compile(r"(?:[\w-]+\.)?(?:PHOTO|LOGO|SOUND|KEY)[;:]", re.IGNORECASE)
_PHONE_KINDS = {"fax": "faxes"}
_PROFILES = {"x.com": "twitter", "twitter.com": "twitter", "facebook.com": "facebook", "instagram.com": "instagram"}


def recognises(head: bytes) -> bool:
    """Whether a file that starts so is one of vCards."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:11].lower() == b"begin:vcard"


class VCards:
    """People of an address book, each with the office the card names."""

    format = RosterFormat.VCARD
    institution = ""
    complete: bool | None = False
    day: date | None = None
    unread: tuple[str, ...] = ("PHOTO", "LOGO", "SOUND", "KEY", "NOTE")

    def __init__(self, path: Path) -> None:
        self._path = path

    def records(self) -> Iterator[Record | BadLine]:
        """Every card, in the order of the file; a card that cannot be read is a bad line at its first line."""
        for line, text in self._cards():
            try:
                # Only there: elsewhere an equals sign at the end of a line is a letter like others.
                card = vobject.readOne(text, validate=False, allowQP="QUOTED-PRINTABLE" in text.upper())
            except (ParseError, VObjectError, ValueError, LookupError, AttributeError) as error:
                detail = str(error).splitlines()[0] if str(error) else type(error).__name__
                yield BadLine(line, shown(text), Problem.DAMAGED_CARD, "card", shown(detail))
                continue
            yield _Card(line, card).record()

    def _cards(self) -> Iterator[tuple[int, str]]:
        """First line and text of each card. Raises UnreadableRoster where the file is no list of cards."""
        kept: list[str] = []
        began = number = size = 0
        heavy = False
        with self._path.open(encoding=self._encoding(), errors="replace", newline=None) as file:
            while line := file.readline(_MAX_LINE):
                number += 1
                bare = line.strip().lower()
                if not kept and bare.removeprefix("\ufeff") == _BEGIN:
                    kept, began, size, heavy = ["BEGIN:VCARD\n"], number, 0, False
                    continue
                if not kept:
                    if bare:
                        raise _damaged(number, gettext("a card begins with BEGIN:VCARD, not so."))
                    continue
                if bare == _BEGIN:
                    raise _damaged(began, gettext("this card does not end before the next begins."))
                heavy = _is_heavy(line, heavy)
                if not heavy:
                    kept.append(line)
                    size += len(line)
                    if size > _MAX_CARD:
                        raise _damaged(began, gettext("this card is longer than any of a person."))
                if bare == _END:
                    yield began, "".join(kept)
                    kept = []
        if kept:
            raise _damaged(began, gettext("the file is cut off within this card."))

    def _encoding(self) -> str:
        """UTF-8, or the Windows-1252 that old programs wrote."""
        try:
            with self._path.open(encoding="utf-8") as file:
                while file.read(1024 * 1024):
                    pass
        except UnicodeDecodeError:
            return "cp1252"
        return "utf-8"


def _is_heavy(line: str, before: bool) -> bool:
    """Whether the line belongs to a picture or the like: its first, or one that goes on with it."""
    if before:
        # Folded lines begin with a blank; the base64 of old cards has neither colon nor end but an empty line.
        return line[:1] in " \t" or ":" not in line
    return _HEAVY.match(line) is not None


def _damaged(line: int, what: str) -> UnreadableRoster:
    again = gettext("Export the cards again, or mend them and import them then; nothing was changed.")
    return UnreadableRoster(" ".join([gettext("Line %(line)s: %(what)s", line=line, what=what), again]), line)


class _Card:
    """One card, and the doubts met while reading it."""

    def __init__(self, line: int, card: Component) -> None:
        self._line = line
        self._contents: dict[str, list[Any]] = card.contents
        self._doubts: list[Doubt] = []

    def record(self) -> Record | BadLine:
        parts = self._name()
        given_name: str | None = _part(parts, "given")
        family_name: str | None = _part(parts, "family")
        name = self._text("fn") or " ".join(filter(None, (given_name, family_name)))
        organization = self._organization()
        if not name or self._text("kind").lower() in ("org", "group", "location"):
            return BadLine(self._line, shown(name or organization), Problem.NO_PERSON if name else Problem.NO_NAME)
        if not family_name:
            given_name, family_name = split_capitals(name)
        elif not given_name and one_line(family_name) == name:
            # The whole name in the place of the family's: nobody has told its parts apart.
            given_name, family_name = split_capitals(name)
        role = self._text("title") or self._text("role")
        uid = self._text("uid")
        return fitting(
            Record(
                line=self._line,
                name=name,
                given_name=given_name or None,
                family_name=family_name or None,
                identifiers=(("vcard", uid[:120]),) if uid else (),
                gender=to_gender(self._text("gender").split(";")[0]),
                birth_date=self._birthday(),
                honorific_prefix=_part(parts, "prefix"),
                honorific_suffix=_part(parts, "suffix"),
                other_names=tuple(filter(None, (one_line(_flat(one.value)) for one in self._all("nickname")))),
                languages=tuple(dict.fromkeys(filter(None, (one_line(_flat(one.value)) for one in self._all("lang"))))),
                emails=self._emails(),
                mandates=(Mandate(organization, role=role or "member"),) if organization else (),
                doubts=tuple(self._doubts),
                **self._points(),
            )
        )

    def _all(self, name: str) -> list[Any]:
        return self._contents.get(name, [])

    def _text(self, name: str) -> str:
        found = self._all(name)
        return one_line(_flat(found[0].value)) if found else ""

    def _name(self) -> Any:
        found = self._all("n")
        return found[0].value if found else None

    def _organization(self) -> str:
        found = self._all("org")
        if not found:
            return ""
        value = found[0].value
        # After the organization stand its units, of which the directory would make nothing.
        return one_line(str(value[0])) if isinstance(value, list) and value else one_line(_flat(value))

    def _birthday(self) -> date | None:
        text = self._text("bday").partition("T")[0]
        if re.fullmatch(r"\d{8}", text):
            text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
        # Cards may leave the year out, or tell nothing else: that is no day to write down.
        if text.startswith("--") or re.fullmatch(r"\d{4}(-\d{2})?", text):
            return None
        try:
            return to_date(text)
        except ValueError:
            self._doubts.append(Doubt("birth_date", shown(text), Problem.NOT_A_DATE))
            return None

    def _emails(self) -> tuple[str, ...]:
        found: dict[str, None] = {}
        # The preferred one first, whichever way the version says it.
        for one in sorted(self._all("email"), key=lambda one: not _preferred(one)):
            value = one_line(_flat(one.value)).removeprefix("mailto:")
            try:
                found[normalize_address(value)] = None
            except InvalidAddress:
                self._doubts.append(Doubt("email", shown(value), Problem.NOT_AN_ADDRESS))
        return tuple(found)

    def _points(self) -> dict[str, Any]:
        found: dict[str, dict[str, None]] = {}
        for one in self._all("tel"):
            kind = next((field for name, field in _PHONE_KINDS.items() if name in _types(one)), "phones")
            number = to_phone(one_line(_flat(one.value)).removeprefix("tel:"))
            found.setdefault(kind, {})[number] = None
        for one in self._all("adr"):
            address = _address(one.value)
            found.setdefault("addresses", {})[address] = None
        for one in self._all("url"):
            address = one_line(_flat(one.value))
            host = re.sub(r"^https?://(?:www\.|mobile\.)?", "", address).partition("/")
            kind = _PROFILES.get(host[0], "urls")
            kept = to_handle(address) if kind == "twitter" else host[2] if kind != "urls" else address
            found.setdefault(kind, {})[kept] = None
        return {name: tuple(value for value in values if value) for name, values in found.items()}


def _flat(value: Any) -> str:
    """A value as text: lists are joined."""
    return ", ".join(map(_flat, value)) if isinstance(value, list | tuple) else str(value)


def _part(name: Any, part: str) -> str:
    return one_line(_flat(getattr(name, part, "") or "").replace(", ", " ")) if name is not None else ""


def _address(value: Any) -> str:
    parts = [getattr(value, part, "") for part in ("box", "extended", "street", "code", "city", "region", "country")]
    return ", ".join(filter(None, (one_line(_flat(part)) for part in parts))) if any(parts) else one_line(_flat(value))


def _types(one: Any) -> set[str]:
    """The types of a property, in small letters; version 2.1 writes them without a name."""
    named = one.params.get("TYPE", [])
    return {text.lower() for text in [*named, *(one.singletonparams or [])] for text in text.split(",")}


def _preferred(one: Any) -> bool:
    return "pref" in _types(one) or "PREF" in one.params
