"""Reads of the coalition: what our feed says, and which partner wrote to whom."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from crm import clock
from crm.accounts.models import User
from crm.accounts.tokens import token_hash
from crm.coalition.keys import keys_of
from crm.coalition.models import REMEMBERED_DAYS, Feed, Fetching, Partner, PartnerLetter
from crm.directory.queries import restricted_among
from crm.extensions import db
from crm.pipeline.models import Campaign, Target
from crm.policy import visible_to
from crm.timeline.models import EntryKind, TimelineEntry

# What an office feels as having been approached.
APPROACHES = (EntryKind.LETTER_SENT, EntryKind.LETTER, EntryKind.CALL)
# The statement that asks for the keys of contacts names each of them.
_CHUNK = 1000
MOST_OFFICES = 20_000


@dataclass(frozen=True)
class Approached:
    """An office we wrote to or called: the day of the last time, and the campaign it is pursued in."""

    keys: Sequence[str]
    on: date
    campaign: str


def approached() -> list[Approached]:
    """Offices approached within the days that are remembered, the latest first, without what a team keeps to itself.

    Who objects to the use of their data is not among them, nor is anybody who goes by no key.
    """
    entry = TimelineEntry
    last = sa.func.max(entry.at).label("last")
    rows = db.session.execute(
        sa.select(entry.contact_id, last)
        .where(
            entry.at >= clock.now() - timedelta(days=REMEMBERED_DAYS),
            entry.kind.in_(APPROACHES),
            visible_to(entry.team_id, None),
        )
        .group_by(entry.contact_id)
        .order_by(last.desc(), entry.contact_id)
        .limit(MOST_OFFICES)
    ).all()
    found = []
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        ids = [row.contact_id for row in chunk]
        keys, objecting, campaigns = keys_of(ids), restricted_among(ids), _campaigns(ids)
        found += [
            Approached(keys[row.contact_id], row.last.date(), campaigns.get(row.contact_id, ""))
            for row in chunk
            if row.contact_id in keys and row.contact_id not in objecting
        ]
    return found


def _campaigns(contact_ids: Collection[int]) -> dict[int, str]:
    """The campaign each contact was reached in last."""
    rows = db.session.execute(
        sa.select(Target.contact_id, Campaign.name)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(Target.contact_id.in_(contact_ids), Target.last_contact_at.is_not(None))
        .order_by(Target.last_contact_at)
    )
    return {row.contact_id: row.name for row in rows}


def feed_of(token: str) -> Feed | None:
    """The feed that a token opens, unless it was revoked."""
    return db.session.scalar(sa.select(Feed).where(Feed.token_hash == token_hash(token), Feed.revoked_at.is_(None)))


@dataclass(frozen=True)
class PartnerWrote:
    """That a partner approached somebody on that day, in a campaign (empty where it does not say)."""

    partner: str
    on: date
    campaign: str


def is_told_of_anybody(days: int = REMEMBERED_DAYS) -> sa.ColumnElement[bool]:
    """Whether a partner approached anybody at all in the last days: mostly nobody listens to any."""
    return sa.exists().where(PartnerLetter.on >= clock.today() - timedelta(days=days))


def partners_wrote(contact_ids: Collection[int], days: int = REMEMBERED_DAYS) -> dict[int, PartnerWrote]:
    """Whom of these contacts a partner approached in the last days, and the last time; one query where nobody did."""
    if not contact_ids or not db.session.scalar(sa.select(is_told_of_anybody(days))):
        return {}
    since = clock.today() - timedelta(days=days)
    letter = PartnerLetter
    keys = keys_of(contact_ids)
    wanted = sorted({key for names in keys.values() for key in names})
    told: dict[str, PartnerWrote] = {}
    for start in range(0, len(wanted), _CHUNK):
        rows = db.session.execute(
            sa.select(letter.key, letter.on, letter.campaign, Partner.name)
            .join(Partner, Partner.id == letter.partner_id)
            .where(letter.key.in_(wanted[start : start + _CHUNK]), letter.on >= since)
            .order_by(letter.on, letter.id)
        )
        told |= {row.key: PartnerWrote(row.name, row.on, row.campaign) for row in rows}
    return {
        contact_id: max((told[key] for key in names if key in told), key=lambda wrote: wrote.on)
        for contact_id, names in keys.items()
        if any(key in told for key in names)
    }


def partner_wrote(contact_id: int) -> PartnerWrote | None:
    """The last time a partner approached this contact, as far as it is remembered."""
    return partners_wrote([contact_id]).get(contact_id)


def feeds() -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """Feeds that are open, the newest first: id, name, created_at, and who made them."""
    return db.session.execute(
        sa.select(Feed.id, Feed.name, Feed.created_at, User.name.label("user"))
        .join(User, User.id == Feed.created_by_id)
        .where(Feed.revoked_at.is_(None))
        .order_by(Feed.id.desc())
    ).all()


def partners() -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """Partners by name, each with how reading its feed went; those fields are null before the first time."""
    return db.session.execute(
        sa.select(
            Partner.id,
            Partner.name,
            Partner.url,
            Fetching.offices,
            Fetching.asked_at,
            Fetching.fetched_at,
            Fetching.failures,
            Fetching.words,
        )
        .outerjoin(Fetching, Fetching.partner_id == Partner.id)
        .order_by(Partner.name)
    ).all()
