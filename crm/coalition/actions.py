"""Writes of the coalition: feeds are opened and revoked, partners followed and left, what they say is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import sqlalchemy as sa

from crm import clock
from crm.accounts.tokens import new_token, token_hash
from crm.coalition.document import Told
from crm.coalition.models import ETAG_LENGTH, WORDS_LENGTH, Feed, Fetching, Partner, PartnerLetter
from crm.extensions import db
from crm.unit_of_work import current_unit_of_work

FOLLOW = "crm.coalition.jobs.follow_partners"
_LETTERS = cast("sa.Table", PartnerLetter.__table__)


def open_feed(name: str, user_id: int) -> str:
    """Make a feed for a partner of that name; returns its token, which is not kept."""
    token = new_token()
    db.session.add(Feed(name=name, token_hash=token_hash(token), created_by_id=user_id))
    db.session.flush()
    return token


def revoke_feed(feed_id: int) -> bool:
    """Close a feed for ever; False where that is done already, or there is none."""
    feed = db.session.get(Feed, feed_id, with_for_update=True)
    if feed is None or feed.revoked_at is not None:
        return False
    feed.revoked_at = clock.now()
    db.session.flush()
    return True


def is_followed(name: str) -> bool:
    """Whether a partner of that name is followed."""
    return bool(db.session.scalar(sa.select(sa.exists().where(sa.func.lower(Partner.name) == name.lower()))))


def follow_partner(name: str, url: str, user_id: int) -> Partner:
    """Read the feed of a partner from now on."""
    partner = Partner(name=name, url=url, added_by_id=user_id)
    db.session.add(partner)
    db.session.flush()
    db.session.add(Fetching(partner_id=partner.id))
    db.session.flush()
    current_unit_of_work().ring(FOLLOW)
    return partner


def leave_partner(partner_id: int) -> bool:
    """Follow it no more, and forget what it said; False where there is no such partner."""
    partner = db.session.get(Partner, partner_id, with_for_update=True)
    if partner is None:
        return False
    db.session.execute(sa.delete(PartnerLetter).where(PartnerLetter.partner_id == partner_id))
    db.session.execute(sa.delete(Fetching).where(Fetching.partner_id == partner_id))
    db.session.delete(partner)
    db.session.flush()
    return True


def ask_again(partner_id: int) -> None:
    """Have the worker read its feed now."""
    db.session.execute(sa.update(Fetching).where(Fetching.partner_id == partner_id).values(asked_at=None))
    current_unit_of_work().ring(FOLLOW)


def _fetching(partner_id: int) -> Fetching | None:
    """How reading went; None where the partner was left meanwhile."""
    return db.session.scalar(sa.select(Fetching).where(Fetching.partner_id == partner_id).with_for_update())


def note_failure(partner_id: int, words: str) -> None:
    """Put on record that a feed cannot be had; what it said before holds until it says something else."""
    known = _fetching(partner_id)
    if known is not None:
        known.asked_at, known.failures = clock.now(), known.failures + 1
        known.words = " ".join(words.replace("\x00", "").split())[:WORDS_LENGTH]


def note_reading(partner_id: int, told: Sequence[Told] | None, etag: str) -> None:
    """Keep what a feed says, in place of what it said before; None where that is the same."""
    known = _fetching(partner_id)
    if known is None:
        return
    known.asked_at = known.fetched_at = clock.now()
    known.failures, known.words = 0, ""
    if told is None:
        return
    known.etag = etag if len(etag) <= ETAG_LENGTH else ""
    known.offices = len({each.office for each in told})
    db.session.execute(sa.delete(PartnerLetter).where(PartnerLetter.partner_id == partner_id))
    rows = [{"partner_id": partner_id, "key": each.key, "on": each.on, "campaign": each.campaign} for each in told]
    if rows:
        db.session.execute(sa.insert(_LETTERS), rows)
    db.session.flush()
