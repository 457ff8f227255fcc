"""One's own account: name, language, time zone, password, and where one is signed in."""

from __future__ import annotations

from flask import redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from crm import i18n
from crm.accounts import actions, attempts, passwords, queries
from crm.accounts.browsers import browser_name
from crm.accounts.forms import ChangePasswordForm, ProfileForm
from crm.accounts.models import User
from crm.extensions import db
from crm.policy import Permission, actor, requires
from crm.unit_of_work import unit_of_work
from crm.web import toast


def _account_page(
    profile: ProfileForm | None = None, password: ChangePasswordForm | None = None, status: int = 200
) -> ResponseReturnValue:
    profile = profile or ProfileForm(
        name=current_user.name, language=current_user.language, timezone=current_user.timezone
    )
    return (
        render_template(
            "accounts/account.html",
            profile=profile,
            password=password or ChangePasswordForm(),
            sessions=queries.sessions_of(current_user.id),
            browser_name=browser_name,
        ),
        status,
    )


@requires(Permission.SIGNED_IN)
def account() -> ResponseReturnValue:
    """The page of one's own account."""
    return _account_page()


@requires(Permission.SIGNED_IN)
def change_profile() -> ResponseReturnValue:
    """Keep name, language and time zone."""
    form = ProfileForm()
    if not form.validate_on_submit():
        return _account_page(profile=form, status=422)
    with unit_of_work("change own account", actor=actor()):
        actions.change_profile(
            current_user.id, name=form.name.data or "", language=form.language.data, timezone=form.timezone.data
        )
    i18n.choose_language(form.language.data)
    toast(gettext("Saved."))
    return redirect(url_for("accounts.account"))


@requires(Permission.SIGNED_IN)
@attempts.limit_password_changes
def change_password() -> ResponseReturnValue:
    """Change the password; every other session ends."""
    form = ChangePasswordForm(current_user.name, current_user.email)
    if not form.validate_on_submit():
        return _account_page(password=form, status=422)
    if not passwords.verify(db.session.get_one(User, current_user.id).password_hash, form.password.data or ""):
        form.password.errors = [gettext("This is not your present password.")]
        return _account_page(password=form, status=401)
    with unit_of_work("change own password", actor=actor()):
        actions.set_password(current_user.id, form.new_password.data or "", keep_session=current_user.session_id)
    toast(gettext("Your password is changed; everywhere else you are signed out."))
    return redirect(url_for("accounts.account"))


def too_many_password_changes() -> ResponseReturnValue:
    """The account page for who has guessed too often."""
    form = ChangePasswordForm(current_user.name, current_user.email)
    form.password.errors = [gettext("Too many attempts: wait a quarter of an hour.")]
    return _account_page(password=form, status=429)


@requires(Permission.SIGNED_IN)
def end_session(session_id: int) -> ResponseReturnValue:
    """Sign out one of one's own browsers."""
    with unit_of_work("end session", actor=actor()):
        actions.end_session(current_user.id, session_id)
    if session_id == current_user.session_id:
        session.clear()
        return redirect(url_for("accounts.sign_in"))
    toast(gettext("That browser is signed out."))
    return redirect(url_for("accounts.account"))


@requires(Permission.SIGNED_IN)
def end_sessions() -> ResponseReturnValue:
    """Sign out everywhere, here too."""
    with unit_of_work("sign out everywhere", actor=actor()):
        actions.end_sessions(current_user.id)
    session.clear()
    toast(gettext("You are signed out everywhere."))
    return redirect(url_for("accounts.sign_in"))
