"""Who signs in: users in teams, their server-side sessions and single-use tokens."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Mapped, mapped_column, relationship

from config import Settings
from crm import clock
from crm.database import Base, enum_column
from crm.policy import Role

# A session nobody uses ends after a working day, and any session after a week (OWASP Session Management).
SESSION_IDLE = timedelta(hours=12)
SESSION_LONGEST = timedelta(days=7)
# How exact "last seen" is: one small write a minute, not one a request.
SESSION_SEEN_STEP = timedelta(minutes=1)


class TokenPurpose(StrEnum):
    """What a single-use token lets its holder do: set a first password, or a new one."""

    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"  # noqa: S105


TOKEN_LIFETIME = {
    TokenPurpose.INVITATION: timedelta(days=7),
    TokenPurpose.PASSWORD_RESET: timedelta(hours=1),
}


def _installations_zone() -> str:
    settings: Settings = current_app.extensions["settings"]
    return settings.timezone


class Team(Base):
    """People who work together and see each other's private notes."""

    __tablename__ = "team"
    __undoable__ = False  # changed back on its own page

    name: Mapped[str] = mapped_column(sa.String(120), unique=True)


class User(Base):
    """A person who signs in. The address is kept in lower case; no password yet means an open invitation."""

    __tablename__ = "user"
    __undoable__ = False  # roles have rules of their own (the last administrator stays one)
    __table_args__ = (sa.Index("ix_user_name_id", "name", "id"),)

    email: Mapped[str] = mapped_column(sa.String(254), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    role: Mapped[Role] = mapped_column(enum_column(Role))
    team_id: Mapped[int] = mapped_column(sa.ForeignKey("team.id"), index=True)
    password_hash: Mapped[str | None] = mapped_column(sa.String(200), info={"secret": True})
    language: Mapped[str] = mapped_column(sa.String(8), default="en")
    timezone: Mapped[str] = mapped_column(sa.String(64), default=_installations_zone)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    team: Mapped[Team] = relationship(lazy="joined")


class UserSession(Base):
    """A signed-in browser. The cookie holds the token, this row only its SHA-256."""

    __tablename__ = "user_session"
    __audited__ = False  # signing in and out is noted; addresses and browsers are not kept for ever

    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    user_agent: Mapped[str] = mapped_column(sa.String(300), default="")
    address: Mapped[str] = mapped_column(sa.String(45), default="")


class AccountToken(Base):
    """A link sent by mail, good once and for a while. Only its SHA-256 is kept."""

    __tablename__ = "account_token"
    __audited__ = False  # asking for it and using it are noted

    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    purpose: Mapped[TokenPurpose] = mapped_column(enum_column(TokenPurpose))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()
