"""Relationships: who knows, advises, worked or is allied with whom."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.database import Base, enum_column
from crm.directory.models.contacts import Contact
from crm.directory.models.memberships import SOURCES_LENGTH


class RelationshipKind(StrEnum):
    """What the first contact is to the second; those of DIRECTED read otherwise from the other side."""

    KNOWS = "knows"
    COLLEAGUE = "colleague"
    FAMILY = "family"
    ALLY = "ally"
    OPPONENT = "opponent"
    ADVISES = "advises"
    WORKS_FOR = "works_for"
    REPORTS_TO = "reports_to"
    SUCCEEDED = "succeeded"


DIRECTED = frozenset(
    {
        RelationshipKind.ADVISES,
        RelationshipKind.WORKS_FOR,
        RelationshipKind.REPORTS_TO,
        RelationshipKind.SUCCEEDED,
    }
)


class Relationship(Base):
    """A typed, dated tie between two contacts. With a `team_id` only that team sees it, without one everybody does."""

    __tablename__ = "relationship"
    __team_of__ = "team_id"
    __table_args__ = (
        sa.UniqueConstraint("subject_id", "object_id", "kind", "start_date", "team_id"),
        sa.Index("ix_relationship_object_id", "object_id"),
    )

    subject_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"))
    object_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"))
    kind: Mapped[RelationshipKind] = mapped_column(enum_column(RelationshipKind))
    start_date: Mapped[date | None]
    end_date: Mapped[date | None]
    note: Mapped[str] = mapped_column(sa.String(1000), default="")
    source: Mapped[str] = mapped_column(sa.String(SOURCES_LENGTH), default="")
    team_id: Mapped[int | None] = mapped_column(sa.ForeignKey("team.id"))

    subject: Mapped[Contact] = relationship(foreign_keys=[subject_id])
    object: Mapped[Contact] = relationship(foreign_keys=[object_id])
