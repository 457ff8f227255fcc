"""A contact's timeline as a file, as far as the reader's team may see it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, to_user_timezone
from flask_login import current_user

from crm.accounts.queries import actor_names
from crm.overview.happenings import Happening, happenings, kinds_shown
from crm.overview.views.blueprint import blueprint, contact_or_404
from crm.policy import Permission, actor, requires
from crm.spreadsheets import csv_response
from crm.timeline.queries import entries_of
from crm.unit_of_work import unit_of_work

_AT_ONCE = 500


def _entries(contact_id: int) -> Iterator[Happening]:
    names, kinds, cursor = actor_names(), kinds_shown(request.args.get("show", "")), None
    while True:
        page = entries_of(contact_id, current_user.team_id, cursor, kinds=kinds, size=_AT_ONCE)
        yield from happenings(page.rows, names)
        if page.next is None:
            return
        cursor = page.next


def _rows(contact_id: int) -> Iterator[tuple[Any, ...]]:
    yield (
        gettext("When"),
        gettext("Kind"),
        gettext("What"),
        gettext("Details"),
        gettext("Recorded by"),
        gettext("For my team alone"),
    )
    for event in _entries(contact_id):
        at = to_user_timezone(event.at).isoformat(timespec="minutes")
        private = gettext("yes") if event.private else ""
        yield at, event.label, event.summary, " / ".join(event.details), event.who, private


@blueprint.get("/contacts/<int:contact_id>/timeline.csv")
@requires(Permission.EXPORT)
def timeline_csv(contact_id: int) -> ResponseReturnValue:
    """What happened with a contact, newest first, narrowed as on its page; that it was taken out is on record."""
    contact_or_404(contact_id)
    with unit_of_work("export timeline", actor=actor()) as work:
        work.notes["contact"] = contact_id
    return csv_response(f"timeline-{contact_id}.csv", _rows(contact_id))
