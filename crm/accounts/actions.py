"""Writing accounts: users and teams, sessions begun and ended, passwords changed."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from crm import clock
from crm.accounts import passwords
from crm.accounts.models import SESSION_IDLE, SESSION_LONGEST, AccountToken, Team, User, UserSession
from crm.accounts.tokens import new_token, token_hash
from crm.extensions import db
from crm.policy import Role
from crm.unit_of_work import current_unit_of_work


class EmailTaken(Exception):
    """Another user has this address."""


class TeamNameTaken(Exception):
    """Another team has this name."""


class LastAdministrator(Exception):
    """Nobody would be left to administer the product."""


def _note(name: str, value: int) -> None:
    """Sum up in the trail what its tables do not record row by row."""
    current_unit_of_work().notes[name] = value


def team_named(name: str) -> Team:
    """The team of that name, made where there is none."""
    team = db.session.scalar(sa.select(Team).where(Team.name == name.strip()))
    return team or create_team(name)


def create_team(name: str) -> Team:
    """Add a team. Raises TeamNameTaken."""
    team = Team(name=name.strip())
    db.session.add(team)
    try:
        db.session.flush()
    except IntegrityError:
        raise TeamNameTaken from None
    return team


def rename_team(team_id: int, name: str) -> None:
    """Give a team another name. Raises TeamNameTaken."""
    db.session.get_one(Team, team_id).name = name.strip()
    try:
        db.session.flush()
    except IntegrityError:
        raise TeamNameTaken from None


def create_user(email: str, name: str, role: Role, team_name: str, password: str | None) -> User:
    """Add a user; without a password they can only come in by an invitation. Raises EmailTaken."""
    user = User(
        email=email.strip().lower(),
        name=name.strip(),
        role=role,
        team=team_named(team_name),
        password_hash=passwords.hash_password(password) if password else None,
    )
    db.session.add(user)
    try:
        db.session.flush()
    except IntegrityError:
        raise EmailTaken from None
    return user


def _keep_an_administrator(user: User) -> None:
    """Refuse to go on if `user` is the last who can administer; the rows are locked until the commit."""
    administrators = db.session.scalars(
        sa.select(User.id)
        .where(User.role == Role.ADMIN, User.active, User.password_hash.is_not(None))
        .with_for_update()
    ).all()
    if list(administrators) == [user.id]:
        raise LastAdministrator


def change_user(user_id: int, *, name: str, role: Role, team_id: int, active: bool) -> User:
    """Change what an administrator decides about a user. Raises LastAdministrator.

    Who may not sign in any more is out at once: sessions end, and links sent by mail open nothing.
    """
    user = db.session.get_one(User, user_id)
    if role is not Role.ADMIN or not active:
        _keep_an_administrator(user)
    user.name, user.role, user.team, user.active = name.strip(), role, db.session.get_one(Team, team_id), active
    if not active:
        end_sessions(user_id)
        spend_tokens(user_id)
    db.session.flush()
    return user


def change_profile(user_id: int, *, name: str, language: str, timezone: str) -> None:
    """Change what a user says about themselves."""
    user = db.session.get_one(User, user_id)
    user.name, user.language, user.timezone = name.strip(), language, timezone
    db.session.flush()


def set_password(user_id: int, password: str, *, keep_session: int | None = None) -> None:
    """Give a user a new password. Every session ends but the one to keep, and no link sent before opens anything."""
    db.session.get_one(User, user_id).password_hash = passwords.hash_password(password)
    spend_tokens(user_id)
    end_sessions(user_id, keep=keep_session)
    db.session.flush()


def rehash_password(user_id: int, password: str) -> None:
    """Keep the same password under today's parameters."""
    db.session.get_one(User, user_id).password_hash = passwords.hash_password(password)
    db.session.flush()


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
    _note("sessions begun", 1)
    return token


def end_session(user_id: int, session_id: int) -> bool:
    """End one session of the user's own; False where it had ended already."""
    statement = sa.delete(UserSession).where(UserSession.id == session_id, UserSession.user_id == user_id)
    ended = bool(db.session.execute(statement.returning(UserSession.id)).all())
    if ended:
        _note("sessions ended", 1)
    return ended


def end_sessions(user_id: int, *, keep: int | None = None) -> int:
    """End all sessions of a user, but for one if asked; the number ended is returned."""
    statement = sa.delete(UserSession).where(UserSession.user_id == user_id)
    if keep is not None:
        statement = statement.where(UserSession.id != keep)
    ended = len(db.session.execute(statement.returning(UserSession.id)).all())
    if ended:
        _note("sessions ended", ended)
    return ended


def mark_seen(session_id: int) -> None:
    """Note that the session is in use."""
    db.session.execute(sa.update(UserSession).where(UserSession.id == session_id).values(seen_at=clock.now()))


def spend_tokens(user_id: int) -> None:
    """Make every link sent to the user worthless."""
    db.session.execute(
        sa.update(AccountToken)
        .where(AccountToken.user_id == user_id, AccountToken.used_at.is_(None))
        .values(used_at=clock.now())
    )
