"""Delivery reports on letters that the server had taken: noted on the letter, and an address given up for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from flask import current_app

from config import Settings
from crm import clock
from crm.extensions import db
from crm.outbox.actions import Decision, resolve_held, suppress_hash
from crm.outbox.addresses import address_hash
from crm.outbox.leases import pause_for
from crm.outbox.models import (
    IN_FLIGHT,
    Bounce,
    BounceKind,
    MessageState,
    OutgoingMessage,
    PauseReason,
    Suppression,
    SuppressionReason,
)
from crm.outbox.reasons import Reason
from crm.outbox.tallies import lock, note_return

_GRAVITY = list(BounceKind)


class NotToldYet(Exception):
    """The letter is still in its sender's hands, or those who listen have not heard that it was sent: wait a little."""


@dataclass(frozen=True)
class Reported:
    """What a report says: `status` is RFC 3463's (empty where it names none), `words` the reporting server's own."""

    kind: BounceKind
    status: str = ""
    code: int | None = None
    words: str = ""


@dataclass(frozen=True)
class Noted:
    """What follows from a report: whether the letter came back (told once), and whether its address is given up now."""

    address: str
    came_back: bool
    given_up: bool


def note_bounce(message_id: int, reported: Reported, source: str) -> Noted:
    """Put a report on record. Raises NotToldYet.

    Only letters of mailings make an address one that must not be written to: one of our own people whose mailbox was
    full would wait for a password link in vain. `source` names the report, in the suppression. A mailing of which too
    many letters come back pauses itself, while some of them wait.
    """
    batch_id = db.session.scalars(sa.select(OutgoingMessage.batch_id).where(OutgoingMessage.id == message_id)).one()
    # The batch before its letters, as everybody locks them.
    lock(batch_id)
    letter = db.session.execute(
        sa.select(
            OutgoingMessage.state,
            OutgoingMessage.to_address,
            OutgoingMessage.one_click_unsubscribe,
            OutgoingMessage.reason,
        ).where(OutgoingMessage.id == message_id)
    ).one()
    if letter.state in IN_FLIGHT:
        raise NotToldYet(message_id)
    if letter.state is MessageState.HELD:
        # The report is the proof that the server took it.
        resolve_held(message_id, Decision.ARRIVED)
    kind = _keep(message_id, letter.to_address, reported)
    came_back = False
    if kind is not BounceKind.DELAYED:
        came_back = letter.reason is not Reason.BOUNCED and _mark(message_id, reported)
    if came_back and (errors := note_return(batch_id, message_id)):
        pause_for(batch_id, PauseReason.ERRORS, errors)
    given_up = letter.one_click_unsubscribe and _give_up(letter.to_address, kind, source)
    return Noted(letter.to_address, came_back, given_up)


def _keep(message_id: int, address: str, reported: Reported) -> BounceKind:
    """Keep the gravest of a letter's reports; returns its kind."""
    known = db.session.scalar(sa.select(Bounce).where(Bounce.message_id == message_id).with_for_update())
    if known is None:
        known = Bounce(message_id=message_id, address_hash=address_hash(address), kind=reported.kind)
        db.session.add(known)
    elif _GRAVITY.index(reported.kind) < _GRAVITY.index(known.kind):
        return known.kind
    known.kind, known.status, known.words, known.at = reported.kind, reported.status, reported.words, clock.now()
    db.session.flush()
    return known.kind


def _mark(message_id: int, reported: Reported) -> bool:
    """Say on the letter that it came back: it stays among the sent ones, with the words of whoever sent it back."""
    marked = db.session.execute(
        sa.update(OutgoingMessage)
        .where(OutgoingMessage.id == message_id, OutgoingMessage.state == MessageState.SENT)
        .values(reason=Reason.BOUNCED, reply_code=reported.code, reply_text=reported.words)
        .returning(OutgoingMessage.id)
    )
    return marked.first() is not None


def _give_up(address: str, kind: BounceKind, source: str) -> bool:
    """Never write again to an address that does not exist, or that has sent back too many letters in a row of days."""
    hashed = address_hash(address)
    if kind is BounceKind.DELAYED or (kind is BounceKind.SOFT and _lately(hashed) < _settings().soft_bounces):
        return False
    return suppress_hash(hashed, SuppressionReason.HARD_BOUNCE, source=source)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _lately(hashed: str) -> int:
    since = clock.now() - timedelta(days=_settings().soft_bounce_days)
    counted = sa.select(sa.func.count()).where(
        Bounce.address_hash == hashed, Bounce.at >= since, Bounce.kind != BounceKind.DELAYED
    )
    return db.session.scalar(counted) or 0


def trust_again(address: str) -> None:
    """A person says that the address works: what came back from it counts no more; other refusals stay."""
    hashed = address_hash(address)
    db.session.execute(sa.update(Bounce).where(Bounce.address_hash == hashed).values(address_hash=""))
    db.session.execute(
        sa.delete(Suppression).where(
            Suppression.address_hash == hashed, Suppression.reason == SuppressionReason.HARD_BOUNCE
        )
    )
