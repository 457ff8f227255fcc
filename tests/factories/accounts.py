"""Users and signed-in clients."""

from __future__ import annotations

import itertools

from flask.testing import FlaskClient

from crm.accounts import actions
from crm.accounts.models import User
from crm.policy import Role
from crm.unit_of_work import unit_of_work

PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)


def make_user(
    role: Role = Role.OFFICER,
    *,
    email: str | None = None,
    name: str | None = None,
    team: str = "Campaigns",
    password: str | None = PASSWORD,
) -> User:
    """A user of the role; address and name are made up where none are given."""
    number = next(_numbers)
    email = email or f"{role.value}{number}@team.example"
    with unit_of_work("make user", actor="test"):
        user = actions.create_user(email, name or f"{role.value.title()} {number}", role, team, password)
        # Tests say "today" at any hour: the reader's day is theirs.
        user.timezone = "UTC"
        return user


def sign_in(client: FlaskClient, user: User) -> FlaskClient:
    """Sign the client in without its form: a session on the server, its token in the cookie. The client is returned."""
    user_id = user.id
    with unit_of_work("sign in", actor="test"):
        token = actions.begin_session(user_id, user_agent="tests", address="127.0.0.1")
    with client.session_transaction() as session:
        session.clear()
        session["_user_id"] = token
        session["_fresh"] = True
    return client
