"""Attachments, which types of files may be one, and what in a file's first bytes proves its type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm import clock
from crm.database import Base

NAME_LENGTH = 200
# How many bytes of a file tell what it is.
HEAD = 512


class Refusal(StrEnum):
    """Why a file cannot be kept."""

    EMPTY = "empty"
    TOO_LARGE = "too large"
    TYPE = "type"  # not one of the types below
    CONTENT = "content"  # it is not what its name says


@dataclass(frozen=True)
class FileType:
    """A type of files: its media type, how such files begin (nothing: they are text), and whether browsers may show it.

    Only pictures made of pixels are shown: nothing in them can run.
    """

    media_type: str
    begins: tuple[bytes, ...] = ()
    shown: bool = False


_ZIP = (b"PK\x03\x04",)
_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
# By the ending of the name. What carries macros or scripts (docm, html, svg) is not among them.
FILE_TYPES: dict[str, FileType] = {
    "pdf": FileType("application/pdf", (b"%PDF-",)),
    "png": FileType("image/png", (b"\x89PNG\r\n\x1a\n",), shown=True),
    "jpg": FileType("image/jpeg", (b"\xff\xd8\xff",), shown=True),
    "jpeg": FileType("image/jpeg", (b"\xff\xd8\xff",), shown=True),
    "gif": FileType("image/gif", (b"GIF87a", b"GIF89a"), shown=True),
    "docx": FileType(f"{_OFFICE}.wordprocessingml.document", _ZIP),
    "xlsx": FileType(f"{_OFFICE}.spreadsheetml.sheet", _ZIP),
    "pptx": FileType(f"{_OFFICE}.presentationml.presentation", _ZIP),
    "odt": FileType(f"{_OPEN_DOCUMENT}.text", _ZIP),
    "ods": FileType(f"{_OPEN_DOCUMENT}.spreadsheet", _ZIP),
    "odp": FileType(f"{_OPEN_DOCUMENT}.presentation", _ZIP),
    "rtf": FileType("application/rtf", (b"{\\rtf",)),
    "mp3": FileType("audio/mpeg", (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")),
    "eml": FileType("message/rfc822"),
    "txt": FileType("text/plain"),
    "csv": FileType("text/csv"),
}
_SHOWN = {kind.media_type for kind in FILE_TYPES.values() if kind.shown}


class Attachment(Base):
    """A stored file as somebody gave it: its name, media type and size in bytes.

    The bytes are kept once under their SHA-256, however many rows name them. With a `team_id` only that team may have
    the file. `created_by` is the audit's opaque actor.
    """

    __tablename__ = "attachment"
    __team_of__ = "team_id"

    sha256: Mapped[str] = mapped_column(sa.String(64), index=True)
    name: Mapped[str] = mapped_column(sa.String(NAME_LENGTH))
    media_type: Mapped[str] = mapped_column(sa.String(100))
    size: Mapped[int] = mapped_column(sa.BigInteger)
    team_id: Mapped[int | None] = mapped_column(sa.ForeignKey("team.id"))
    created_by: Mapped[str] = mapped_column(sa.String(80))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


def readable_name(given: str | None) -> str:
    """A file's own name as people may read it: no folders, nothing invisible, its ending kept where it is cut."""
    name = (given or "").replace("\\", "/").rsplit("/", 1)[-1]
    # Control characters, and marks of direction that make `exe.pdf` of `fdp.exe`.
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", "", name).strip()[-NAME_LENGTH:]


def refusal_of(name: str, head: bytes, size: int, limit: int) -> Refusal | None:
    """Why a file of this name cannot be kept, by its first HEAD bytes and its size in bytes; None where it can."""
    kind = FILE_TYPES.get(_ending(name))
    if kind is None:
        return Refusal.TYPE
    if not size:
        return Refusal.EMPTY
    if size > limit:
        return Refusal.TOO_LARGE
    proven = head.startswith(kind.begins) if kind.begins else b"\x00" not in head
    return None if proven else Refusal.CONTENT


def media_type_of(name: str) -> str:
    """The media type of a file that was not refused; what the browser said of it is not believed."""
    return FILE_TYPES[_ending(name)].media_type


def may_be_shown(media_type: str) -> bool:
    """Whether a browser may show such a file rather than save it."""
    return media_type in _SHOWN


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""
