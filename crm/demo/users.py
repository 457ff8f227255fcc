"""The demo's users, one of each role, and the password they share."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from crm.accounts.actions import create_user
from crm.accounts.models import User
from crm.extensions import db
from crm.policy import Role

# Known to the whole world: the demo is never loaded in production.
PASSWORD = "migrants have rights"  # noqa: S105
TEAM = "Brussels team"


@dataclass(frozen=True)
class DemoUser:
    """Somebody to sign in as."""

    email: str
    name: str
    role: Role


USERS = (
    DemoUser("lead@ratify.example", "Mireille Okafor-Lindqvist", Role.LEAD),
    DemoUser("officer@ratify.example", "Tomás Albarracín", Role.OFFICER),
    DemoUser("translator@ratify.example", "Anahit Petrova-Silva", Role.TRANSLATOR),
    DemoUser("viewer@ratify.example", "Kofi Brandtner", Role.VIEWER),
    DemoUser("admin@ratify.example", "Noor Haddad-Visser", Role.ADMIN),
)


def create_users() -> dict[Role, User]:
    """Add them all."""
    return {user.role: create_user(user.email, user.name, user.role, TEAM, PASSWORD) for user in USERS}


def no_users_yet() -> bool:
    """Whether nobody can sign in: the mark of a first start."""
    return db.session.scalar(sa.select(User.id).limit(1)) is None


def demo_users_exist() -> bool:
    """Whether the demo was loaded here and its lead has not been renamed or removed."""
    return db.session.scalar(sa.select(User.id).where(User.email == USERS[0].email, User.active)) is not None
