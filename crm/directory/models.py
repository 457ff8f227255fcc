"""Tables of the directory, named as in Popolo (people, organizations, memberships, contact details, identifiers)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm import clock
from crm.database import Base, enum_column


class ContactKind(StrEnum):
    """Popolo's two classes of agents."""

    PERSON = "person"
    ORGANIZATION = "organization"


class Category(StrEnum):
    """What a contact is to a campaign."""

    MEP = "mep"
    COMMISSIONER = "commissioner"
    NATIONAL_OFFICIAL = "national_official"
    REGIONAL_GOVERNMENT = "regional_government"
    PARLIAMENT = "parliament"
    POLITICAL_GROUP = "political_group"
    PARTY = "party"
    COMMITTEE = "committee"
    PARTNER = "partner"
    UN_BODY = "un_body"
    OTHER = "other"


class Contact(Base):
    """A person or an organization. `country` is ISO 3166 alpha-2; `search_text` is folded by `crm.text.fold`."""

    __tablename__ = "contact"
    __table_args__ = (
        sa.Index("ix_contact_sort_name_id", "sort_name", "id"),
        sa.Index("ix_contact_category_sort_name_id", "category", "sort_name", "id"),
        sa.Index("ix_contact_country_sort_name_id", "country", "sort_name", "id"),
    )

    kind: Mapped[ContactKind] = mapped_column(enum_column(ContactKind))
    category: Mapped[Category] = mapped_column(enum_column(Category))
    name: Mapped[str] = mapped_column(sa.String(300))
    sort_name: Mapped[str] = mapped_column(sa.String(300))
    search_text: Mapped[str] = mapped_column(sa.Text, default="")
    country: Mapped[str | None] = mapped_column(sa.String(2))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)

    points: Mapped[list[ContactPoint]] = relationship(back_populates="contact", order_by="ContactPoint.id")
    identifiers: Mapped[list[Identifier]] = relationship(back_populates="contact", order_by="Identifier.id")

    __mapper_args__ = {"polymorphic_on": "kind"}  # noqa: RUF012 - SQLAlchemy's own protocol


class Person(Contact):
    """Someone with a name of two parts. Gender is only ever what a source says, never inferred."""

    given_name: Mapped[str | None] = mapped_column(sa.String(150))
    family_name: Mapped[str | None] = mapped_column(sa.String(150))
    gender: Mapped[str | None] = mapped_column(sa.String(20))
    birth_date: Mapped[date | None]

    memberships: Mapped[list[Membership]] = relationship(
        back_populates="person", foreign_keys="Membership.person_id", order_by="Membership.id"
    )

    __mapper_args__ = {"polymorphic_identity": ContactKind.PERSON}  # noqa: RUF012


class Organization(Contact):
    """A parliament, political group, party, committee, government or partner."""

    abbreviation: Mapped[str | None] = mapped_column(sa.String(40))

    __mapper_args__ = {"polymorphic_identity": ContactKind.ORGANIZATION}  # noqa: RUF012


class Membership(Base):
    """A dated mandate: a person holds a role in an organization, on behalf of a group or party.

    An open `end_date` means the mandate still runs; dates are inclusive, null where unknown.
    """

    __tablename__ = "membership"
    __table_args__ = (
        sa.Index("ix_membership_organization_id_end_date", "organization_id", "end_date"),
        sa.Index("ix_membership_on_behalf_of_id", "on_behalf_of_id"),
    )

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"), index=True)
    organization_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"))
    on_behalf_of_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contact.id"))
    role: Mapped[str] = mapped_column(sa.String(120), default="member")
    country: Mapped[str | None] = mapped_column(sa.String(2))
    term: Mapped[str | None] = mapped_column(sa.String(40))
    start_date: Mapped[date | None]
    end_date: Mapped[date | None]
    # Only known to have ended by the day a later roster no longer names the person.
    ended_by: Mapped[date | None]
    source: Mapped[str] = mapped_column(sa.String(200), default="")

    person: Mapped[Person] = relationship(back_populates="memberships", foreign_keys=[person_id])
    organization: Mapped[Organization] = relationship(foreign_keys=[organization_id])
    on_behalf_of: Mapped[Organization | None] = relationship(foreign_keys=[on_behalf_of_id])


class PointKind(StrEnum):
    """How a contact is reached (Popolo's contact detail types)."""

    EMAIL = "email"
    PHONE = "phone"
    ADDRESS = "address"
    URL = "url"
    TWITTER = "twitter"


class PointStatus(StrEnum):
    """Whether a contact point may be used."""

    CURRENT = "current"
    RETIRED = "retired"


class ContactPoint(Base):
    """One way to reach a contact, with its source. E-mail addresses are kept as `email-validator` normalizes them."""

    __tablename__ = "contact_point"
    __table_args__ = (
        sa.UniqueConstraint("contact_id", "kind", "value"),
        sa.Index("ix_contact_point_kind_value", "kind", "value"),
    )

    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"))
    kind: Mapped[PointKind] = mapped_column(enum_column(PointKind))
    value: Mapped[str] = mapped_column(sa.String(320))
    status: Mapped[PointStatus] = mapped_column(enum_column(PointStatus), default=PointStatus.CURRENT)
    source: Mapped[str] = mapped_column(sa.String(200), default="")

    contact: Mapped[Contact] = relationship(back_populates="points")


class Identifier(Base):
    """A name of the contact in somebody's register, such as `europarl` 256810."""

    __tablename__ = "identifier"
    __table_args__ = (sa.UniqueConstraint("scheme", "value"),)

    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"), index=True)
    scheme: Mapped[str] = mapped_column(sa.String(40))
    value: Mapped[str] = mapped_column(sa.String(120))

    contact: Mapped[Contact] = relationship(back_populates="identifiers")
