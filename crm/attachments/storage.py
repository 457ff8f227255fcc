"""The folder of stored files in the data folder: each under the SHA-256 of its bytes, written once, never changed."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import IO

from flask import current_app

from config import Settings

_COPY = 1024 * 1024


def _folder() -> Path:
    settings: Settings = current_app.extensions["settings"]
    return settings.data / "attachments"


def path_of(sha256: str) -> Path:
    """Where a file is kept."""
    return _folder() / sha256[:2] / sha256


def keep(stream: IO[bytes]) -> str:
    """Copy a file into the folder, readable by the product alone, and return its SHA-256 in hex.

    The bytes are on the disk before they have their name there. Where the transaction that keeps the row fails, the
    file stays: it costs room alone, and the next time it is there already.
    """
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        try:
            while piece := stream.read(_COPY):
                digest.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
            path = path_of(digest.hexdigest())
            path.parent.mkdir(mode=0o700, exist_ok=True)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    return digest.hexdigest()


def is_whole(sha256: str) -> bool:
    """Whether the bytes of a file that is there are still those it is named after."""
    with path_of(sha256).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256
