"""Who may do and see what: roles and permissions, the guard that asks before every request, and rows of teams."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Flask, abort, current_app, has_request_context, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.orm import InstrumentedAttribute

from crm.database import Base
from crm.web import is_partial

View = TypeVar("View", bound=Callable[..., Any])


class Role(StrEnum):
    """What a person is in the team."""

    ADMIN = "admin"
    LEAD = "lead"
    OFFICER = "officer"
    TRANSLATOR = "translator"
    VIEWER = "viewer"


class Permission(StrEnum):
    """What a route may ask for."""

    SIGNED_IN = "signed in"  # own account
    READ = "read"  # directory, campaigns, letters, reports
    WRITE_LETTERS = "write letters"  # templates and wordings
    LOBBY = "lobby"  # contacts, targets, history, mailings
    IMPORT = "import rosters"
    EXPORT = "export contacts"  # personal data leaves the house, on record
    APPROVE = "approve mailings"
    LEAD = "lead campaigns"  # create and change campaigns, read the audit trail
    ADMINISTER = "administer"  # users, teams, the outbox


_READER = frozenset({Permission.SIGNED_IN, Permission.READ})
_OFFICER = _READER | {Permission.WRITE_LETTERS, Permission.LOBBY, Permission.IMPORT, Permission.EXPORT}
POLICY: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _READER,
    Role.TRANSLATOR: _READER | {Permission.WRITE_LETTERS},
    Role.OFFICER: _OFFICER,
    Role.LEAD: _OFFICER | {Permission.APPROVE, Permission.LEAD},
    Role.ADMIN: frozenset(Permission),
}


def requires(permission: Permission) -> Callable[[View], View]:
    """Mark a view as open to the roles that hold `permission`."""

    def mark(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """Mark a view as open to everyone."""
    view.public = True  # type: ignore[attr-defined]
    return view


def can(permission: Permission | str) -> bool:
    """Whether the signed-in user's role holds the permission."""
    return bool(current_user.is_authenticated) and Permission(permission) in POLICY[current_user.role]


def visible_to(
    team: sa.ColumnElement[int | None] | InstrumentedAttribute[int | None],
    reader: int | sa.ColumnElement[Any] | None,
) -> sa.ColumnElement[bool]:
    """Rows that the reader's team may see, by the column that says whose they are: everybody's (null), and its own.

    The one rule for what teams keep to themselves: every list, count, search and export goes by it. A reader of None
    stands for nobody's team, and so for everybody's rows alone.
    """
    return team.is_(None) if reader is None else sa.or_(team.is_(None), team == reader)


def visible_rows(model: type[Base], reader: int | None) -> sa.ColumnElement[bool]:
    """Rows of any table that the reader's team may see: the table itself says which are somebody's alone."""
    if model.__team_of__ is None:
        return sa.true()
    column = model.__table__.c[model.__team_of__]
    if column.name == "team_id":
        return visible_to(column, reader)
    parent = next(iter(column.foreign_keys)).column.table
    return column.in_(sa.select(parent.c.id).where(visible_to(parent.c.team_id, reader)))


def actor() -> str:
    """The signed-in user as the audit's opaque actor."""
    return f"user:{current_user.id}"


def permission_of_request() -> Permission | None:
    """What the running request's view asks for; None outside of a request and for public views."""
    view = current_app.view_functions.get(request.endpoint or "") if has_request_context() else None
    return getattr(view, "permission", None)


def _guard() -> ResponseReturnValue | None:
    view: Any = current_app.view_functions.get(request.endpoint or "")
    if view is None or request.endpoint == "static" or getattr(view, "public", False):
        return None
    if not current_user.is_authenticated:
        # A partial gets a plain 401: the sign-in page must not land inside a table.
        if is_partial():
            abort(401)
        wanted = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("accounts.sign_in", next=wanted))
    if not can(getattr(view, "permission", Permission.ADMINISTER)):
        abort(403)
    return None


def init_app(app: Flask) -> None:
    """Guard every route; an unmarked one is open to administrators alone."""
    app.before_request(_guard)
    app.jinja_env.globals.update(can=can, Permission=Permission)
