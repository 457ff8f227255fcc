"""Reads a list of addresses that must not be written to: typed, or a file of this or of any other program."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field

from crm.outbox.addresses import BadAddress, for_envelope, key_id

# A list of opt-outs that is longer comes from a newsletter, not from a campaign that lobbies.
MOST_LINES = 20_000
LARGEST_FILE = 4 * 1024 * 1024
HASH_COLUMN, KEY_COLUMN = "address_hash", "key_id"
_HASH = re.compile(r"[0-9a-f]{64}")
_SHOWN = 5


class Unreadable(Exception):
    """The file is no list of addresses; `reason` is one of `too_large`, `too_long`, `no_text`, `nothing`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class AddressList:
    """What a list holds: addresses, hashes made under our key, and lines in which no address was found."""

    addresses: list[str] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    other_keys: int = 0
    refused: list[str] = field(default_factory=list)
    refused_lines: int = 0

    def refuse(self, line: str) -> None:
        """Count a line without an address, and keep the first of them to show."""
        self.refused_lines += 1
        if len(self.refused) < _SHOWN:
            self.refused.append(line[:80])


def text_of(data: bytes) -> str:
    """The file as text, in UTF-8 or as older spreadsheets save it. Raises Unreadable."""
    if len(data) > LARGEST_FILE:
        raise Unreadable("too_large")
    if b"\x00" in data or data.startswith(b"PK"):
        raise Unreadable("no_text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _address(cell: str) -> str | None:
    """The address a cell holds, bare or as `Name <address>`."""
    given = cell.strip().strip("'\"").rstrip(".").removeprefix("mailto:")
    if given.endswith(">"):
        given = given[:-1].rpartition("<")[2]
    given = given.strip()
    try:
        return given if "." in for_envelope(given).rpartition("@")[2] else None
    except BadAddress:
        return None


def _rows(text: str) -> list[list[str]]:
    head = text[:4096]
    delimiter = max(",;\t", key=head.count)
    try:
        return [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(cell.strip() for cell in row)]
    except csv.Error:
        raise Unreadable("no_text") from None


def read_typed(text: str) -> AddressList:
    """Addresses as somebody types them: one a line, or with commas or semicolons between; each piece is one."""
    found = AddressList()
    for piece in re.split(r"[\n,;]+", text):
        address = _address(piece)
        if address:
            found.addresses.append(address)
        elif piece.strip():
            found.refuse(piece.strip())
    return found


def read_list(text: str) -> AddressList:
    """Every address of the text, whatever column it stands in; our own export is known by its hashes.

    Raises Unreadable. A first line without an address is taken for the names of the columns.
    """
    rows = _rows(text)
    if len(rows) > MOST_LINES:
        raise Unreadable("too_long")
    found = AddressList()
    names = [cell.strip().lower() for cell in rows[0]] if rows else []
    own = HASH_COLUMN in names and KEY_COLUMN in names
    for number, row in enumerate(rows):
        addresses = [address for cell in row if (address := _address(cell))]
        found.addresses += addresses
        if own and number:
            _take_hash(found, dict(zip(names, row, strict=False)), bool(addresses))
        elif number and not addresses:
            found.refuse(", ".join(cell for cell in row if cell.strip()))
    if not (found.addresses or found.hashes or found.other_keys):
        raise Unreadable("nothing")
    return found


def _take_hash(found: AddressList, row: dict[str, str], has_address: bool) -> None:
    hashed = row.get(HASH_COLUMN, "").strip()
    if _HASH.fullmatch(hashed) and row.get(KEY_COLUMN, "").strip() == key_id():
        found.hashes.append(hashed)
    elif not has_address:
        # Hashed under another SECRET_KEY: nobody can tell which address it is.
        found.other_keys += 1
