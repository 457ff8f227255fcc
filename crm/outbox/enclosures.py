"""Files that go with the letters of a batch: their bytes come from whoever keeps them, encoded once a claim."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from crm.extensions import db
from crm.outbox.models import Enclosure
from crm.outbox.safe_header import safe_header

# Where the bytes of a key stand; raises OSError where they cannot be had.
Keeper = Callable[[str], Path]
_keepers: list[Keeper] = []
_FILES = (
    sa.select(Enclosure.key, Enclosure.name, Enclosure.media_type)
    .where(Enclosure.batch_id == sa.bindparam("batch"))
    .order_by(Enclosure.id)
)


class FileMissing(Exception):
    """A file of the batch is not there any more."""


def kept_by(keeper: Keeper) -> None:
    """Ask `keeper` where files are from now on."""
    _keepers[:] = [keeper]


def _filename(name: str) -> str:
    """The parameter of the name: as it is where it is plain, else as RFC 2231 has it."""
    if name.isascii() and not set(name) & set('"\\'):
        return f'filename="{name}"'
    return f"filename*=utf-8''{quote(name, safe='')}"


def _encoded(name: str, media_type: str, data: bytes) -> bytes:
    """One part of a multipart message."""
    # A message inside a message may not be encoded (RFC 2046), and lines of eight bits do not pass everywhere.
    kind = "application/octet-stream" if media_type.startswith("message/") else safe_header(media_type)
    head = (
        f"Content-Type: {kind}\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment; {_filename(safe_header(name))}\r\n\r\n"
    )
    return head.encode() + base64.encodebytes(data).replace(b"\n", b"\r\n")


def parts_of(batch_id: int) -> list[bytes]:
    """The files of a batch as parts of an e-mail; one query. Raises FileMissing."""
    found = db.session.execute(_FILES, {"batch": batch_id}).all()
    try:
        return [_encoded(name, media_type, _keepers[0](key).read_bytes()) for key, name, media_type in found]
    except OSError as error:
        raise FileMissing(str(error)) from None
