"""What became of the demo's letters of three weeks ago, and what happens in real life: turnover, twins, requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

from crm import clock
from crm.demo.campaign import office_hours
from crm.demo.directory import SOURCE, TERM, Contact, group_of
from crm.directory.actions import add_membership, add_point, change_membership, create_person, set_point_status
from crm.directory.models import Category, ContactPoint, Membership, Organization, PointKind, PointStatus
from crm.directory.projection import projected_together
from crm.extensions import db
from crm.history.actions import What, record_interaction
from crm.history.models import InteractionKind
from crm.inbox.actions import ask_for_correction, end_letters
from crm.letters.models import Letter, Mailing
from crm.outbox.actions import results_of
from crm.outbox.addresses import address_hash
from crm.outbox.models import MessageState, OutgoingMessage
from crm.outbox.reasons import Reason
from crm.outbox.results import announce
from crm.outbox.tallies import recount
from crm.outbox.unsubscribing import Unsubscription
from crm.pipeline.models import Campaign
from crm.suppressions.actions import suppress_all

_LEFT_DAYS_AGO, _CAME_DAYS_AGO = 11, 9
# By the place of the letter in its mailing: what the server said. All others arrived.
_REFUSED = {
    1: (Reason.RECIPIENT_REFUSED, 550, "5.1.1 User unknown in virtual mailbox table"),
    6: (Reason.RECIPIENT_REFUSED, 552, "5.2.2 Mailbox full, try again later"),
}
_HELD = 4
# Who answered, how many days after it was sent, and in which words.
_ANSWERS = (
    (0, 2, "Replied: would sign, wants to read the wording of the question first"),
    (2, 4, "Replied: asks who else has been written to"),
    (7, 1, "Replied by the office: the letter has been passed on"),
)
_CORRECTION = (3, "en", "I left the committee in spring. My address is still the same.")
_NO_LETTERS = (8, "en")


def mend_directory(contacts: Sequence[Contact], officer_id: int) -> None:
    """Before the mailings are planned: one address went out of use, one may not be written to, one is noted twice."""
    by_name = {contact.person.family_name: contact.person for contact in contacts}
    point = sa.select(ContactPoint).where(ContactPoint.contact_id == by_name["Marchebois"].id)
    for lost in db.session.scalars(point.where(ContactPoint.kind == PointKind.EMAIL)).all():
        set_point_status(lost, PointStatus.RETIRED)
    blocked = by_name["Zilverberg"].email
    if blocked:
        suppress_all([blocked], (), user_id=officer_id, note="asked on the telephone")
    twin = create_person(given_name="Malgorzata", family_name="Wierzbillo", gender="female", country="PL")
    add_point(twin, PointKind.EMAIL, "m.wierzbillo@ladimorze.example", source="Conference list")
    add_membership(twin, _named("Ląd i Morze"), source="Conference list")


def _named(name: str) -> Organization:
    return db.session.scalars(sa.select(Organization).where(Organization.name == name)).one()


def change_of_office(contacts: Sequence[Contact]) -> None:
    """A member has left, and somebody of the same party has come: the targets wait to be handed over."""
    today = clock.today()
    left = next(contact for contact in contacts if contact.person.family_name == "Olivares Prado")
    with projected_together():
        seats = sa.select(Membership).join(Organization, Organization.id == Membership.organization_id)
        ended = seats.where(
            Membership.person_id == left.person.id,
            Organization.category.in_((Category.PARLIAMENT, Category.COMMITTEE)),
        )
        for membership in db.session.scalars(ended).all():
            change_membership(membership, end_date=today - timedelta(days=_LEFT_DAYS_AGO))
        came = create_person(given_name="Ainhoa", family_name="Lekuberri", gender="female", country="ES")
        add_point(came, PointKind.EMAIL, "ainhoa.lekuberri@europarl.example", source=SOURCE)
        begun = today - timedelta(days=_CAME_DAYS_AGO)
        add_membership(
            came,
            _named("European Parliament (rehearsal)"),
            on_behalf_of=group_of(left.row),
            country="ES",
            term=TERM,
            start_date=begun,
            source=SOURCE,
        )
        add_membership(came, _named(left.row["party"]), source=SOURCE)


def deliver(mailing: Mailing) -> None:
    """Bring the letters of a released mailing to where they would be by now, as the sender does."""
    ids = db.session.scalars(
        sa.select(OutgoingMessage.id).where(OutgoingMessage.batch_id == mailing.batch_id).order_by(OutgoingMessage.id)
    ).all()
    now = clock.now()
    for place, message_id in enumerate(ids):
        reason, code, words = _REFUSED.get(place, (None, 250, "2.0.0 Ok: queued"))
        state = MessageState.FAILED if reason else MessageState.HELD if place == _HELD else MessageState.SENT
        held = state is MessageState.HELD
        db.session.execute(
            sa.update(OutgoingMessage)
            .where(OutgoingMessage.id == message_id)
            .values(
                state=state,
                reason=Reason.NO_ANSWER if held else reason,
                reply_code=None if held else code,
                reply_text="" if held else words,
                attempts=1,
                next_attempt_at=None,
                handed_over_at=now if held else None,
                finished_at=now + timedelta(seconds=place),
            )
            .execution_options(synchronize_session=False)
        )
    db.session.expire_all()
    recount([mailing.batch_id or 0])
    announce(results_of(ids))


def answer(mailing: Mailing, campaign: Campaign) -> None:
    """What came back: answers that were logged, a correction, and somebody who wants no more letters."""
    sent_at = clock.now()
    letters = db.session.execute(
        sa.select(Letter.contact_id, Letter.message_id, OutgoingMessage.to_address)
        .join(OutgoingMessage, OutgoingMessage.id == Letter.message_id)
        .where(Letter.mailing_id == mailing.id)
        .order_by(OutgoingMessage.id)
    ).all()
    for place, days, words in _ANSWERS:
        at = sent_at + timedelta(days=days, hours=place)
        with clock.pretend(at):
            record_interaction(What(InteractionKind.REPLY, at, words, [letters[place].contact_id], [], "", campaign.id))
    for (place, language), words in ((_CORRECTION[:2], _CORRECTION[2]), (_NO_LETTERS, "")):
        letter = letters[place]
        link = Unsubscription(letter.message_id or 0, address_hash(letter.to_address))
        with clock.pretend(office_hours(clock.now() + timedelta(days=18), 0, place)):
            if words:
                ask_for_correction(link, words, language)
            else:
                end_letters(link, language)
