"""How the lines of imports follow a contact into a merge."""

from __future__ import annotations

from flask_babel import ngettext

from crm.directory.registry import ContactRows, Entry
from crm.roster_import.models import ImportRow

CONTACT_ROWS: tuple[Entry, ...] = (
    ContactRows(
        ImportRow,
        ("contact_id", "chosen_id"),
        counted=lambda n: ngettext("%(num)d line of an import", "%(num)d lines of imports", n),
    ),
)
