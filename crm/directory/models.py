"""Tables of the directory, named as in Popolo (people, organizations, memberships, contact details, identifiers)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
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


PERSON_CATEGORIES = (
    Category.MEP,
    Category.COMMISSIONER,
    Category.NATIONAL_OFFICIAL,
    Category.REGIONAL_GOVERNMENT,
    Category.PARTNER,
    Category.UN_BODY,
    Category.OTHER,
)
ORGANIZATION_CATEGORIES = tuple(
    category for category in Category if category not in (Category.MEP, Category.COMMISSIONER)
)


# Folded text sorts alike on every database: PostgreSQL compares its bytes, as SQLite does.
SORTED = sa.String(300).with_variant(sa.String(300, collation="C"), "postgresql")

# PostgreSQL refuses entries of an index above a third of its page, 2,704 bytes: this leaves room for the name.
SEARCH_TEXT_LENGTH = 2000

# Undo leaves such columns to whoever computes them: an old value says nothing of what was done since.
DERIVED = {"derived": True}

# The last day of a mandate that still runs.
OPEN_END = date.max


def last_day(end_date: date | None, ended_by: date | None) -> date:
    """The last day a membership is known to have held; `OPEN_END` while it runs."""
    if end_date is not None:
        return end_date
    return OPEN_END if ended_by is None else ended_by - timedelta(days=1)


class Contact(Base):
    """A person or an organization. `country` is ISO 3166 alpha-2.

    The columns under "derived" repeat what memberships and contact points say, so that a list of any size filters and
    sorts by index without joins; `crm.directory.projection` alone writes them. Text in them is folded.
    """

    __tablename__ = "contact"
    __table_args__ = (
        sa.Index("ix_contact_sort_name_id", "sort_name", "id"),
        # A text filter reads this index alone, in the order of names, and only then the rows it found.
        sa.Index("ix_contact_sort_name_id_search_text", "sort_name", "id", "search_text"),
        sa.Index("ix_contact_kind_sort_name_id", "kind", "sort_name", "id"),
        sa.Index("ix_contact_category_sort_name_id", "category", "sort_name", "id"),
        sa.Index("ix_contact_country_sort_name_id", "country", "sort_name", "id"),
        sa.Index("ix_contact_group_id_sort_name_id", "group_id", "sort_name", "id"),
        sa.Index("ix_contact_party_id_sort_name_id", "party_id", "sort_name", "id"),
        sa.Index("ix_contact_country_sort_sort_name_id", "country_sort", "sort_name", "id"),
        sa.Index("ix_contact_group_sort_sort_name_id", "group_sort", "sort_name", "id"),
        sa.Index("ix_contact_mandate_end_sort_name_id", "mandate_end", "sort_name", "id"),
    )

    kind: Mapped[ContactKind] = mapped_column(enum_column(ContactKind))
    category: Mapped[Category] = mapped_column(enum_column(Category))
    name: Mapped[str] = mapped_column(sa.String(300))
    country: Mapped[str | None] = mapped_column(sa.String(2))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)

    # Derived: the family name first, the country's English name, everything a text filter looks through.
    sort_name: Mapped[str] = mapped_column(SORTED, info=DERIVED)
    country_sort: Mapped[str] = mapped_column(SORTED, default="", info=DERIVED)
    search_text: Mapped[str] = mapped_column(sa.String(SEARCH_TEXT_LENGTH), default="", info=DERIVED)
    # Derived: political group and party of the running mandate (of the last one, where none runs).
    group_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contact.id"), info=DERIVED)
    group_sort: Mapped[str] = mapped_column(SORTED, default="", info=DERIVED)
    party_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contact.id"), info=DERIVED)
    # Derived: last day of the last mandate, OPEN_END while one runs, null for a contact that never held one.
    mandate_end: Mapped[date | None] = mapped_column(info=DERIVED)
    # Derived: the e-mail address that letters go to.
    email: Mapped[str | None] = mapped_column(sa.String(320), info=DERIVED)

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
        sa.Index("ix_membership_organization_id_end_date_id", "organization_id", "end_date", "id"),
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
    """One way to reach a contact, with its source. E-mail addresses are kept normalized, in lower case.

    `membership_id` is the office the point belongs to (null for a personal one): it goes out of use with the office.
    """

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
    membership_id: Mapped[int | None] = mapped_column(sa.ForeignKey("membership.id"), index=True)

    contact: Mapped[Contact] = relationship(back_populates="points")


class Identifier(Base):
    """A name of the contact in somebody's register, such as `europarl` 256810."""

    __tablename__ = "identifier"
    __table_args__ = (sa.UniqueConstraint("scheme", "value"),)

    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"), index=True)
    scheme: Mapped[str] = mapped_column(sa.String(40))
    value: Mapped[str] = mapped_column(sa.String(120))

    contact: Mapped[Contact] = relationship(back_populates="identifiers")
