"""Writes of inbound mail: a message is kept, worked on, set aside, taken up again, dismissed."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.exc import IntegrityError

from config import Settings
from crm import clock
from crm.attachments import storage
from crm.extensions import db
from crm.inbound.bounces import bring_back
from crm.inbound.folding import is_automatic, is_to_many
from crm.inbound.matching import Signed, contact_of, found_contact, referenced_letter, signed_letter
from crm.inbound.models import (
    ADDRESS_LENGTH,
    WORDS_LENGTH,
    Fault,
    InboundKind,
    InboundMessage,
    InboundState,
    Match,
    Source,
)
from crm.inbound.parsing import NoMail, Reading, clean, read
from crm.inbound.placing import MoveRefused, came_before, fingerprint, move, place, take_off
from crm.inbound.reports import Report, report_in
from crm.outbox.return_path import ForgedTag
from crm.unit_of_work import current_unit_of_work

WORK_ON_RECEIVED = "crm.inbound.jobs.work_on_received"
# Of a message over the limit, so much is kept: enough to see who wrote it, and what about.
BEGINNING = 256 * 1024
_MOST_ATTEMPTS = 3


@dataclass(frozen=True)
class Receipt:
    """The message's row, and whether it came in now; the same bytes handed in again are the same message."""

    id: int
    is_new: bool


def size_limit() -> int:
    """The most bytes a message may have to be worked on."""
    settings: Settings = current_app.extensions["settings"]
    return settings.inbound_limit * 1024 * 1024


def receive(
    raw: bytes, source: Source, *, recipient: str = "", size: int | None = None, received_at: datetime | None = None
) -> Receipt:
    """Keep a message, whatever is in it, and wake the worker; nothing of it is read yet.

    Of one that is too large, its beginning is enough where `size` says how large it is.
    """
    size = len(raw) if size is None else size
    too_large = size > size_limit()
    kept = raw[:BEGINNING] if too_large else raw
    sha256 = hashlib.sha256(kept).hexdigest()
    if known := _known(sha256):
        return Receipt(known, is_new=False)
    storage.keep(io.BytesIO(kept))
    message = InboundMessage(
        sha256=sha256,
        size=size,
        source=source,
        recipient=clean(recipient, ADDRESS_LENGTH),
        received_at=received_at or clock.now(),
        state=InboundState.SET_ASIDE if too_large else InboundState.WAITING,
        fault=Fault.TOO_LARGE if too_large else None,
    )
    try:
        with db.session.begin_nested():
            db.session.add(message)
    except IntegrityError:  # the same message came in by another door at this moment
        return Receipt(_known(sha256) or 0, is_new=False)
    if not too_large:
        current_unit_of_work().ring(WORK_ON_RECEIVED)
    return Receipt(message.id, is_new=True)


def _known(sha256: str) -> int | None:
    return db.session.scalar(sa.select(InboundMessage.id).where(InboundMessage.sha256 == sha256))


def _held(message_id: int) -> InboundMessage | None:
    return db.session.get(InboundMessage, message_id, with_for_update=True, populate_existing=True)


def begin(message_id: int) -> bool:
    """Note that somebody works on it; False where it does not wait, or has killed who worked on it too often."""
    message = _held(message_id)
    if message is None or message.state is not InboundState.WAITING:
        return False
    if message.attempts >= _MOST_ATTEMPTS:
        _set_aside(message, Fault.KILLED_WORKER)
        return False
    message.attempts += 1
    return True


def work_on(message_id: int) -> None:
    """Read a message that waits, and bring it where it belongs. Raises NotToldYet; what cannot be read, what it may."""
    message = _held(message_id)
    if message is None or message.state is not InboundState.WAITING:
        return
    raw = storage.path_of(message.sha256).read_bytes()
    try:
        reading = read(raw)
    except NoMail:
        _set_aside(message, Fault.NO_MAIL)
        return
    _note_headers(message, reading)
    message.fingerprint = fingerprint(raw, reading)
    if came_before(message):
        move(message, InboundState.DUPLICATE)
        return
    try:
        signed = signed_letter([message.recipient, *reading.delivered_to])
    except ForgedTag as forged:
        _set_aside(message, Fault.FORGED, str(forged))
        return
    report = report_in(reading.message, to_return_path=signed is not None and signed.to_return_path)
    if report:
        _bring_back(message, report, signed, reading)
    else:
        _bring_to_contact(message, signed, reading)


