"""Who signs in: users in teams, their server-side sessions and single-use tokens."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm import clock
from crm.database import Base, enum_column
from crm.policy import Role


class Team(Base):
    """People who work together and see each other's private notes."""

    __tablename__ = "team"

    name: Mapped[str] = mapped_column(sa.String(120), unique=True)


class User(Base):
    """A person who signs in. The address is kept in lower case."""

    __tablename__ = "user"

    email: Mapped[str] = mapped_column(sa.String(254), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    role: Mapped[Role] = mapped_column(enum_column(Role))
    team_id: Mapped[int] = mapped_column(sa.ForeignKey("team.id"), index=True)
    password_hash: Mapped[str | None] = mapped_column(sa.String(200), info={"secret": True})
    language: Mapped[str] = mapped_column(sa.String(8), default="en")
    timezone: Mapped[str] = mapped_column(sa.String(64), default="Europe/Brussels")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    team: Mapped[Team] = relationship(lazy="joined")
