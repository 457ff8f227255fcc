"""The timeline in words: what each kind of event is called, its tone, its link and who did it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext, lazy_gettext

from crm.accounts.queries import actor_names
from crm.pipeline.labels import close_reason_label, stage_label
from crm.timeline.models import EntryKind
from crm.web import has_endpoint

# What it is called, and the tone of its mark.
KINDS = {
    EntryKind.IMPORTED: (lazy_gettext("Roster imported"), ""),
    EntryKind.TARGETED: (lazy_gettext("Made a target"), "info"),
    EntryKind.STAGE_MOVED: (lazy_gettext("Stage moved"), "info"),
    EntryKind.LETTER_SENT: (lazy_gettext("Letter sent"), "good"),
    EntryKind.LETTER_FAILED: (lazy_gettext("Letter failed"), "bad"),
}
# The page of what a reference names: endpoint, and the argument that takes its id.
PAGES = {
    "letter": ("letters.letter", "letter_id"),
    "target": ("pipeline.target", "target_id"),
}


@dataclass(frozen=True)
class Happening:
    """One event as a screen shows it."""

    at: datetime
    label: str
    tone: str
    summary: str
    detail: str
    who: str
    href: str | None


def _href(reference: str) -> str | None:
    table, _, number = reference.partition(":")
    endpoint, argument = PAGES.get(table, ("", ""))
    page: dict[str, Any] = {argument: int(number)} if has_endpoint(endpoint) else {}
    return url_for(endpoint, **page) if page else None


def _moved(details: dict[str, Any]) -> str:
    """`from Contacted to Closed (Declined): the note`, as far as it is known."""
    before, after = details.get("from"), details.get("to")
    if not after:
        return ""
    to = stage_label(after)
    words = gettext("from %(before)s to %(after)s", before=stage_label(before), after=to) if before else to
    reason = f" ({close_reason_label(details['reason'])})" if details.get("reason") else ""
    note = f": {details['note']}" if details.get("note") else ""
    return f"{words}{reason}{note}"


def _detail(kind: EntryKind, details: dict[str, Any]) -> str:
    if kind is EntryKind.STAGE_MOVED:
        return _moved(details)
    return str(details.get("reply") or "") if kind is EntryKind.LETTER_FAILED else ""


def happenings(rows: Sequence[sa.Row[*tuple[Any, ...]]]) -> list[Happening]:
    """Rows of `entries_of` in the reader's words; one query for the names of those who acted."""
    names = actor_names()
    return [
        Happening(
            at=row.at,
            label=str(KINDS[row.kind][0]),
            tone=KINDS[row.kind][1],
            summary=row.summary,
            detail=_detail(row.kind, row.details),
            who=names.get(row.actor, ""),
            href=_href(row.reference),
        )
        for row in rows
    ]
