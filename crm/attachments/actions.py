"""Keeping files."""

from __future__ import annotations

import os

from flask import current_app
from werkzeug.datastructures import FileStorage

from config import Settings
from crm.attachments import storage
from crm.attachments.models import HEAD, Attachment, Refusal, media_type_of, readable_name, refusal_of
from crm.extensions import db
from crm.unit_of_work import current_unit_of_work


class FileRefused(Exception):
    """The file cannot be kept; `reason` says why."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


def size_limit() -> int:
    """The most bytes a file may have."""
    settings: Settings = current_app.extensions["settings"]
    return settings.attachment_limit * 1024 * 1024


def inspect(file: FileStorage) -> int:
    """Look at an upload and return its size in bytes. Raises FileRefused."""
    size = file.stream.seek(0, os.SEEK_END)
    file.stream.seek(0)
    head = file.stream.read(HEAD)
    file.stream.seek(0)
    reason = refusal_of(readable_name(file.filename), head, size, size_limit())
    if reason is not None:
        raise FileRefused(reason)
    return size


def store(file: FileStorage, *, team_id: int | None = None) -> Attachment:
    """Keep an upload for everybody, or for one team, in the running unit of work. Raises FileRefused."""
    size, name = inspect(file), readable_name(file.filename)
    kept = Attachment(
        sha256=storage.keep(file.stream),
        name=name,
        media_type=media_type_of(name),
        size=size,
        team_id=team_id,
        created_by=current_unit_of_work().actor,
    )
    db.session.add(kept)
    db.session.flush()
    return kept
