"""Sessions on the server: flask-login's id is the session's token, so ending the row ends every copied cookie."""

from __future__ import annotations

from flask import Flask, request, session
from flask_login import current_user, login_user
from sqlalchemy.exc import OperationalError

from crm import clock
from crm.accounts import actions, queries
from crm.accounts.models import SESSION_SEEN_STEP
from crm.extensions import login_manager
from crm.policy import actor
from crm.unit_of_work import unit_of_work


def sign_in(user_id: int) -> None:
    """Begin a session for this browser, inside the running unit of work; whatever it had before is dropped."""
    token = actions.begin_session(
        user_id, user_agent=request.user_agent.string, address=request.remote_addr or "unknown"
    )
    user = queries.user_of_session(token)
    # A cookie planted before sign-in is worth nothing after it (session fixation).
    session.clear()
    login_user(user)


def _mark_seen() -> None:
    if request.endpoint in (None, "static") or not current_user.is_authenticated:
        return
    if clock.now() - current_user.seen_at < SESSION_SEEN_STEP:
        return
    try:
        with unit_of_work("mark session seen", actor=actor(), wait=False, durable=False):
            actions.mark_seen(current_user.session_id)
    except OperationalError:
        # A long import holds SQLite's one write lock: the next request tries again.
        return


def init_app(app: Flask) -> None:
    """Bind flask-login to sessions on the server."""
    login_manager.init_app(app)
    login_manager.session_protection = None  # the row on the server protects the session, not the browser's name
    login_manager.user_loader(queries.user_of_session)
    app.before_request(_mark_seen)
