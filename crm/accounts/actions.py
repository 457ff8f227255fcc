"""Writing accounts: users and teams, sessions begun and ended, passwords changed."""

from __future__ import annotations

import sqlalchemy as sa

from crm import clock
from crm.accounts import passwords
from crm.accounts.models import SESSION_IDLE, SESSION_LONGEST, Team, User, UserSession
from crm.accounts.tokens import new_token, token_hash
from crm.extensions import db
from crm.policy import Role


def team_named(name: str) -> Team:
    """The team of that name, made where there is none."""
    name = name.strip()
    team = db.session.scalar(sa.select(Team).where(Team.name == name))
    if team is None:
        team = Team(name=name)
        db.session.add(team)
        db.session.flush()
    return team


def create_user(email: str, name: str, role: Role, team_name: str, password: str | None) -> User:
    """Add a user; without a password they can only come in by an invitation."""
    user = User(
        email=email.strip().lower(),
        name=name.strip(),
        role=role,
        team=team_named(team_name),
        password_hash=passwords.hash_password(password) if password else None,
    )
    db.session.add(user)
    db.session.flush()
    return user


def begin_session(user_id: int, *, user_agent: str, address: str) -> str:
    """Open a session and return its token; the user's expired ones are cleared away."""
    now = clock.now()
    expired = sa.or_(UserSession.seen_at <= now - SESSION_IDLE, UserSession.created_at <= now - SESSION_LONGEST)
    db.session.execute(sa.delete(UserSession).where(UserSession.user_id == user_id, expired))
    token = new_token()
    db.session.add(
        UserSession(token_hash=token_hash(token), user_id=user_id, user_agent=user_agent[:300], address=address[:45])
    )
    db.session.flush()
    return token


def end_session(user_id: int, session_id: int) -> bool:
    """End one session of the user's own; False where it had ended already."""
    statement = sa.delete(UserSession).where(UserSession.id == session_id, UserSession.user_id == user_id)
    return bool(db.session.execute(statement.returning(UserSession.id)).all())


def end_sessions(user_id: int, *, except_id: int | None = None) -> int:
    """End all sessions of a user, but for one if asked; the number ended is returned."""
    statement = sa.delete(UserSession).where(UserSession.user_id == user_id)
    if except_id is not None:
        statement = statement.where(UserSession.id != except_id)
    return len(db.session.execute(statement.returning(UserSession.id)).all())


def mark_seen(session_id: int) -> None:
    """Note that the session is in use."""
    db.session.execute(sa.update(UserSession).where(UserSession.id == session_id).values(seen_at=clock.now()))


def rehash_password(user_id: int, password: str) -> None:
    """Keep the same password under today's parameters."""
    db.session.get_one(User, user_id).password_hash = passwords.hash_password(password)
    db.session.flush()
