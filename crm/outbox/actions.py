"""Writes of the outbox: batches opened, filled, released, paused, cancelled; addresses suppressed; doubts settled."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from flask import current_app

from crm import clock
from crm.database import among
from crm.extensions import db
from crm.outbox.addresses import address_hash, key_id
from crm.outbox.crowds import find_crowds
from crm.outbox.models import (
    BATCH_MOVES,
    WAITING,
    Batch,
    BatchState,
    Enclosure,
    MessageState,
    OutgoingMessage,
    Priority,
    Suppression,
    SuppressionReason,
    movable,
)
from crm.outbox.queries import CHUNK
from crm.outbox.reasons import Reason
from crm.outbox.results import Result, announce
from crm.outbox.safe_header import mailbox, safe_header
from crm.outbox.tallies import add, lock, note_decision
from crm.outbox.waiting import forgive_lateness
from crm.unit_of_work import current_unit_of_work

SEND_WAITING = "crm.outbox.jobs.send_waiting"
_ANNOUNCED_AT_ONCE = 1000
# Of the one batch for letters that somebody waits for.
STANDING_KIND = "transactional"


class BatchRefused(Exception):
    """The batch is not in a state that allows it; `state` is the one it is in."""

    def __init__(self, state: BatchState) -> None:
        super().__init__(f"the batch is {state}")
        self.state = state


class NotHeld(Exception):
    """The letter is not held any more: somebody or something has decided already."""


@dataclass(frozen=True)
class Draft:
    """A letter to post. `reference` names it within its batch; `sender` and `reply_to` are `Name <local@domain>`.

    One-click unsubscribe (RFC 8058) adds the headers that let a mail program suppress the address; `footer` then stands
    below the letter, with the same link. `answering` are the Message-IDs of the mails it answers, the nearest last, by
    which mail programs put it below them. It leaves at `not_before` or later; where it could not until `late_after`,
    its batch is paused and waits for a person.
    """

    reference: str
    to_address: str
    to_name: str
    subject: str
    text: str
    html: str | None = None
    sender: str | None = None
    reply_to: str | None = None
    one_click_unsubscribe: bool = False
    footer: str | None = None
    answering: Sequence[str] = ()
    not_before: datetime | None = None
    late_after: datetime | None = None


@dataclass(frozen=True)
class File:
    """A file to go with the letters of a batch; `key` is what the keeper of files knows its bytes by."""

    key: str
    name: str
    media_type: str
    size: int


def open_batch(kind: str, reference: str, *, priority: Priority = Priority.BULK) -> Batch:
    """The batch of that kind and reference, made unreleased where there is none yet."""
    found = db.session.scalar(sa.select(Batch).where(Batch.kind == kind, Batch.reference == reference))
    if found is not None:
        return found
    batch = Batch(kind=kind, reference=reference, priority=priority)
    db.session.add(batch)
    db.session.flush()
    return batch


def enclose(batch_id: int, files: Sequence[File]) -> None:
    """Let files go with every letter of an unreleased batch, in place of those that did."""
    db.session.execute(sa.delete(Enclosure).where(Enclosure.batch_id == batch_id))
    db.session.add_all(Enclosure(batch_id=batch_id, **asdict(file)) for file in files)
    db.session.flush()


def _row(batch_id: int, draft: Draft) -> dict[str, object]:
    sender = safe_header(draft.sender) if draft.sender else None
    _name, address = mailbox(sender or str(current_app.config["MAIL_DEFAULT_SENDER"]))
    if draft.reply_to:
        mailbox(draft.reply_to)
    return {
        "batch_id": batch_id,
        "reference": draft.reference,
        "to_address": draft.to_address.strip()[:320],
        "to_name": safe_header(draft.to_name)[:300],
        "subject": safe_header(draft.subject)[:900],
        "text": draft.text,
        "html": draft.html,
        "sender": sender,
        "reply_to": safe_header(draft.reply_to) if draft.reply_to else None,
        "one_click_unsubscribe": draft.one_click_unsubscribe,
        "footer": draft.footer,
        "answering": " ".join(draft.answering) or None,
        "next_attempt_at": draft.not_before or clock.now(),
        "late_after": draft.late_after,
        # Made once, so that a letter a person sends again is known to be the same one. It begins with the time: at
        # random, each of many letters would land on another page of its index.
        "message_id_header": f"<{time.time_ns():016x}.{secrets.token_hex(12)}@{address.rpartition('@')[2]}>",
    }


def _known(batch_id: int, references: Sequence[str]) -> dict[str, int]:
    known: dict[str, int] = {}
    for start in range(0, len(references), CHUNK):
        statement = sa.select(OutgoingMessage.reference, OutgoingMessage.id).where(
            OutgoingMessage.batch_id == batch_id, OutgoingMessage.reference.in_(references[start : start + CHUNK])
        )
        known.update((reference, message_id) for reference, message_id in db.session.execute(statement))
    return known


def post(batch_id: int, drafts: Sequence[Draft]) -> dict[str, int]:
    """Put letters into the batch and return their ids by reference; one that is there already stays as it was.

    A suppressed or malformed recipient is taken too, and ends cancelled or failed with its reason instead of sent.
    Raises BatchRefused for a cancelled batch, BadAddress for a malformed sender or Reply-To.
    """
    state = db.session.scalar(sa.select(Batch.state).where(Batch.id == batch_id))
    if state is None or state is BatchState.CANCELLED:
        raise BatchRefused(BatchState.CANCELLED)
    references = [draft.reference for draft in drafts]
    known = _known(batch_id, references)
    missing = {draft.reference: draft for draft in drafts if draft.reference not in known}
    if missing:
        db.session.execute(sa.insert(OutgoingMessage), [_row(batch_id, draft) for draft in missing.values()])
        add(batch_id, posted=len(missing))
        known |= _known(batch_id, list(missing))
    if state is BatchState.RUNNING:
        current_unit_of_work().ring(SEND_WAITING)
    return known


def post_now(draft: Draft) -> int:
    """Post one letter that somebody waits for, before all others, and return its id."""
    batch = open_batch(STANDING_KIND, "standing", priority=Priority.TRANSACTIONAL)
    if batch.state is BatchState.UNRELEASED:
        release(batch.id)
    return post(batch.id, [draft])[draft.reference]


def _move(batch_id: int, target: BatchState, sources: Collection[BatchState] = tuple(BatchState)) -> None:
    """Change a batch's state, from one of `sources`, by one guarded UPDATE; repeating the same change is allowed."""
    sources = [state for state in sources if target in BATCH_MOVES[state]]
    values: dict[str, object] = {"state": target, "paused_for": None, "paused_with": {}}
    if target is BatchState.RUNNING:
        # A person has looked: what failed until now counts against it no more.
        values |= {"released_at": sa.func.coalesce(Batch.released_at, clock.now()), "recent": ""}
    moved = db.session.execute(
        sa.update(Batch).where(Batch.id == batch_id, Batch.state.in_(sources)).values(values).returning(Batch.id)
    ).all()
    if not moved:
        state = db.session.scalar(sa.select(Batch.state).where(Batch.id == batch_id))
        if state is not target:
            raise BatchRefused(state or BatchState.CANCELLED)
        return
    current_unit_of_work().notes.setdefault("outbox_batch", {})[str(batch_id)] = target.value


