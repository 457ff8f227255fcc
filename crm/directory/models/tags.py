"""Tags: words of the team's own by which contacts are found again."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm.database import Base
from crm.directory.models.contacts import SORTED

TAG_LENGTH = 60


class Tag(Base):
    """A word everybody may put on contacts. `sort_name` is folded: two spellings of one word are one tag."""

    __tablename__ = "tag"

    name: Mapped[str] = mapped_column(sa.String(TAG_LENGTH))
    sort_name: Mapped[str] = mapped_column(SORTED, unique=True)


class ContactTag(Base):
    """A tag on a contact."""

    __tablename__ = "contact_tag"
    __table_args__ = (
        sa.UniqueConstraint("contact_id", "tag_id"),
        sa.Index("ix_contact_tag_tag_id_contact_id", "tag_id", "contact_id"),
    )

    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"))
    tag_id: Mapped[int] = mapped_column(sa.ForeignKey("tag.id"))
