"""The team's own names of places."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm.database import Base

LONGEST_KEY = 400


class PlaceAlias(Base):
    """A name the team's files use for a country or a region; it wins over those that ship.

    `country` is ISO 3166-1 alpha-2: what the name means or, where `region` (ISO 3166-2) says what, the country in
    whose files it means that. `scope` is that country for a region and empty for a country, `key` the label as
    `spelling_key` spells it.
    """

    __tablename__ = "place_alias"
    __table_args__ = (
        sa.UniqueConstraint("scope", "key"),
        sa.Index("ix_place_alias_key_id", "key", "id"),
    )

    label: Mapped[str] = mapped_column(sa.String(80))
    key: Mapped[str] = mapped_column(sa.String(LONGEST_KEY))
    scope: Mapped[str] = mapped_column(sa.String(2))
    country: Mapped[str] = mapped_column(sa.String(2))
    region: Mapped[str | None] = mapped_column(sa.String(6))
