"""How statements follow a contact into a merge: all of them do, and the current stance follows from them."""

from __future__ import annotations

from flask_babel import ngettext

from crm.directory.registry import ContactRows, Entry, Projected
from crm.stances.models import CurrentStance, Statement
from crm.stances.projection import project

CONTACT_ROWS: tuple[Entry, ...] = (
    ContactRows(
        Statement,
        ("contact_id",),
        counted=lambda n: ngettext("%(num)d statement", "%(num)d statements", n),
    ),
    Projected(CurrentStance, ("contact_id",), project),
)
