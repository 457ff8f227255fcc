"""How interactions and tasks follow a contact into a merge; the timeline entries of interactions follow from them."""

from __future__ import annotations

from flask_babel import ngettext

from crm.directory.registry import ContactRows, Entry, Projected
from crm.history.models import InteractionContact, Task
from crm.history.projection import project_contacts
from crm.timeline.models import TimelineEntry

CONTACT_ROWS: tuple[Entry, ...] = (
    ContactRows(
        InteractionContact,
        ("contact_id",),
        counted=lambda n: ngettext("%(num)d interaction", "%(num)d interactions", n),
    ),
    ContactRows(Task, ("contact_id",), counted=lambda n: ngettext("%(num)d task", "%(num)d tasks", n)),
    # An interaction that both took part in stands on the timeline once.
    Projected(TimelineEntry, ("contact_id",), project_contacts),
)
