"""Contacts: the people and organizations of the directory, with what lists filter and sort by."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm import clock
from crm.database import Base, enum_column
from crm.directory.models.categories import Category


class ContactKind(StrEnum):
    """Popolo's two classes of agents."""

    PERSON = "person"
    ORGANIZATION = "organization"


# Folded text sorts alike on every database: PostgreSQL compares its bytes, as SQLite does.
SORTED = sa.String(300).with_variant(sa.String(300, collation="C"), "postgresql")

# PostgreSQL refuses entries of an index above a third of its page, 2,704 bytes: this leaves room for the name.
SEARCH_TEXT_LENGTH = 2000

# Undo leaves such columns to whoever computes them: an old value says nothing of what was done since.
DERIVED = {"derived": True}


class Contact(Base):
    """A person or an organization. `country` is ISO 3166-1 alpha-2, `region` ISO 3166-2 where somebody has told it.

    `category_override` is what a person of the team, or a source that tells it, has set; for organizations it always
    is. `forms_of_address` holds, by language (BCP 47), the opening of a letter where it is to differ from the rule.
    `owner_id` is whoever of us looks after the contact.

    The columns under "derived" repeat what memberships and contact points say, so that a list of any size filters and
    sorts by index without joins; `crm.directory.projection` alone writes them. Text in them is folded.
    """

    __tablename__ = "contact"
    __table_args__ = (
        sa.Index("ix_contact_sort_name_id", "sort_name", "id"),
        # A text filter of people or organizations reads this alone, in the order of names, and then the rows it found.
        sa.Index("ix_contact_sort_name_id_kind_search_text", "sort_name", "id", "kind", "search_text"),
        sa.Index("ix_contact_kind_sort_name_id", "kind", "sort_name", "id"),
        sa.Index("ix_contact_category_sort_name_id", "category", "sort_name", "id"),
        # A category holds more than half of a large directory: it is walked in each order, never sorted.
        sa.Index("ix_contact_category_country_sort_sort_name_id", "category", "country_sort", "sort_name", "id"),
        sa.Index("ix_contact_category_mandate_order_sort_name_id", "category", "mandate_order", "sort_name", "id"),
        sa.Index("ix_contact_country_sort_name_id", "country", "sort_name", "id"),
        sa.Index("ix_contact_effective_region_sort_name_id", "effective_region", "sort_name", "id"),
        sa.Index("ix_contact_owner_id_sort_name_id", "owner_id", "sort_name", "id"),
        sa.Index("ix_contact_institution_id_sort_name_id", "institution_id", "sort_name", "id"),
        sa.Index("ix_contact_group_id_sort_name_id", "group_id", "sort_name", "id"),
        # Who is in office, by group and country, is counted in this alone.
        sa.Index("ix_contact_group_id_country_kind_mandate_end", "group_id", "country", "kind", "mandate_end"),
        sa.Index("ix_contact_party_id_sort_name_id", "party_id", "sort_name", "id"),
        sa.Index("ix_contact_country_sort_sort_name_id", "country_sort", "sort_name", "id"),
        sa.Index("ix_contact_group_sort_sort_name_id", "group_sort", "sort_name", "id"),
        sa.Index("ix_contact_mandate_end_sort_name_id", "mandate_end", "sort_name", "id"),
        # What searches for duplicates again: who has changed since the last time.
        sa.Index("ix_contact_updated_at", "updated_at"),
        sa.Index("ix_contact_mandate_order_sort_name_id", "mandate_order", "sort_name", "id"),
    )

    kind: Mapped[ContactKind] = mapped_column(enum_column(ContactKind))
    name: Mapped[str] = mapped_column(sa.String(300))
    category_override: Mapped[Category | None] = mapped_column(enum_column(Category))
    country: Mapped[str | None] = mapped_column(sa.String(2))
    region: Mapped[str | None] = mapped_column(sa.String(6))
    forms_of_address: Mapped[dict[str, Any]] = mapped_column(default=dict)
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)

    # Derived: the override, or what the offices held make of the person.
    category: Mapped[Category] = mapped_column(enum_column(Category), info=DERIVED)
    # Derived: the region told, or of an organization what its name tells, of a person what the offices held do.
    effective_region: Mapped[str | None] = mapped_column(sa.String(6), info=DERIVED)
    # Derived: the family name first, the country's English name, everything a text filter looks through.
    sort_name: Mapped[str] = mapped_column(SORTED, info=DERIVED)
    country_sort: Mapped[str] = mapped_column(SORTED, default="", info=DERIVED)
    search_text: Mapped[str] = mapped_column(sa.String(SEARCH_TEXT_LENGTH), default="", info=DERIVED)
    # Derived: where the highest of the running offices is held (of the last ones, where none runs).
    institution_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contact.id"), info=DERIVED)
    # Derived: political group and party of the running mandate (of the last one, where none runs).
    group_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contact.id"), info=DERIVED)
    group_sort: Mapped[str] = mapped_column(SORTED, default="", info=DERIVED)
    party_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contact.id"), info=DERIVED)
    # Derived: last day of the last mandate, OPEN_END while one runs, null for a contact that never held one.
    mandate_end: Mapped[date | None] = mapped_column(info=DERIVED)
    # What lists sort by, kept by the database: who never held a mandate comes with those who still do.
    mandate_order: Mapped[date] = mapped_column(
        sa.Date, sa.Computed(f"COALESCE(mandate_end, '{date.max.isoformat()}')", persisted=True)
    )
    # Derived: the e-mail address that letters go to.
    email: Mapped[str | None] = mapped_column(sa.String(320), info=DERIVED)

    points: Mapped[list[Any]] = relationship("ContactPoint", back_populates="contact", order_by="ContactPoint.id")
    identifiers: Mapped[list[Any]] = relationship("Identifier", back_populates="contact", order_by="Identifier.id")

    __mapper_args__ = {"polymorphic_on": "kind"}  # noqa: RUF012 - SQLAlchemy's own protocol


class Person(Contact):
    """Someone with a name of two parts. Gender is only ever what a source says, never inferred.

    `honorific_prefix` is what stands before the name in an address (Dr, H. E.), `honorific_suffix` what stands after.
    """

    honorific_prefix: Mapped[str | None] = mapped_column(sa.String(60))
    given_name: Mapped[str | None] = mapped_column(sa.String(150))
    family_name: Mapped[str | None] = mapped_column(sa.String(150))
    honorific_suffix: Mapped[str | None] = mapped_column(sa.String(60))
    gender: Mapped[str | None] = mapped_column(sa.String(20))
    birth_date: Mapped[date | None]
    death_date: Mapped[date | None]

    memberships: Mapped[list[Any]] = relationship(
        "Membership", back_populates="person", foreign_keys="Membership.person_id", order_by="Membership.id"
    )

    __mapper_args__ = {"polymorphic_identity": ContactKind.PERSON}  # noqa: RUF012


class Organization(Contact):
    """A parliament, political group, party, committee, government, ministry or partner.

    `holders_are` is what holding an office in it makes of a person, where its category does not tell: the European
    Parliament's are MEPs. `parent_id` is the organization it is part of.
    """

    abbreviation: Mapped[str | None] = mapped_column(sa.String(40))
    holders_are: Mapped[Category | None] = mapped_column(enum_column(Category))
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contact.id"), index=True)
    founding_date: Mapped[date | None]
    dissolution_date: Mapped[date | None]

    __mapper_args__ = {"polymorphic_identity": ContactKind.ORGANIZATION}  # noqa: RUF012
