"""Reads of the inbox: the letter behind a link, what its reader is told, and what waits for one of us."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from flask import current_app

from config import Settings
from crm import clock
from crm.accounts.models import Team, User
from crm.coalition.queries import is_told_of_anybody
from crm.directory.models import Contact, ContactPoint, ContactSource, Membership, PointKind, Restriction
from crm.extensions import db
from crm.inbox.models import ReaderRequest
from crm.letters.models import Letter, Mailing
from crm.outbox.addresses import address_hash
from crm.outbox.models import OutgoingMessage, Suppression, SuppressionReason
from crm.outbox.unsubscribing import Unsubscription
from crm.pipeline.models import Campaign, Target
from crm.treaties.models import Treaty

# A link forwarded with a letter of long ago must not speak for its reader in all things for ever.
LINK_LIVES = timedelta(days=365)
_SOURCES_SHOWN = 8


class Standing(StrEnum):
    """Whether the address of a link may be written to, as far as its reader decides."""

    WRITTEN_TO = "written_to"
    NO_LETTERS = "no_letters"
    OBJECTED = "objected"


@dataclass(frozen=True)
class LetterBehind:
    """The letter a link came in, as far as its reader is told of it, and who of us looks after them."""

    letter_id: int
    contact_id: int
    contact: str
    language: str
    address: str
    sender: str
    write_to: str
    treaty: str
    team: str
    campaign: str
    owner_id: int


def letter_behind(link: Unsubscription) -> LetterBehind | None:
    """The letter of a link; None where it was erased, or is so old that its link only ends letters any more."""
    row = db.session.execute(
        sa.select(
            Letter.id,
            Letter.contact_id,
            Contact.name,
            Letter.language,
            OutgoingMessage.to_address,
            Mailing.sender_name,
            Mailing.reply_to,
            Treaty.name.label("treaty"),
            Team.name.label("team"),
            Campaign.name.label("campaign"),
            sa.func.coalesce(Target.owner_id, Mailing.planned_by_id).label("owner_id"),
        )
        .select_from(OutgoingMessage)
        .join(Letter, Letter.message_id == OutgoingMessage.id)
        .join(Contact, Contact.id == Letter.contact_id)
        .join(Mailing, Mailing.id == Letter.mailing_id)
        .join(Target, Target.id == Letter.target_id)
        .join(Campaign, Campaign.id == Mailing.campaign_id)
        .join(Treaty, Treaty.id == Campaign.treaty_id)
        .join(Team, Team.id == Campaign.team_id)
        .where(
            OutgoingMessage.id == link.message_id,
            sa.func.coalesce(OutgoingMessage.finished_at, OutgoingMessage.created_at) > clock.now() - LINK_LIVES,
        )
    ).one_or_none()
    # A number may be somebody else's letter by now (a restored copy, a cleared demo): the address has the last word.
    return LetterBehind(*row) if row and address_hash(row.to_address) == link.address_hash else None


def standing_of(link: Unsubscription, letter: LetterBehind | None) -> Standing:
    """What the reader of a link has asked for so far."""
    if letter and db.session.scalar(sa.select(Restriction.id).where(Restriction.contact_id == letter.contact_id)):
        return Standing.OBJECTED
    reason = db.session.scalar(sa.select(Suppression.reason).where(Suppression.address_hash == link.address_hash))
    if reason is None:
        return Standing.WRITTEN_TO
    return Standing.OBJECTED if reason is SuppressionReason.OBJECTION else Standing.NO_LETTERS


def sources_of(contact_id: int) -> Sequence[str]:
    """Where what we hold of a contact was read, by name: rosters, registers, pages."""
    named = sa.union(
        sa.select(ContactSource.label.label("source")).where(ContactSource.contact_id == contact_id),
        sa.select(ContactPoint.source).where(ContactPoint.contact_id == contact_id),
        sa.select(Membership.source).where(Membership.person_id == contact_id),
    ).subquery()
    found = sa.select(named.c.source).where(named.c.source != "").order_by(named.c.source).limit(_SOURCES_SHOWN)
    return db.session.scalars(found).all()


def controller(team: str) -> str:
    """Who is responsible for the data: as the settings say, else the team that sent the letter."""
    settings: Settings = current_app.extensions["settings"]
    return settings.controller or team


def address_for_questions(letter: LetterBehind | None) -> str:
    """Where readers may write: where answers to the letter go, else the product's own address."""
    return letter.write_to if letter else parseaddr(current_app.config["MAIL_DEFAULT_SENDER"])[1]


@dataclass(frozen=True)
class Stop:
    """Why no letter is sent to an address, since when, and what one of us said of it."""

    reason: SuppressionReason
    at: datetime
    note: str


@dataclass(frozen=True)
class Asked:
    """What a contact asked for by the links of letters: when they objected, if so, and what nobody has seen to yet.

    `not_written_to` are those of their addresses no letter is sent to, whoever decided it: `reason`, `at`, `note`.
    `partners_tell`: it is worth asking whether a partner of the coalition wrote to them.
    """

    restricted_since: datetime | None
    requests: Sequence[sa.Row[*tuple[Any, ...]]]
    not_written_to: Mapping[str, Stop]
    partners_tell: bool


def asked_by(contact_id: int, points: Iterable[Any]) -> Asked:
    """What a contact with these contact points asked for, the newest first, in one query."""
    by_hash = {address_hash(point.value): point.value for point in points if point.kind is PointKind.EMAIL}
    rows = db.session.execute(
        sa.select(
            Restriction.at.label("restricted_since"),
            ReaderRequest.id,
            ReaderRequest.kind,
            ReaderRequest.words,
            ReaderRequest.language,
            ReaderRequest.at,
            ReaderRequest.taken_back_at,
            User.name.label("owner"),
            Suppression.address_hash,
            Suppression.reason,
            Suppression.at.label("stopped_at"),
            Suppression.note,
            is_told_of_anybody().label("partners_tell"),
        )
        .select_from(Contact)
        .outerjoin(Restriction, Restriction.contact_id == Contact.id)
        .outerjoin(ReaderRequest, sa.and_(ReaderRequest.contact_id == Contact.id, ReaderRequest.settled_at.is_(None)))
        .outerjoin(User, User.id == ReaderRequest.owner_id)
        .outerjoin(Suppression, Suppression.address_hash.in_(by_hash))
        .where(Contact.id == contact_id)
        .order_by(ReaderRequest.at.desc(), ReaderRequest.id.desc())
    ).all()
    # A request stands in as many rows as addresses of theirs are stopped.
    requests = {row.id: row for row in rows if row.id is not None}
    stopped = {
        by_hash[row.address_hash]: Stop(row.reason, row.stopped_at, row.note)
        for row in rows
        if row.address_hash is not None
    }
    if not rows:
        return Asked(None, (), {}, partners_tell=False)
    return Asked(rows[0].restricted_since, list(requests.values()), stopped, rows[0].partners_tell)
