"""Writes of the inbox: what a reader asks for holds at once, and one of us is told; who has seen to it."""

from __future__ import annotations

import sqlalchemy as sa

from crm import clock
from crm.directory.models import ContactPoint, PointKind, Restriction
from crm.extensions import db
from crm.inbox.models import MOST_WORDS, ReaderRequest, RequestKind
from crm.inbox.notices import tell_owner
from crm.inbox.queries import LetterBehind, Standing, letter_behind, standing_of
from crm.outbox.actions import suppress, suppress_hash
from crm.outbox.addresses import address_hash
from crm.outbox.models import OutgoingMessage, Suppression, SuppressionReason
from crm.outbox.unsubscribing import Unsubscription
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind

_ENTRIES = {
    RequestKind.NO_LETTERS: EntryKind.LETTERS_REFUSED,
    RequestKind.OBJECTION: EntryKind.OBJECTED,
    RequestKind.CORRECTION: EntryKind.CORRECTION_ASKED,
}
# What a reader can take back by the link; an address that bounces, or that one of us has blocked, stays blocked.
_OWN = (SuppressionReason.UNSUBSCRIBED, SuppressionReason.OBJECTION)


class RequestSettled(Exception):
    """Somebody has seen to it already."""


class LinkTooOld(Exception):
    """The letter of the link was erased, or is too old: its link only ends letters any more."""


def _hold(link: Unsubscription) -> None:
    """Let two presses of one button come one after the other."""
    held = sa.select(OutgoingMessage.id).where(OutgoingMessage.id == link.message_id).with_for_update()
    db.session.scalar(held)


def _source(link: Unsubscription) -> str:
    return f"outgoing_message:{link.message_id}"


def _receive(kind: RequestKind, letter: LetterBehind, language: str, words: str = "") -> None:
    request = ReaderRequest(
        kind=kind,
        contact_id=letter.contact_id,
        letter_id=letter.letter_id,
        owner_id=letter.owner_id,
        language=language,
        words=words,
    )
    db.session.add(request)
    db.session.flush()
    reference = f"reader_request:{request.id}"
    add_events([Event(letter.contact_id, clock.now(), _ENTRIES[kind], reference, letter.campaign, {"words": words})])
    tell_owner(request, letter)


def _waiting(letter: LetterBehind, *kinds: RequestKind) -> list[ReaderRequest]:
    return list(
        db.session.scalars(
            sa.select(ReaderRequest).where(
                ReaderRequest.contact_id == letter.contact_id,
                ReaderRequest.kind.in_(kinds),
                ReaderRequest.settled_at.is_(None),
            )
        )
    )


def end_letters(link: Unsubscription, language: str) -> None:
    """Never write to the address of the link again; pressed twice it is the same."""
    _hold(link)
    if not suppress_hash(link.address_hash, SuppressionReason.UNSUBSCRIBED, source=_source(link)):
        return
    letter = letter_behind(link)
    if letter is not None:
        _receive(RequestKind.NO_LETTERS, letter, language)


def object_to_use(link: Unsubscription, language: str) -> None:
    """Use the data of the link's reader no more: no letter to any address of theirs alone, no mailing plans them.

    Raises LinkTooOld.
    """
    _hold(link)
    letter = letter_behind(link)
    if letter is None:
        raise LinkTooOld
    if standing_of(link, letter) is Standing.OBJECTED:
        return
    source = _source(link)
    if not suppress_hash(link.address_hash, SuppressionReason.OBJECTION, source=source):
        db.session.execute(
            sa.update(Suppression)
            .where(Suppression.address_hash == link.address_hash, Suppression.reason == SuppressionReason.UNSUBSCRIBED)
            .values(reason=SuppressionReason.OBJECTION)
        )
    # What waits in the outbox for another address of theirs does not leave either.
    for address in _own_addresses(letter.contact_id):
        suppress(address, SuppressionReason.OBJECTION, source=source)
    db.session.add(Restriction(contact_id=letter.contact_id, source=source))
    _receive(RequestKind.OBJECTION, letter, language)


def _own_addresses(contact_id: int) -> list[str]:
    """The contact's addresses that nobody else is reached by."""
    other = sa.orm.aliased(ContactPoint)
    shared = sa.exists().where(
        other.kind == PointKind.EMAIL, other.value == ContactPoint.value, other.contact_id != contact_id
    )
    return list(
        db.session.scalars(
            sa.select(ContactPoint.value).where(
                ContactPoint.contact_id == contact_id, ContactPoint.kind == PointKind.EMAIL, ~shared
            )
        )
    )


def allow_letters(link: Unsubscription) -> None:
    """Take back what the reader asked for by a link, the way they asked for it themselves. Raises LinkTooOld."""
    _hold(link)
    letter = letter_behind(link)
    if letter is None:
        raise LinkTooOld
    if standing_of(link, letter) is Standing.WRITTEN_TO:
        return
    own = {link.address_hash, *(address_hash(address) for address in _own_addresses(letter.contact_id))}
    db.session.execute(sa.delete(Suppression).where(Suppression.address_hash.in_(own), Suppression.reason.in_(_OWN)))
    for restriction in db.session.scalars(sa.select(Restriction).where(Restriction.contact_id == letter.contact_id)):
        db.session.delete(restriction)
    now = clock.now()
    for request in _waiting(letter, RequestKind.NO_LETTERS, RequestKind.OBJECTION):
        request.taken_back_at = now
        request.settled_at = now
    db.session.flush()
    event = Event(letter.contact_id, now, EntryKind.LETTERS_WANTED_AGAIN, f"letter:{letter.letter_id}", letter.campaign)
    add_events([event])
    tell_owner(None, letter)


def ask_for_correction(link: Unsubscription, words: str, language: str) -> None:
    """Keep what a reader says is wrong, until one of us has corrected it; the same words sent twice are kept once.

    Raises LinkTooOld.
    """
    _hold(link)
    letter = letter_behind(link)
    if letter is None:
        raise LinkTooOld
    words = words[:MOST_WORDS]
    if all(request.words != words for request in _waiting(letter, RequestKind.CORRECTION)):
        _receive(RequestKind.CORRECTION, letter, language, words)


def settle(request_id: int, user_id: int) -> ReaderRequest | None:
    """Note that the user has seen to a request; None where there is no such request. Raises RequestSettled."""
    request = db.session.get(ReaderRequest, request_id)
    if request is None:
        return None
    if request.settled_at is not None:
        raise RequestSettled
    request.settled_at = clock.now()
    request.settled_by_id = user_id
    db.session.flush()
    return request
