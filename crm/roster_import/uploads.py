"""Uploaded files, kept in the data folder under names of our own."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from flask import current_app
from flask_babel import gettext

from config import Settings
from crm.roster_import.records import UnreadableRoster

_COPY = 1024 * 1024


def _folder() -> Path:
    settings: Settings = current_app.extensions["settings"]
    return settings.data / "uploads"


def readable_name(given: str | None) -> str:
    """The file's own name as people may read it: no folders, no control characters, no more than 200 characters."""
    name = re.sub(r"[\x00-\x1f\x7f]", "", (given or "").replace("\\", "/")).rsplit("/", 1)[-1].strip()
    return name[-200:] or "roster"


def keep(stream: IO[bytes]) -> str:
    """Copy an upload into the folder, readable by the product alone; the stored name."""
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stored_name = f"{secrets.token_hex(16)}.roster"
    with (folder / stored_name).open("xb") as file:
        shutil.copyfileobj(stream, file, _COPY)
    return stored_name


def stored_path(stored_name: str) -> Path:
    """Where an upload is kept."""
    return _folder() / stored_name


@contextmanager
def in_utf8(path: Path, encoding: str | None) -> Iterator[Path]:
    """The file in UTF-8: a copy for the time of the block where a person has said its encoding, else the file itself.

    Raises UnreadableRoster where it is not in that one.
    """
    if not encoding:
        yield path
        return
    copy = path.with_suffix(f".{secrets.token_hex(8)}.utf8")
    try:
        try:
            with (
                path.open(encoding=encoding, newline="") as read,
                copy.open("x", encoding="utf-8", newline="") as written,
            ):
                shutil.copyfileobj(read, written, _COPY)
        except UnicodeDecodeError:
            raise UnreadableRoster(
                gettext("The letters of the file are others than you said. Say again which they are.")
            ) from None
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def forget(stored_name: str | None) -> None:
    """Remove an upload; one that is gone is fine."""
    if stored_name:
        stored_path(stored_name).unlink(missing_ok=True)
