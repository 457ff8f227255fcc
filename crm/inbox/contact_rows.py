"""How what readers asked for follows a contact into a merge."""

from __future__ import annotations

from flask_babel import ngettext

from crm.directory.registry import ContactRows, Entry
from crm.inbox.models import ReaderRequest

CONTACT_ROWS: tuple[Entry, ...] = (
    ContactRows(
        ReaderRequest,
        ("contact_id",),
        counted=lambda n: ngettext("%(num)d request about their data", "%(num)d requests about their data", n),
    ),
)
