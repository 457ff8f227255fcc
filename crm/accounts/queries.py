"""What is read of accounts: the signed-in user in one query, users by address, sessions, names of actors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_login import UserMixin

from crm import clock
from crm.accounts.models import SESSION_IDLE, SESSION_LONGEST, Team, User, UserSession
from crm.accounts.tokens import token_hash
from crm.database import UtcDateTime
from crm.extensions import db
from crm.paging import Page, SortKey, page
from crm.policy import Role


@dataclass(frozen=True)
class SignedInUser(UserMixin):  # type: ignore[misc]  # flask-login is untyped
    """The user of this request, read in one query and independent of any transaction after it."""

    id: int
    email: str
    name: str
    role: Role
    team_id: int
    team_name: str
    language: str
    timezone: str
    session_id: int
    seen_at: datetime
    token: str

    def get_id(self) -> str:
        """What flask-login keeps in the cookie: the token of the session, not the number of the user."""
        return self.token


def user_of_session(token: str) -> SignedInUser | None:
    """The active user whose session the token opens, unless it was ended or has expired."""
    now = clock.now()
    statement = (
        sa.select(
            User.id,
            User.email,
            User.name,
            User.role,
            User.team_id,
            Team.name.label("team_name"),
            User.language,
            User.timezone,
            UserSession.id.label("session_id"),
            UserSession.seen_at,
        )
        .join(User, User.id == UserSession.user_id)
        .join(Team, Team.id == User.team_id)
        .where(
            UserSession.token_hash == token_hash(token),
            UserSession.seen_at > now - SESSION_IDLE,
            UserSession.created_at > now - SESSION_LONGEST,
            User.active,
        )
    )
    row = db.session.execute(statement).mappings().one_or_none()
    return None if row is None else SignedInUser(**row, token=token)


def user_by_email(email: str) -> User | None:
    """The user with that address, in any case."""
    return db.session.scalar(sa.select(User).where(User.email == email.strip().lower()))


def active_users() -> list[tuple[int, str]]:
    """Id and name of everyone who can sign in, by name, for menus of owners."""
    rows = db.session.execute(sa.select(User.id, User.name).where(User.active).order_by(User.name, User.id))
    return [(row.id, row.name) for row in rows]


def sessions_of(user_id: int) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """A user's living sessions, the latest seen first: id, created_at, seen_at, user_agent, address."""
    now = clock.now()
    statement = (
        sa.select(
            UserSession.id,
            UserSession.created_at,
            UserSession.seen_at,
            UserSession.user_agent,
            UserSession.address,
        )
        .where(
            UserSession.user_id == user_id,
            UserSession.seen_at > now - SESSION_IDLE,
            UserSession.created_at > now - SESSION_LONGEST,
        )
        .order_by(UserSession.seen_at.desc(), UserSession.id.desc())
    )
    return db.session.execute(statement).all()


def users_page(cursor: str | None) -> Page:
    """Users by name: id, email, name, role, active, invited (no password yet), team_name, seen_at (last, if any)."""
    seen_at = sa.select(sa.func.max(UserSession.seen_at)).where(UserSession.user_id == User.id).scalar_subquery()
    statement = sa.select(
        User.id,
        User.email,
        User.name,
        User.role,
        User.active,
        User.password_hash.is_(None).label("invited"),
        Team.name.label("team_name"),
        sa.type_coerce(seen_at, UtcDateTime()).label("seen_at"),
    ).join(Team, Team.id == User.team_id)
    return page(statement, [SortKey(User.__table__.c.name), SortKey(User.__table__.c.id)], cursor)


def teams() -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """All teams by name: id, name, members (who may sign in)."""
    members = sa.func.count(User.id).filter(User.active).label("members")
    statement = sa.select(Team.id, Team.name, members).outerjoin(User, User.team_id == Team.id)
    return db.session.execute(statement.group_by(Team.id, Team.name).order_by(Team.name, Team.id)).all()


def users_by_id() -> dict[int, sa.Row[*tuple[Any, ...]]]:
    """Every user, with id, name, team_id and team, its name."""
    columns = (User.id, User.name, User.team_id, Team.name.label("team"))
    rows = db.session.execute(sa.select(*columns).join(Team, Team.id == User.team_id).order_by(Team.name, User.id))
    return {row.id: row for row in rows}


def actor_names() -> dict[str, str]:
    """The name of every user by their opaque name in the audit trail (`user:7`)."""
    return {f"user:{user_id}": name for user_id, name in db.session.execute(sa.select(User.id, User.name))}
