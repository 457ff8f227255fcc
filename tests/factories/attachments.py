"""Stored files for tests."""

from __future__ import annotations

from io import BytesIO

from werkzeug.datastructures import FileStorage

from crm.attachments.actions import store
from crm.attachments.models import Attachment
from crm.unit_of_work import unit_of_work

PDF = b"%PDF-1.7\nminutes of a hearing\n"


def upload(content: bytes = PDF, name: str = "minutes.pdf") -> FileStorage:
    """What a form gets of a browser."""
    return FileStorage(BytesIO(content), filename=name, content_type="text/html")


def make_attachment(
    content: bytes = PDF, name: str = "minutes.pdf", *, team_id: int | None = None, actor: str = "user:1"
) -> Attachment:
    """A stored file."""
    with unit_of_work("store file", actor=actor):
        return store(upload(content, name), team_id=team_id)
