"""How the timeline follows a contact into a merge."""

from __future__ import annotations

from flask_babel import ngettext

from crm.directory.registry import ContactRows, Entry
from crm.timeline.models import TimelineEntry

CONTACT_ROWS: tuple[Entry, ...] = (
    ContactRows(
        TimelineEntry,
        ("contact_id",),
        references="reference",
        counted=lambda n: ngettext("%(num)d line of the timeline", "%(num)d lines of the timeline", n),
    ),
)
