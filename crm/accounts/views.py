"""The doors: signing in and out."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from crm.accounts import actions, passwords, queries, sessions
from crm.accounts.forms import SignInForm
from crm.accounts.models import User
from crm.accounts.next_page import own_page
from crm.policy import Permission, actor, public, requires
from crm.unit_of_work import unit_of_work

blueprint = Blueprint("accounts", __name__)

HOME = "/"


def _user_with(email: str, password: str) -> User | None:
    """The active user whose password fits; the same work is done where there is no such user."""
    user = queries.user_by_email(email)
    fits = passwords.verify(user.password_hash if user else None, password)
    return user if user is not None and user.active and fits else None


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    """The sign-in page."""
    wanted = own_page(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(wanted or HOME)
    form = SignInForm()
    if not form.validate_on_submit():
        status = 422 if form.is_submitted() else 200
        return render_template("accounts/sign_in.html", form=form, next=wanted), status
    password = form.password.data or ""
    user = _user_with(form.email.data or "", password)
    if user is None:
        form.password.errors = [gettext("This e-mail address and password do not go together.")]
        return render_template("accounts/sign_in.html", form=form, next=wanted), 401
    user_id = user.id
    outdated = passwords.is_outdated(user.password_hash or "")
    with unit_of_work("sign in", actor=f"user:{user_id}") as work:
        if outdated:
            actions.rehash_password(user_id, password)
        sessions.sign_in(user_id)
        work.notes["sessions"] = 1
    return redirect(wanted or HOME)


@blueprint.post("/sign-out")
@requires(Permission.SIGNED_IN)
def sign_out() -> ResponseReturnValue:
    """End this session; a copy of its cookie is dead with it."""
    with unit_of_work("sign out", actor=actor()) as work:
        actions.end_session(current_user.id, current_user.session_id)
        work.notes["sessions"] = 1
    session.clear()
    return redirect(url_for("accounts.sign_in"))
