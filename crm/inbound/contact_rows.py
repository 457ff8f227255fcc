"""How received messages follow a contact into a merge."""

from __future__ import annotations

from flask_babel import ngettext

from crm.directory.registry import ContactRows, Entry
from crm.inbound.models import InboundMessage

CONTACT_ROWS: tuple[Entry, ...] = (
    ContactRows(
        InboundMessage,
        ("contact_id",),
        counted=lambda n: ngettext("%(num)d message received", "%(num)d messages received", n),
    ),
)