def release(batch_id: int) -> None:
    """Let the batch's letters leave. Raises BatchRefused for one that is paused or cancelled."""
    _move(batch_id, BatchState.RUNNING, {BatchState.UNRELEASED})
    find_crowds(batch_id)
    current_unit_of_work().ring(SEND_WAITING)


def pause(batch_id: int) -> None:
    """Stop the batch after the letter in the air. Raises BatchRefused for one that is not running."""
    _move(batch_id, BatchState.PAUSED)


def resume(batch_id: int) -> None:
    """Let a paused batch go on. Raises BatchRefused for one that was never released, or is cancelled."""
    _move(batch_id, BatchState.RUNNING, {BatchState.PAUSED})
    forgive_lateness(batch_id)
    current_unit_of_work().ring(SEND_WAITING)


def cancel(batch_id: int) -> int:
    """Stop the batch for good and return how many letters are cancelled now; what is in the air ends as it ends.

    Raises BatchRefused for the standing batch of transactional mail: without it nobody could reset a password again.
    """
    if db.session.scalar(sa.select(Batch.priority).where(Batch.id == batch_id)) is Priority.TRANSACTIONAL:
        raise BatchRefused(BatchState.RUNNING)
    _move(batch_id, BatchState.CANCELLED)
    statement = (
        sa.update(OutgoingMessage)
        .where(
            OutgoingMessage.batch_id == batch_id,
            OutgoingMessage.state.in_(movable(WAITING, MessageState.CANCELLED)),
        )
        .values(
            state=MessageState.CANCELLED,
            next_attempt_at=None,
            reason=Reason.BATCH_CANCELLED,
            finished_at=clock.now(),
        )
        .returning(OutgoingMessage.id)
    )
    ids = sorted(db.session.scalars(statement))
    add(batch_id, cancelled=len(ids))
    announce_states(ids)
    return len(ids)


