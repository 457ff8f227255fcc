"""What describes a contact in several rows: identifiers, other names, languages, sources."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.database import Base
from crm.directory.models.contacts import Contact


class Identifier(Base):
    """A name of the contact in somebody's register, such as `europarl` 256810."""

    __tablename__ = "identifier"
    __table_args__ = (sa.UniqueConstraint("scheme", "value"),)

    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"), index=True)
    scheme: Mapped[str] = mapped_column(sa.String(40))
    value: Mapped[str] = mapped_column(sa.String(120))

    contact: Mapped[Contact] = relationship(back_populates="identifiers")


class OtherName(Base):
    """One more name a contact goes or went by: in another script, before a marriage, as another register spells it.

    `language` is BCP 47, null where the source does not tell it; searches find the contact by it.
    """

    __tablename__ = "other_name"
    __table_args__ = (sa.UniqueConstraint("contact_id", "name"),)

    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"))
    name: Mapped[str] = mapped_column(sa.String(300))
    language: Mapped[str | None] = mapped_column(sa.String(20))
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    start_date: Mapped[date | None]
    end_date: Mapped[date | None]


class ContactLanguage(Base):
    """A language (BCP 47) the contact reads, best first by `rank` (from 0)."""

    __tablename__ = "contact_language"
    __table_args__ = (
        sa.UniqueConstraint("contact_id", "language"),
        sa.Index("ix_contact_language_language_contact_id", "language", "contact_id"),
    )

    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"))
    language: Mapped[str] = mapped_column(sa.String(20))
    rank: Mapped[int] = mapped_column(default=0)


class ContactSource(Base):
    """Where something known of the contact was read: a roster by its name, a web page, “entered by hand”.

    `as_of` is the newest day the source described the contact on.
    """

    __tablename__ = "contact_source"
    __table_args__ = (
        sa.UniqueConstraint("contact_id", "label", "url"),
        sa.Index("ix_contact_source_label_contact_id", "label", "contact_id"),
    )

    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"))
    label: Mapped[str] = mapped_column(sa.String(200))
    url: Mapped[str] = mapped_column(sa.String(500), default="")
    as_of: Mapped[date | None]
