"""How proposals, and the pairs told apart, follow a contact into a merge."""

from __future__ import annotations

from crm.directory.registry import ContactRows, Entry
from crm.duplicates.models import DuplicateProposal, ToldApart

_PAIR = ("one_id", "other_id")

CONTACT_ROWS: tuple[Entry, ...] = (
    ContactRows(DuplicateProposal, _PAIR, apart=_PAIR),
    ContactRows(ToldApart, _PAIR, apart=_PAIR),
)
