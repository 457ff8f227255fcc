"""Where a received message belongs: on whose timeline, as a reply or as noted of a program; and taking it off.

A person's mail becomes an interaction, with its files; what one of us wrote, a letter of ours. Mail of programs is
noted, and counts as no answer.
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from textwrap import shorten

import sqlalchemy as sa
from flask_babel import gettext
from werkzeug.datastructures import FileStorage

from crm.accounts.models import User
from crm.attachments.actions import FileRefused, store
from crm.attachments.models import Attachment
from crm.audit.models import Change
from crm.extensions import db
from crm.history.actions import What, record_interaction, withdraw_interaction
from crm.history.models import NOTES_LENGTH, SUMMARY_LENGTH, Interaction, InteractionContact, InteractionKind
from crm.inbound.folding import files_of, words_of
from crm.inbound.matching import thread_of
from crm.inbound.models import (
    INBOUND_MOVES,
    InboundKind,
    InboundMessage,
    InboundState,
    Match,
    Reply,
)
from crm.inbound.parsing import Mail, Reading
from crm.outbox.models import OutgoingMessage
from crm.timeline.actions import Event, add_events, forget
from crm.timeline.models import EntryKind

logger = logging.getLogger(__name__)
_MOST_FILES = 20
# A date further from its arrival than this is a clock that goes wrong, or a trick.
_UNDERWAY = timedelta(days=7)


class MoveRefused(Exception):
    """The message does not stand where that is possible: somebody, or the worker, was faster."""


def move(message: InboundMessage, target: InboundState) -> None:
    """Let the message stand elsewhere. Raises MoveRefused."""
    if target not in INBOUND_MOVES[message.state]:
        raise MoveRefused(message.state)
    message.state = target


def fingerprint(raw: bytes, reading: Reading) -> str:
    """Alike in two messages that are one mail, come by two ways: its Message-ID and sender, else what it says."""
    if reading.message_id:
        said = f"{reading.message_id}\n{reading.from_address.lower()}".encode()
    else:
        _head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
        said = f"{reading.from_address}\n{reading.subject}\n{reading.sent_at}\n".encode() + body
    return hashlib.sha256(said).hexdigest()


def came_before(message: InboundMessage) -> bool:
    """Whether the same mail has come in by another way, and was read."""
    known = sa.exists().where(
        InboundMessage.fingerprint == message.fingerprint,
        InboundMessage.id != message.id,
        InboundMessage.state.not_in((InboundState.WAITING, InboundState.SET_ASIDE, InboundState.DUPLICATE)),
    )
    return bool(db.session.scalar(sa.select(known)))


def place(message: InboundMessage, reading: Reading, contact_id: int, how: Match) -> None:
    """Bring a message to the contact it is from, as what it is. Raises MoveRefused."""
    move(message, InboundState.MATCHED)
    message.contact_id, message.matched_by = contact_id, how
    if message.kind is InboundKind.AUTOMATIC:
        subject = shorten(message.subject, SUMMARY_LENGTH, placeholder="…")
        add_events([Event(contact_id, _moment(message), EntryKind.AUTOMATIC_REPLY, _reference(message), subject)])
    else:
        _record(message, reading, contact_id)
    db.session.flush()


def _reference(message: InboundMessage) -> str:
    return f"{InboundMessage.__tablename__}:{message.id}"


def _moment(message: InboundMessage) -> datetime:
    """When it was written, as far as its date can be believed; never before the letter that it answers."""
    written, came = message.sent_at or message.received_at, message.received_at
    left = db.session.scalar(
        sa.select(OutgoingMessage.finished_at).where(OutgoingMessage.id == message.outgoing_message_id)
    )
    earliest = came - _UNDERWAY if left is None else max(came - _UNDERWAY, left + timedelta(seconds=1))
    return max(min(written, came), earliest)


def _record(message: InboundMessage, reading: Reading, contact_id: int) -> None:
    words = words_of(reading.message)
    writer = _one_of_us(message.from_address)
    campaign_id, team_id = thread_of(message.outgoing_message_id)
    what = What(
        InteractionKind.LETTER if writer else InteractionKind.REPLY,
        _moment(message),
        message.subject or shorten(words.new, SUMMARY_LENGTH, placeholder="…") or gettext("No subject"),
        [contact_id],
        user_ids=[writer] if writer else [],
        notes=words.new[:NOTES_LENGTH],
        campaign_id=campaign_id,
        team_id=team_id,
    )
    files = list(files_of(reading.message))
    kept = _kept(reading.message, team_id)
    happened = record_interaction(what, kept)
    db.session.add(
        Reply(interaction_id=happened.id, message_id=message.id, quoted=words.quoted, files_left=len(files) - len(kept))
    )


def _kept(message: Mail, team_id: int | None) -> list[Attachment]:
    """Files that came along and are of a kind that is kept; what is refused is in the whole message all the same."""
    kept = []
    for name, data in list(files_of(message))[:_MOST_FILES]:
        try:
            kept.append(store(FileStorage(stream=io.BytesIO(data), filename=name), team_id=team_id))
        except FileRefused as refused:
            logger.info("a file of a received message is not kept: %s", refused.reason)
    return kept


def _one_of_us(address: str) -> int | None:
    """The user with this address, who answered in a mail program and let a copy come here."""
    return db.session.scalar(sa.select(User.id).where(sa.func.lower(User.email) == address.lower()))


def take_off(message: InboundMessage) -> None:
    """Let it wait anew for somebody to say whose it is; off the timeline it stood on. Raises MoveRefused."""
    move(message, InboundState.UNMATCHED)
    message.contact_id = message.matched_by = None
    forget([_reference(message)])
    reply = reply_of(message.id)
    if reply is not None:
        withdraw_interaction(db.session.get_one(Interaction, reply.interaction_id))
        db.session.delete(reply)
    db.session.flush()


def reply_of(message_id: int) -> Reply | None:
    """What makes the message stand on a timeline, if it does."""
    return db.session.scalar(sa.select(Reply).where(Reply.message_id == message_id))


def follow_undone(changes: Sequence[Change]) -> None:
    """Let the state of messages follow their replies that came or went; called after the audit's undo."""
    touched = {
        values["message_id"]
        for change in changes
        if change.table_name == Reply.__tablename__
        for values in (change.before, change.after)
        if "message_id" in values
    }
    for message in db.session.scalars(sa.select(InboundMessage).where(InboundMessage.id.in_(touched))).all():
        contact_id = db.session.scalar(
            sa.select(InteractionContact.contact_id)
            .join(Reply, Reply.interaction_id == InteractionContact.interaction_id)
            .where(Reply.message_id == message.id)
            .order_by(InteractionContact.id)
            .limit(1)
        )
        message.contact_id = contact_id
        message.state = InboundState.MATCHED if contact_id else InboundState.UNMATCHED
        message.matched_by = Match.HAND if contact_id else None
    db.session.flush()
