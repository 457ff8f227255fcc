"""The routes of accounts, all in one table."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_limiter import RateLimitExceeded

from crm.accounts import administration, doors, own_account, password_links

blueprint = Blueprint("accounts", __name__)

_FORM = ("GET", "POST")
for rule, view, methods in (
    ("/sign-in", doors.sign_in, _FORM),
    ("/sign-out", doors.sign_out, ("POST",)),
    ("/language", doors.choose_language, ("POST",)),
    ("/forgotten-password", password_links.forgotten_password, _FORM),
    ("/choose-password/<token>", password_links.choose_password, _FORM),
    ("/account", own_account.account, ("GET",)),
    ("/account", own_account.change_profile, ("POST",)),
    ("/account/password", own_account.change_password, ("POST",)),
    ("/account/sessions/<int:session_id>/end", own_account.end_session, ("POST",)),
    ("/account/sessions/end", own_account.end_sessions, ("POST",)),
    ("/users", administration.users, ("GET",)),
    ("/users/invite", administration.invite, _FORM),
    ("/users/<int:user_id>", administration.user, _FORM),
    ("/users/<int:user_id>/invite", administration.invite_again, ("POST",)),
    ("/teams", administration.teams, _FORM),
    ("/teams/<int:team_id>", administration.team, _FORM),
):
    blueprint.add_url_rule(rule, view_func=view, methods=methods)

# The page that a limit was hit on answers itself, and keeps what was typed.
_LIMITED = {
    "accounts.sign_in": doors.too_many_sign_ins,
    "accounts.forgotten_password": password_links.too_many_mails,
    "accounts.change_password": own_account.too_many_password_changes,
}


@blueprint.errorhandler(RateLimitExceeded)
def too_many_attempts(_error: RateLimitExceeded) -> ResponseReturnValue:
    """The page that was asked for, saying how long to wait."""
    return _LIMITED[request.endpoint or ""]()
