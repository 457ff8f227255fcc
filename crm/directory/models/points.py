"""Contact points: the ways to reach a contact, each with its status and source."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.database import Base, enum_column
from crm.directory.models.contacts import Contact
from crm.directory.models.memberships import SOURCES_LENGTH


class PointKind(StrEnum):
    """How a contact is reached (Popolo's contact detail types)."""

    EMAIL = "email"
    PHONE = "phone"
    FAX = "fax"
    ADDRESS = "address"
    URL = "url"
    TWITTER = "twitter"
    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"


class PointStatus(StrEnum):
    """Whether a contact point may be used."""

    CURRENT = "current"
    RETIRED = "retired"


# The last six digits of a telephone number, however it is written: numbers are looked up by them, since some are kept
# with the code of their country and some without. Written out, as databases know an index of an expression by its text;
# for all kinds, as SQLite would rather read every number by the index of kinds than use one for a kind alone.
TAIL_DIGITS = 6
_DIGITS = "value"
for _mark in (" ", "\u00a0", "-", ".", "/", "(", ")"):
    _DIGITS = f"replace({_DIGITS}, '{_mark}', '')"
phone_tail: sa.ColumnElement[str] = sa.literal_column(
    f"substr({_DIGITS}, length({_DIGITS}) - {TAIL_DIGITS - 1})", sa.String
)

# What stands behind the @ of an address; of what has none, all of it. Spelled so that both databases understand it.
address_domain: sa.ColumnElement[str] = sa.literal_column(
    "replace(value, rtrim(value, replace(value, '@', '')), '')", sa.String
)

# Addresses with a letter beyond ASCII are few, so that all of them can be looked through for those that are typed
# without its accent. Without a word on the kind, as of numbers.
_AN_ADDRESS = "length(replace(value, '@', '')) < length(value)"
_BEYOND_ASCII = {
    "sqlite": sa.text(f"length(CAST(value AS BLOB)) > length(value) AND {_AN_ADDRESS}"),
    "postgresql": sa.text(f"octet_length(value) > length(value) AND {_AN_ADDRESS}"),
}


def beyond_ascii(dialect: str) -> sa.TextClause:
    """Whether a contact point's value is an address with a letter beyond ASCII, as the index of those is told it."""
    return _BEYOND_ASCII[dialect]


class ContactPoint(Base):
    """One way to reach a contact, with its source. E-mail addresses are kept normalized, in lower case.

    `membership_id` is the office the point belongs to (null for a personal one): it goes out of use with the office.
    `label` tells several of a kind apart, such as “Strasbourg”. `bounced_at` is when an address was given up because
    letters came back from it, `bounced_with` what the server said: another one is written to, where there is one.
    """

    __tablename__ = "contact_point"
    __table_args__ = (
        sa.UniqueConstraint("contact_id", "kind", "value"),
        # For beginnings too, which PostgreSQL looks up by this order of letters alone.
        sa.Index("ix_contact_point_kind_value", "kind", "value", postgresql_ops={"value": "varchar_pattern_ops"}),
        sa.Index(
            "ix_contact_point_domain", address_domain.label("domain"), postgresql_ops={"domain": "text_pattern_ops"}
        ),
        sa.Index("ix_contact_point_phone_tail", phone_tail),
        sa.Index(
            "ix_contact_point_beyond_ascii",
            "value",
            sqlite_where=_BEYOND_ASCII["sqlite"],
            postgresql_where=_BEYOND_ASCII["postgresql"],
        ),
        # Those that bounced are few beside all others.
        sa.Index(
            "ix_contact_point_bounced_at",
            "bounced_at",
            sqlite_where=sa.text("bounced_at IS NOT NULL"),
            postgresql_where=sa.text("bounced_at IS NOT NULL"),
        ),
    )

    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"))
    kind: Mapped[PointKind] = mapped_column(enum_column(PointKind))
    value: Mapped[str] = mapped_column(sa.String(500))
    label: Mapped[str] = mapped_column(sa.String(300), default="")
    status: Mapped[PointStatus] = mapped_column(enum_column(PointStatus), default=PointStatus.CURRENT)
    source: Mapped[str] = mapped_column(sa.String(SOURCES_LENGTH), default="")
    membership_id: Mapped[int | None] = mapped_column(sa.ForeignKey("membership.id"), index=True)
    bounced_at: Mapped[datetime | None]
    bounced_with: Mapped[str] = mapped_column(sa.String(300), default="", server_default="")

    contact: Mapped[Contact] = relationship(back_populates="points")