def announce_states(ids: Sequence[int]) -> None:
    """Tell the letters' present states, in portions a handler can take."""
    for start in range(0, len(ids), _ANNOUNCED_AT_ONCE):
        announce(results_of(ids[start : start + _ANNOUNCED_AT_ONCE]))


def results_of(ids: Sequence[int]) -> list[Result]:
    """The present states of at most 1,000 letters as results."""
    if not ids:
        return []
    statement = (
        sa.select(
            OutgoingMessage.id,
            OutgoingMessage.batch_id,
            Batch.kind,
            OutgoingMessage.reference,
            OutgoingMessage.state,
            OutgoingMessage.reply_text,
        )
        .join(Batch, Batch.id == OutgoingMessage.batch_id)
        .where(among(OutgoingMessage.id, ids))
        .order_by(OutgoingMessage.id)
    )
    at = clock.now()
    return [
        Result(message_id, batch_id, kind, reference, state, at, reply or "")
        for message_id, batch_id, kind, reference, state, reply in db.session.execute(statement)
    ]


def suppress(address: str, reason: SuppressionReason, *, source: str = "") -> bool:
    """Never write to the address again; False where that was so already. `source` says where it came from."""
    return suppress_hash(address_hash(address), reason, source=source)


def suppress_hash(hashed: str, reason: SuppressionReason, *, source: str = "") -> bool:
    """The same, for an address of which only the keyed hash is left."""
    if db.session.scalar(sa.select(sa.exists().where(Suppression.address_hash == hashed))):
        return False
    db.session.add(Suppression(address_hash=hashed, key_id=key_id(), reason=reason, source=source))
    db.session.flush()
    return True


class Decision(StrEnum):
    """What a person says about a held letter."""

    ARRIVED = "arrived"
    SEND_AGAIN = "send_again"
    GIVE_UP = "give_up"


_DECIDED = {
    Decision.ARRIVED: (MessageState.SENT, Reason.SAID_ARRIVED),
    Decision.SEND_AGAIN: (MessageState.QUEUED, Reason.SAID_SEND_AGAIN),
    Decision.GIVE_UP: (MessageState.FAILED, Reason.SAID_GIVE_UP),
}


def resolve_held(message_id: int, decision: Decision) -> None:
    """Settle a letter of unknown outcome as a person decides.

    Raises NotHeld where it was settled meanwhile, BatchRefused where it is to be sent again and its batch is cancelled.
    """
    state, reason = _DECIDED[decision]
    work = current_unit_of_work()
    again = state is MessageState.QUEUED
    # The person starts it anew: the days it was held do not count as days of trying.
    anew: dict[str, object] = {"attempts": 0, "first_deferred_at": None, "late_after": None} if again else {}
    batch_id = db.session.scalar(sa.select(OutgoingMessage.batch_id).where(OutgoingMessage.id == message_id)) or 0
    # The lock keeps it from being cancelled meanwhile.
    if lock(batch_id) is BatchState.CANCELLED and again:
        raise BatchRefused(BatchState.CANCELLED)
    moved = db.session.scalar(
        sa.update(OutgoingMessage)
        .where(OutgoingMessage.id == message_id, OutgoingMessage.state.in_(movable({MessageState.HELD}, state)))
        .values(
            state=state,
            reason=reason,
            lease_token=None,
            next_attempt_at=clock.now() if again else None,
            finished_at=None if again else clock.now(),
            **anew,
        )
        .returning(OutgoingMessage.id)
    )
    if moved is None:
        raise NotHeld(message_id)
    note_decision(batch_id, state, reason)
    work.notes.setdefault("held_letters", {})[str(message_id)] = decision.value
    if again:
        work.ring(SEND_WAITING)
    announce(results_of([message_id]))


def resolve_many(message_ids: Collection[int], decision: Decision) -> int:
    """Settle each of them that can be; how many could. Batch by batch, as whoever moves letters locks them."""
    found = sa.select(OutgoingMessage.id).where(OutgoingMessage.id.in_(message_ids))
    settled = 0
    for message_id in db.session.scalars(found.order_by(OutgoingMessage.batch_id, OutgoingMessage.id)).all():
        try:
            resolve_held(message_id, decision)
        except (NotHeld, BatchRefused):
            continue
        settled += 1
    return settled
