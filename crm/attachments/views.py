"""Handing stored files out: saved by the browser, shown only where nothing in them can run."""

from __future__ import annotations

from babel.units import format_unit
from flask import Blueprint, abort, send_file
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from flask_login import current_user

from crm.attachments import queries, storage
from crm.attachments.models import may_be_shown
from crm.policy import Permission, requires

blueprint = Blueprint("attachments", __name__)
# Whatever is in a file, it loads nothing, runs nothing and has no origin.
CONTENT_SECURITY_POLICY = "default-src 'none'; sandbox"


@blueprint.app_template_filter()
def file_size(size: int) -> str:
    """A number of bytes as people read it: `640 kB`, `1.2 MB`."""
    kilobytes = max(1, round(size / 1000))
    if kilobytes < 1000:
        return str(format_unit(kilobytes, "digital-kilobyte", "short", locale=get_locale()))
    return str(format_unit(round(size / 1_000_000, 1), "digital-megabyte", "short", locale=get_locale()))


@blueprint.get("/attachments/<int:attachment_id>")
@requires(Permission.READ)
def download(attachment_id: int) -> ResponseReturnValue:
    """The file, for whoever may see what it belongs to."""
    found = queries.attachment(attachment_id, current_user.team_id)
    if found is None or not storage.path_of(found.sha256).is_file():
        abort(404, gettext("There is no such file: it may have been removed."))
    if not storage.is_whole(found.sha256):
        abort(
            404, gettext("This file is no longer what was stored: its fingerprint differs. Restore it from a backup.")
        )
    answer = send_file(
        storage.path_of(found.sha256),
        mimetype=found.media_type,
        as_attachment=not may_be_shown(found.media_type),
        download_name=found.name,
        etag=False,
    )
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return answer
