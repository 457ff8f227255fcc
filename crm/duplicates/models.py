"""Proposed duplicates with their reasons, and the pairs that people have told apart."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm import clock
from crm.database import Base, enum_column
from crm.directory.models import ContactKind


class Certainty(StrEnum):
    """How sure a proposal is, from its score."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


# The lowest score (of 100) of each.
LOWEST = {Certainty.CERTAIN: 90, Certainty.LIKELY: 65, Certainty.POSSIBLE: 0}


def certainty_of(score: int) -> Certainty:
    """What a score says."""
    return next(certainty for certainty, lowest in LOWEST.items() if score >= lowest)


class DuplicateProposal(Base):
    """Two contacts that may be one: `score` of 100, and the reasons as codes, the strongest first."""

    __tablename__ = "duplicate_proposal"
    __audited__ = False  # computed from the directory, and computed anew when it changes
    __table_args__ = (
        sa.UniqueConstraint("one_id", "other_id"),
        sa.Index("ix_duplicate_proposal_other_id", "other_id"),
        sa.Index("ix_duplicate_proposal_score_id", "score", "id"),
        sa.Index("ix_duplicate_proposal_kind_score_id", "kind", "score", "id"),
    )

    one_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"))
    other_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"))
    kind: Mapped[ContactKind] = mapped_column(enum_column(ContactKind))
    score: Mapped[int] = mapped_column(sa.SmallInteger)
    reasons: Mapped[list[Any]] = mapped_column(sa.JSON)


class ToldApart(Base):
    """Two contacts a person has said are not the same; they are never proposed again. Either may stand first."""

    __tablename__ = "told_apart"
    __table_args__ = (
        sa.UniqueConstraint("one_id", "other_id"),
        sa.Index("ix_told_apart_other_id", "other_id"),
    )

    one_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"))
    other_id: Mapped[int] = mapped_column(sa.ForeignKey("contact.id"))
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(default=clock.now)


class DuplicateSearch(Base):
    """How far the search for duplicates has read the directory; there is one row, or none before the first search."""

    __tablename__ = "duplicate_search"
    __audited__ = False  # a bookmark

    contacts_until: Mapped[datetime]
    last_point_id: Mapped[int] = mapped_column(sa.BigInteger)
    last_identifier_id: Mapped[int] = mapped_column(sa.BigInteger)
    last_other_name_id: Mapped[int] = mapped_column(sa.BigInteger)
