"""What came back: suppressed addresses, delivery reports, and the mail server's present trouble."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm import clock
from crm.database import Base, enum_column


class SuppressionReason(StrEnum):
    """Why an address must not be written to."""

    UNSUBSCRIBED = "unsubscribed"
    OBJECTION = "objection"
    HARD_BOUNCE = "hard_bounce"
    BY_HAND = "by_hand"


class Suppression(Base):
    """An address that must not be written to, as a keyed hash, so that it outlives the erasure of the person.

    `source` is the row it came from, such as `outgoing_message:12` or `user:3`; `note` is what one of us said of it.
    """

    __tablename__ = "suppression"
    __undoable__ = False  # an objection is not taken back by somebody else's click
    __table_args__ = (sa.Index("ix_suppression_reason_id", "reason", "id"),)

    address_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    # Tells hashes made with another SECRET_KEY apart: those would silently stop protecting anyone.
    key_id: Mapped[str] = mapped_column(sa.String(8), index=True)
    reason: Mapped[SuppressionReason] = mapped_column(enum_column(SuppressionReason))
    source: Mapped[str] = mapped_column(sa.String(80), default="")
    note: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")
    at: Mapped[datetime] = mapped_column(default=clock.now)


class BounceKind(StrEnum):
    """What a delivery report says of a letter that the server had taken, the least grave first."""

    DELAYED = "delayed"  # it is still being tried
    SOFT = "soft"  # it came back, and the next one may arrive
    HARD = "hard"  # there is nobody at that address


class Bounce(Base):
    """The gravest delivery report on a letter; `address_hash` is empty once a person has said that it works."""

    __tablename__ = "outbox_bounce"
    __audited__ = False  # part of the delivery record
    __table_args__ = (sa.Index("ix_outbox_bounce_address_hash_at", "address_hash", "at"),)

    message_id: Mapped[int] = mapped_column(sa.ForeignKey("outgoing_message.id"), unique=True)
    address_hash: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[BounceKind] = mapped_column(enum_column(BounceKind))
    status: Mapped[str] = mapped_column(sa.String(12), default="")
    words: Mapped[str] = mapped_column(sa.String(500), default="")
    at: Mapped[datetime] = mapped_column(default=clock.now)


class OutageReason(StrEnum):
    """Why no letter at all can leave."""

    NO_SERVER = "no_server"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    NOT_TRUSTED = "not_trusted"
    LOGIN_REFUSED = "login_refused"
    KEY_CHANGED = "key_changed"
    NO_SIGNING_KEY = "no_signing_key"


class Outage(Base):
    """The mail server's present trouble; the one row is there while it lasts, and sending waits until its time."""

    __tablename__ = "outbox_outage"
    __audited__ = False  # it comes and goes by itself

    reason: Mapped[OutageReason] = mapped_column(enum_column(OutageReason))
    words: Mapped[str] = mapped_column(sa.String(500))
    since: Mapped[datetime]
    failures: Mapped[int]
    next_attempt_at: Mapped[datetime]
