"""The timeline in words: what each kind of event is called, its tone, its link and who did it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask import url_for
from flask_babel import format_date, gettext, lazy_gettext

from crm.accounts.queries import actor_names
from crm.pipeline.labels import close_reason_label, stage_label
from crm.policy import Permission, can
from crm.roster_import.models import RowKind
from crm.roster_import.words import KINDS as ROW_KINDS
from crm.timeline.models import EntryKind

# What it is called, and the tone of its mark.
KINDS = {
    EntryKind.IMPORTED: (lazy_gettext("Roster imported"), "info"),
    EntryKind.TARGETED: (lazy_gettext("Made a target"), "info"),
    EntryKind.STAGE_MOVED: (lazy_gettext("Stage moved"), "info"),
    EntryKind.LETTER_SENT: (lazy_gettext("Letter sent"), "good"),
    EntryKind.LETTER_FAILED: (lazy_gettext("Letter failed"), "bad"),
    EntryKind.MERGED: (lazy_gettext("Merged with"), "info"),
}
# The page of what a reference names: endpoint, the argument that takes its id, and who may see it.
PAGES = {
    "letter": ("letters.letter", "letter_id", Permission.READ),
    "target": ("pipeline.target", "target_id", Permission.READ),
    "import": ("roster_import.review", "import_id", Permission.IMPORT),
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
    if table not in PAGES:
        return None
    endpoint, argument, permission = PAGES[table]
    page: dict[str, Any] = {argument: int(number)}
    return url_for(endpoint, **page) if can(permission) else None


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


def _imported(details: dict[str, Any]) -> str:
    """`New, as of 1 August 2025`, as far as it is known."""
    words = [str(ROW_KINDS[RowKind(details["kind"])][0])] if details.get("kind") else []
    if details.get("as_of"):
        words.append(gettext("as of %(day)s", day=format_date(date.fromisoformat(details["as_of"]))))
    return ", ".join(words)


def _detail(kind: EntryKind, details: dict[str, Any]) -> str:
    if kind is EntryKind.STAGE_MOVED:
        return _moved(details)
    if kind is EntryKind.IMPORTED:
        return _imported(details)
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
