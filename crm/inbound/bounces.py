"""What a delivery report means for a contact: their timeline, the way to reach them, and who looks after them."""

from __future__ import annotations

import sqlalchemy as sa

from crm import clock
from crm.directory.models import ContactPoint, PointKind
from crm.directory.projection import project
from crm.extensions import db
from crm.inbound.models import Answer
from crm.letters.models import Letter
from crm.outbox.addresses import normalized
from crm.outbox.bounces import Reported, note_bounce
from crm.timeline.actions import contacts_changed
from crm.timeline.models import EntryKind, TimelineEntry


def bring_back(outgoing_message_id: int, reported: Reported, source: str) -> None:
    """Note a report on its letter, and let all see it who count on that letter. Raises NotToldYet.

    `source` names the received message.
    """
    noted = note_bounce(outgoing_message_id, reported, source)
    if noted.came_back:
        _tell(outgoing_message_id, reported)
    if noted.given_up:
        _mark_points(noted.address, reported)


def _tell(outgoing_message_id: int, reported: Reported) -> None:
    """What stood on the timeline as sent came back: nothing has reached them."""
    letter_id = db.session.scalar(sa.select(Letter.id).where(Letter.message_id == outgoing_message_id))
    answer_id = db.session.scalar(sa.select(Answer.id).where(Answer.message_id == outgoing_message_id))
    entry = db.session.scalar(
        sa.select(TimelineEntry).where(
            TimelineEntry.reference == (f"letter:{letter_id}" if letter_id else f"{Answer.__tablename__}:{answer_id}"),
            TimelineEntry.kind == EntryKind.LETTER_SENT,
        )
    )
    if entry is None:
        return
    sent_at = entry.at.isoformat()
    entry.kind, entry.at = EntryKind.LETTER_BOUNCED, clock.now()
    entry.details = {**entry.details, "reply": reported.words, "sent_at": sent_at}
    db.session.flush()
    contacts_changed([entry.contact_id])


def _mark_points(address: str, reported: Reported) -> None:
    """Mark the address wherever it is known, so that another one is written to where there is one."""
    points = db.session.scalars(
        sa.select(ContactPoint).where(
            ContactPoint.kind == PointKind.EMAIL,
            ContactPoint.value == normalized(address),
            ContactPoint.bounced_at.is_(None),
        )
    ).all()
    for point in points:
        point.bounced_at, point.bounced_with = clock.now(), reported.words[:300]
    db.session.flush()
    project({point.contact_id for point in points})
