"""What the outbox tells about a letter, written on its contact's timeline and its target's stage."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from crm.extensions import db
from crm.letters.actions import BATCH_KIND
from crm.letters.models import Letter
from crm.outbox.models import MessageState, OutgoingMessage
from crm.outbox.results import Result
from crm.pipeline.actions import mark_contacted
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind, TimelineEntry

ENTRY_KINDS = {MessageState.SENT: EntryKind.LETTER_SENT, MessageState.FAILED: EntryKind.LETTER_FAILED}


def record_results(results: Sequence[Result]) -> None:
    """Write what became of letters on the timeline, once per letter and kind, and mark who was written to.

    Runs in a transaction of the outbox, for many letters at once: two statements and those of `mark_contacted`.
    """
    told = {
        result.message_id: result
        for result in results
        if result.batch_kind == BATCH_KIND and result.state in ENTRY_KINDS
    }
    if not told:
        return
    reference = sa.literal("letter:") + sa.cast(Letter.id, sa.String)
    found = db.session.execute(
        sa.select(
            Letter.id,
            Letter.mailing_id,
            Letter.contact_id,
            Letter.target_id,
            Letter.message_id,
            OutgoingMessage.subject,
            TimelineEntry.kind,
        )
        .join(OutgoingMessage, OutgoingMessage.id == Letter.message_id)
        .outerjoin(TimelineEntry, TimelineEntry.reference == reference)
        .where(Letter.message_id.in_(told))
    ).all()
    known = {(row.id, row.kind) for row in found}
    news: dict[tuple[int, EntryKind], Event] = {}
    contacted = set()
    for row in found:
        result = told[row.message_id]
        kind = ENTRY_KINDS[result.state]
        if (row.id, kind) in known:
            continue
        details = {"mailing_id": row.mailing_id, "reply": result.reply}
        news[row.id, kind] = Event(row.contact_id, result.at, kind, f"letter:{row.id}", row.subject[:300], details)
        if kind is EntryKind.LETTER_SENT:
            contacted.add(row.target_id)
    add_events(list(news.values()))
    if contacted:
        mark_contacted(contacted)
