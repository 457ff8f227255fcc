"""The timeline in words: what each kind of event is called, its tone, its link and who did it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask import url_for
from flask_babel import format_date, gettext, lazy_gettext

from crm.history.labels import KINDS as INTERACTIONS
from crm.history.models import InteractionKind
from crm.overview.edit_words import edit_label, edited_in_words
from crm.pipeline.labels import close_reason_label, commitment_label, stage_label
from crm.pipeline.models import AnswerKind
from crm.policy import Permission, can
from crm.roster_import.models import RowKind
from crm.roster_import.words import KINDS as ROW_KINDS
from crm.stances.labels import confidence_label, page_link, stance_label
from crm.timeline.models import EntryKind

# What it is called, and the tone of its mark.
KINDS = {
    EntryKind.IMPORTED: (lazy_gettext("Imported"), "info"),
    EntryKind.TARGETED: (lazy_gettext("Made a target"), "info"),
    EntryKind.STAGE_MOVED: (lazy_gettext("Stage moved"), "info"),
    EntryKind.STEP_DONE: (lazy_gettext("Next step done"), "good"),
    EntryKind.STEP_KEPT: (lazy_gettext("Next step kept as a task"), ""),
    EntryKind.TASK_DONE: (lazy_gettext("Task done"), "good"),
    EntryKind.STATED: (lazy_gettext("Stance"), "info"),
    EntryKind.STATEMENT_WITHDRAWN: (lazy_gettext("Statement withdrawn"), "warn"),
    EntryKind.LETTER_SENT: (lazy_gettext("Letter sent"), "good"),
    EntryKind.LETTER_FAILED: (lazy_gettext("Letter failed"), "bad"),
    EntryKind.LETTER_BOUNCED: (lazy_gettext("Letter came back"), "bad"),
    EntryKind.PROMISED: (lazy_gettext("Commitment"), "good"),
    EntryKind.PROMISE_SETTLED: (lazy_gettext("Commitment judged"), "info"),
    EntryKind.PROMISE_ANSWERED: (lazy_gettext("Answer of the official"), "good"),
    EntryKind.LETTERS_REFUSED: (lazy_gettext("Wants no more letters"), "warn"),
    EntryKind.LETTERS_WANTED_AGAIN: (lazy_gettext("May be written to again"), "info"),
    EntryKind.OBJECTED: (lazy_gettext("Objected to the use of their data"), "bad"),
    EntryKind.CORRECTION_ASKED: (lazy_gettext("Asked for a correction of their data"), "warn"),
    EntryKind.CALL: (INTERACTIONS[InteractionKind.CALL], "good"),
    EntryKind.MEETING: (INTERACTIONS[InteractionKind.MEETING], "good"),
    EntryKind.LETTER: (INTERACTIONS[InteractionKind.LETTER], "good"),
    EntryKind.REPLY: (INTERACTIONS[InteractionKind.REPLY], "good"),
    EntryKind.AUTOMATIC_REPLY: (lazy_gettext("Automatic reply: no answer yet"), ""),
    EntryKind.EVENT: (INTERACTIONS[InteractionKind.EVENT], "good"),
    EntryKind.NOTE: (INTERACTIONS[InteractionKind.NOTE], ""),
    EntryKind.MERGED: (lazy_gettext("Merged with"), "info"),
    EntryKind.EDITED: (lazy_gettext("Changed by hand"), ""),
}
_PROMISES = (EntryKind.PROMISED, EntryKind.PROMISE_SETTLED, EntryKind.PROMISE_ANSWERED)
# What a reader may narrow a timeline to, by the word in its address.
FILTERS = {
    "calls": (lazy_gettext("Calls"), (EntryKind.CALL,)),
    "meetings": (lazy_gettext("Meetings and events"), (EntryKind.MEETING, EntryKind.EVENT)),
    "letters": (
        lazy_gettext("Letters"),
        (EntryKind.LETTER_SENT, EntryKind.LETTER_FAILED, EntryKind.LETTER_BOUNCED, EntryKind.LETTER),
    ),
    "replies": (lazy_gettext("Replies"), (EntryKind.REPLY, EntryKind.AUTOMATIC_REPLY)),
    "notes": (lazy_gettext("Notes"), (EntryKind.NOTE,)),
    "statements": (lazy_gettext("Statements"), (EntryKind.STATED, EntryKind.STATEMENT_WITHDRAWN)),
    "commitments": (lazy_gettext("Commitments"), _PROMISES),
    "moves": (lazy_gettext("Stages"), (EntryKind.TARGETED, EntryKind.STAGE_MOVED)),
    "requests": (
        lazy_gettext("Requests about their data"),
        (
            EntryKind.LETTERS_REFUSED,
            EntryKind.LETTERS_WANTED_AGAIN,
            EntryKind.OBJECTED,
            EntryKind.CORRECTION_ASKED,
        ),
    ),
    "steps": (
        lazy_gettext("Next steps and tasks"),
        (EntryKind.STEP_DONE, EntryKind.STEP_KEPT, EntryKind.TASK_DONE),
    ),
    "imports": (lazy_gettext("Imports"), (EntryKind.IMPORTED,)),
    "changes": (lazy_gettext("Changes"), (EntryKind.EDITED, EntryKind.MERGED)),
}
# The page of what a reference names: endpoint, the argument that takes its id, and who may see it.
PAGES = {
    "letter": ("letters.letter", "letter_id", Permission.READ),
    "interaction": ("history.interaction", "interaction_id", Permission.READ),
    "inbound_answer": ("inbound.answer", "answer_id", Permission.READ),
    "inbound_message": ("inbound.message", "inbound_id", Permission.LOBBY),
    "target": ("pipeline.target", "target_id", Permission.READ),
    "task": ("history.task", "task_id", Permission.LOBBY),
    "commitment": ("pipeline.commitment", "commitment_id", Permission.READ),
    "import": ("roster_import.review", "import_id", Permission.IMPORT),
}

_INTERACTIONS = frozenset(EntryKind(kind.value) for kind in InteractionKind)


def kinds_shown(name: str) -> tuple[EntryKind, ...]:
    """The kinds a reader has narrowed a timeline to; none where it shows everything."""
    return FILTERS[name][1] if name in FILTERS else ()


@dataclass(frozen=True)
class Happening:
    """One event as a screen shows it."""

    at: datetime
    label: str
    tone: str
    summary: str
    details: Sequence[str]
    who: str
    href: str | None
    private: bool
    edited: bool
    source: str  # the address where it can be read, or nothing
    record: str | None  # the page of ours that it was taken from
    replied_at: datetime | None  # when they wrote that, if it is a reply
    follows: bool  # whether its page proposes what to do about it


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


def _stated(details: dict[str, Any]) -> str:
    """`ICRMW: Supportive (certain)`, of a withdrawn one with the reason."""
    words = f"{details['treaty']}: {stance_label(details['stance'])} ({confidence_label(details['confidence'])})"
    return f"{words}: {details['reason']}" if details.get("reason") else words


def _promised(details: dict[str, Any]) -> str:
    """`“I shall vote for it.”`, `Kept: the note`, `Corrected: “…”`."""
    words = f"“{details['words']}”" if details.get("words") else ""
    if details.get("state"):
        return ": ".join(filter(None, (commitment_label(details["state"]), details.get("note", ""))))
    if details.get("kind"):
        said = gettext("Confirmed") if details["kind"] == AnswerKind.CONFIRMED else gettext("Corrected")
        return ": ".join(filter(None, (said, words)))
    return words


def _imported(details: dict[str, Any]) -> str:
    """`New, as of 1 August 2025`, as far as it is known."""
    words = [str(ROW_KINDS[RowKind(details["kind"])][0])] if details.get("kind") else []
    if details.get("as_of"):
        words.append(gettext("as of %(day)s", day=format_date(date.fromisoformat(details["as_of"]))))
    return ", ".join(words)


def _details(kind: EntryKind, details: dict[str, Any]) -> Sequence[str]:
    if kind is EntryKind.EDITED:
        return edited_in_words(details)
    said = ""
    if kind is EntryKind.STAGE_MOVED:
        said = _moved(details)
    elif kind in _PROMISES:
        said = _promised(details)
    elif kind is EntryKind.IMPORTED:
        said = _imported(details)
    elif kind in (EntryKind.STATED, EntryKind.STATEMENT_WITHDRAWN):
        said = _stated(details)
    elif kind in _INTERACTIONS:
        said = str(details.get("notes") or "")
    elif kind in (EntryKind.LETTER_FAILED, EntryKind.LETTER_BOUNCED):
        said = str(details.get("reply") or "")
    return [said] if said else []


def _label(kind: EntryKind, details: dict[str, Any]) -> str:
    return edit_label(details) if kind is EntryKind.EDITED else str(KINDS[kind][0])


def _once(rows: Sequence[sa.Row[*tuple[Any, ...]]]) -> Iterator[sa.Row[*tuple[Any, ...]]]:
    """Rows that tell of one thing alike, told of two contacts that are one by now, as one; edits each stand for one."""
    told = set()
    for row in rows:
        line = (row.at.replace(second=0, microsecond=0), row.kind, row.reference, row.summary, repr(row.details))
        if row.kind is EntryKind.EDITED or line not in told:
            yield row
        told.add(line)


def happenings(rows: Sequence[sa.Row[*tuple[Any, ...]]], names: Mapping[str, str]) -> list[Happening]:
    """Rows of `entries_of` in the reader's words; `names` are those of the actors who may have done it.

    What was told of two contacts at once is one event where a merge has made one of them.
    """
    return [
        Happening(
            at=row.at,
            label=_label(row.kind, row.details),
            tone=KINDS[row.kind][1],
            summary=row.summary,
            details=_details(row.kind, row.details),
            who=names.get(row.actor, ""),
            href=_href(row.reference),
            private=row.team_id is not None,
            edited=bool(row.details.get("edited")),
            source=page_link(row.details.get("source") or "") if row.kind is EntryKind.STATED else "",
            record=_href(row.details.get("source_reference") or "") if row.kind is EntryKind.STATED else None,
            replied_at=datetime.fromisoformat(row.details["replied_at"]) if row.details.get("replied_at") else None,
            follows=row.kind is EntryKind.REPLY and can(Permission.LOBBY),
        )
        for row in _once(rows)
    ]
