"""How letters follow a contact into a merge: none is lost, also where both had one of the same mailing."""

from __future__ import annotations

from flask_babel import ngettext

from crm.directory.registry import ContactRows, Entry
from crm.letters.models import Letter

CONTACT_ROWS: tuple[Entry, ...] = (
    ContactRows(
        Letter,
        ("contact_id",),
        set_aside="merged_target_id",
        counted=lambda n: ngettext("%(num)d letter", "%(num)d letters", n),
    ),
)
