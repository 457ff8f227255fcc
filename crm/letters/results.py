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
    sa.select(Letter.id, Letter.mailing_id, Letter.contact_id, OutgoingMessage.subject, Letter.target_id)
    .add_columns(Letter.message_id, _KNOWN.label("known"))
    .join(OutgoingMessage, OutgoingMessage.id == Letter.message_id)
    .where(among(Letter.message_id, "messages"))
)


def _record(told: Mapping[int, Result], kind: EntryKind) -> None:
    found = db.session.execute(_LETTERS, {"kind": kind, "messages": list(told)})
    news = [(letter, told[message_id]) for *letter, message_id, known in found if known is None]
    if not news:
        return
    if kind is EntryKind.LETTER_SENT:
        # First, so that the entries find their targets as they are to be and write them no second time.
        mark_contacted({target_id for (*_, target_id), _ in news}, at=max(result.at for _, result in news))
    # One object for all who were answered alike, which is made JSON once.
    shared: dict[tuple[int, str], dict[str, object]] = {}
    events = []
    for (id_, mailing_id, contact_id, subject, _target_id), result in news:
        details = shared.get((mailing_id, result.reply))
        if details is None:
            details = shared[mailing_id, result.reply] = {"mailing_id": mailing_id, "reply": result.reply}
        events.append(Event(contact_id, result.at, kind, f"letter:{id_}", subject[:300], details))
    add_events(events)