def _bring_back(message: InboundMessage, report: Report, signed: Signed | None, reading: Reading) -> None:
    """Put a delivery report on its letter."""
    message.kind = InboundKind.REPORT
    letter_id = signed.letter_id if signed else referenced_letter([*report.message_ids, *reading.references])
    message.outgoing_message_id = letter_id
    message.contact_id = contact_of(letter_id) if letter_id else None
    if letter_id:
        bring_back(letter_id, report.reported, f"inbound_message:{message.id}")
        move(message, InboundState.MATCHED)
    else:
        move(message, InboundState.UNMATCHED)


def _bring_to_contact(message: InboundMessage, signed: Signed | None, reading: Reading) -> None:
    """Put what somebody, or their program, wrote on their timeline."""
    message.kind = InboundKind.AUTOMATIC if is_automatic(reading.message) else InboundKind.OTHER
    referenced = referenced_letter(reading.references)
    message.outgoing_message_id = signed.letter_id if signed else referenced
    if message.outgoing_message_id is None and is_to_many(reading.message):
        move(message, InboundState.TO_MANY)
        return
    found = found_contact(signed.letter_id if signed else None, referenced, message.from_address)
    if found is None:
        move(message, InboundState.UNMATCHED)
    else:
        place(message, reading, *found)


def _note_headers(message: InboundMessage, reading: Reading) -> None:
    message.message_id_header = reading.message_id
    message.from_name, message.from_address = reading.from_name, reading.from_address
    message.subject, message.sent_at = reading.subject, reading.sent_at


def put_off(message_id: int) -> None:
    """Let a message wait for the next round: it is no fault of its own that it could not be worked on."""
    message = _held(message_id)
    if message is not None:
        message.attempts = 0


def set_aside(message_id: int, fault: Fault, words: str = "") -> None:
    """Let a message that waits wait for a person instead, who sees why."""
    message = _held(message_id)
    if message is not None and message.state is InboundState.WAITING:
        _set_aside(message, fault, words)


def _set_aside(message: InboundMessage, fault: Fault, words: str = "") -> None:
    move(message, InboundState.SET_ASIDE)
    message.fault, message.fault_words = fault, clean(words, WORDS_LENGTH)


def try_again(message: InboundMessage) -> None:
    """Work once more on a message that was set aside. Raises MoveRefused; one of which a part is missing stays."""
    if message.fault is Fault.TOO_LARGE:
        raise MoveRefused(message.state)
    move(message, InboundState.WAITING)
    message.fault, message.fault_words, message.attempts = None, "", 0
    current_unit_of_work().ring(WORK_ON_RECEIVED)


def dismiss(message: InboundMessage, user_id: int) -> None:
    """Note that the user saw there is nothing to be done about it. Raises MoveRefused."""
    move(message, InboundState.DISMISSED)
    message.settled_at, message.settled_by_id = clock.now(), user_id
    _put_on_record(message)


def _put_on_record(message: InboundMessage) -> None:
    """Its own row is not audited: who did what is summed up in the trail."""
    db.session.flush()
    current_unit_of_work().notes.setdefault(InboundMessage.__tablename__, {})[str(message.id)] = message.state.value


def assign(message: InboundMessage, contact_id: int) -> None:
    """Put a message on the timeline of the contact somebody says it is from. Raises MoveRefused."""
    place(message, read(storage.path_of(message.sha256).read_bytes()), contact_id, Match.HAND)
    if message.kind is InboundKind.AUTOMATIC:
        _put_on_record(message)


def take_up(message: InboundMessage) -> None:
    """Let what was dismissed, went to many, or was brought to the wrong contact, wait anew. Raises MoveRefused."""
    if message.state is InboundState.TO_MANY:
        # Somebody saw more in it than a program's work.
        message.kind = InboundKind.OTHER
    if message.state in (InboundState.DISMISSED, InboundState.TO_MANY):
        move(message, InboundState.UNMATCHED)
        message.settled_at = message.settled_by_id = None
        _put_on_record(message)
    else:
        take_off(message)
        if message.kind is InboundKind.AUTOMATIC:
            _put_on_record(message)
