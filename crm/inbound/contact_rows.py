"""How received messages follow a contact into a merge; those that became an interaction are counted among these."""

from __future__ import annotations

from crm.directory.registry import ContactRows, Entry
from crm.inbound.models import Answer, InboundMessage

CONTACT_ROWS: tuple[Entry, ...] = (
    ContactRows(InboundMessage, ("contact_id",)),
    ContactRows(Answer, ("contact_id",)),
)
