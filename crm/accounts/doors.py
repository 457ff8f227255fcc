"""Coming in and going out: the sign-in form, sign-out, and the language of who is not signed in."""

from __future__ import annotations

from flask import make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user

from crm import i18n
from crm.accounts import actions, attempts, passwords, queries, sessions
from crm.accounts.forms import SignInForm
from crm.accounts.models import User
from crm.policy import Permission, actor, public, requires
from crm.unit_of_work import unit_of_work
from crm.web import own_page

HOME = "/"


def _user_with(email: str, password: str) -> User | None:
    """The active user whose password fits; the same work is done where there is no such user."""
    user = queries.user_by_email(email)
    fits = passwords.verify(user.password_hash if user else None, password)
    return user if user is not None and user.active and fits else None


def _sign_in_page(form: SignInForm, status: int) -> ResponseReturnValue:
    return render_template("accounts/sign_in.html", form=form, next=own_page(request.args.get("next"))), status


@public
@attempts.limit_sign_in
def sign_in() -> ResponseReturnValue:
    """The sign-in page."""
    wanted = own_page(request.args.get("next")) or HOME
    if current_user.is_authenticated:
        return redirect(wanted)
    form = SignInForm()
    if not form.validate_on_submit():
        return _sign_in_page(form, 422 if form.is_submitted() else 200)
    email, password = form.email.data or "", form.password.data or ""
    user = _user_with(email, password)
    if user is None:
        form.password.errors = [gettext("This e-mail address and password do not go together.")]
        return _sign_in_page(form, 401)
    user_id, outdated = user.id, passwords.is_outdated(user.password_hash or "")
    with unit_of_work("sign in", actor=f"user:{user_id}"):
        if outdated:
            actions.rehash_password(user_id, password)
        sessions.sign_in(user_id)
    response = make_response(redirect(wanted))
    attempts.remember_browser(response, email)
    return response


def too_many_sign_ins() -> ResponseReturnValue:
    """The sign-in page for who has to wait; what was typed stays."""
    form = SignInForm()
    minutes = attempts.minutes_to_wait()
    form.password.errors = [
        ngettext(
            "Too many attempts. Wait a minute, or reset your password.",
            "Too many attempts. Wait %(num)s minutes, or reset your password.",
            minutes,
        )
    ]
    return _sign_in_page(form, 429)


@requires(Permission.SIGNED_IN)
def sign_out() -> ResponseReturnValue:
    """End this session; a copy of its cookie is dead with it."""
    with unit_of_work("sign out", actor=actor()):
        actions.end_session(current_user.id, current_user.session_id)
    session.clear()
    return redirect(url_for("accounts.sign_in"))


@public
def choose_language() -> ResponseReturnValue:
    """Keep a reader's choice of language and go back to the page it was made on."""
    i18n.choose_language(request.form.get("language", ""))
    return redirect(own_page(request.form.get("next")) or HOME)
