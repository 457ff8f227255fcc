"""Feeds we give to partners, partners we follow, and whom they say they wrote to."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm import clock
from crm.database import Base

NAME_LENGTH, URL_LENGTH, ETAG_LENGTH, CAMPAIGN_LENGTH, WORDS_LENGTH, KEY_LENGTH = 120, 500, 200, 200, 500, 180
# The longest days of rest a mailing may ask for; what is older matters to nobody.
REMEMBERED_DAYS = 365


class Feed(Base):
    """An address under which one partner reads whom we wrote to; the holder has the token, we have its hash."""

    __tablename__ = "coalition_feed"
    __undoable__ = False  # an address that was given away must not come back

    name: Mapped[str] = mapped_column(sa.String(NAME_LENGTH))
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True, info={"secret": True})
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    created_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"))
    revoked_at: Mapped[datetime | None]


class Partner(Base):
    """An organization whose feed we read. `url` is as good as a password; `etag` is what its server named the last."""

    __tablename__ = "coalition_partner"
    __undoable__ = False  # the trail does not keep the address

    name: Mapped[str] = mapped_column(sa.String(NAME_LENGTH), unique=True)
    url: Mapped[str] = mapped_column(sa.String(URL_LENGTH), info={"secret": True})
    added_at: Mapped[datetime] = mapped_column(default=clock.now)
    added_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"))


class Fetching(Base):
    """How reading a partner's feed went: `fetched_at` the last time it was to be had, `words` why it is not."""

    __tablename__ = "coalition_fetching"
    __audited__ = False  # it changes by itself every few hours

    partner_id: Mapped[int] = mapped_column(sa.ForeignKey("coalition_partner.id"), unique=True)
    etag: Mapped[str] = mapped_column(sa.String(ETAG_LENGTH), default="")
    offices: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    words: Mapped[str] = mapped_column(sa.String(WORDS_LENGTH), default="")


class PartnerLetter(Base):
    """The last day a partner wrote to, or called, whoever goes by `key` (see `keys.py`), and in which campaign."""

    __tablename__ = "coalition_letter"
    __audited__ = False  # a copy of what the partner says, written anew with each reading
    __table_args__ = (sa.UniqueConstraint("partner_id", "key"), sa.Index("ix_coalition_letter_key_on", "key", "on"))

    partner_id: Mapped[int] = mapped_column(sa.ForeignKey("coalition_partner.id"))
    key: Mapped[str] = mapped_column(sa.String(KEY_LENGTH))
    on: Mapped[date]
    campaign: Mapped[str] = mapped_column(sa.String(CAMPAIGN_LENGTH), default="")
