"""What the outbox tells about a letter, written on its contact's timeline and its target's stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from crm.database import among
from crm.extensions import db
from crm.letters.models import Letter
from crm.outbox.models import MessageState, OutgoingMessage
from crm.outbox.results import Result
from crm.pipeline.actions import mark_contacted
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind, TimelineEntry

ENTRY_KINDS = {MessageState.SENT: EntryKind.LETTER_SENT, MessageState.FAILED: EntryKind.LETTER_FAILED}


def record_results(results: Sequence[Result]) -> None:
    """Write what became of letters on the timeline, once per letter and kind, and mark who was written to.

    Runs in a transaction of the outbox, for many letters of mailings at once: two statements and those of
    `mark_contacted`.
    """
    for state, kind in ENTRY_KINDS.items():
        told = {each.message_id: each for each in results if each.state is state}
        if told:
            _record(told, kind)


# Looked up letter by letter: joined, the database may read the whole timeline for them.
_KNOWN = (
    sa.select(TimelineEntry.id)
    .where(
        TimelineEntry.reference == sa.literal("letter:") + sa.cast(Letter.id, sa.String),
        TimelineEntry.kind == sa.bindparam("kind"),
    )
    .limit(1)
    .scalar_subquery()
)
_LETTERS = (
    sa.select(Letter.id, Letter.mailing_id, Letter.contact_id, Letter.target_id, Letter.message_id)
    .add_columns(OutgoingMessage.subject, _KNOWN.label("known"))
    .join(OutgoingMessage, OutgoingMessage.id == Letter.message_id)
    .where(among(Letter.message_id, "messages"))
)


def _record(told: Mapping[int, Result], kind: EntryKind) -> None:
    found = db.session.execute(_LETTERS, {"kind": kind, "messages": list(told)})
    news = [(row, told[row.message_id]) for row in found if row.known is None]
    if not news:
        return
    if kind is EntryKind.LETTER_SENT:
        # First, so that the entries find their targets as they are to be and write them no second time.
        mark_contacted({row.target_id for row, _ in news}, at=max(result.at for _, result in news))
    # One object for all who were answered alike, which is made JSON once.
    shared: dict[tuple[int, str], dict[str, object]] = {}
    events = []
    for row, result in news:
        details = shared.setdefault(
            (row.mailing_id, result.reply), {"mailing_id": row.mailing_id, "reply": result.reply}
        )
        events.append(Event(row.contact_id, result.at, kind, f"letter:{row.id}", row.subject[:300], details))
    add_events(events)
