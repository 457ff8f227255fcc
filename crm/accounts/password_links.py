"""Choosing a password by a link from a mail: asking for the link, and following it."""

from __future__ import annotations

from flask import make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from crm.accounts import actions, attempts, links, queries
from crm.accounts.forms import ChoosePasswordForm, ForgottenPasswordForm
from crm.policy import public
from crm.unit_of_work import unit_of_work
from crm.web import toast


@public
@attempts.limit_mails
def forgotten_password() -> ResponseReturnValue:
    """Ask for a link; the answer is the same whether or not there is such an account."""
    form = ForgottenPasswordForm()
    if not form.validate_on_submit():
        return render_template("accounts/forgotten_password.html", form=form), 422 if form.is_submitted() else 200
    email = form.email.data or ""
    with unit_of_work("ask for a new password", actor="anonymous"):
        links.send_password_reset(queries.user_by_email(email))
    return render_template("accounts/link_sent.html", email=email)


def too_many_mails() -> ResponseReturnValue:
    """The same page for who has asked too often; what was typed stays."""
    form = ForgottenPasswordForm()
    form.email.errors = [gettext("Several links were asked for already: look into the mailbox, or wait an hour.")]
    return render_template("accounts/forgotten_password.html", form=form), 429


@public
def choose_password(token: str) -> ResponseReturnValue:
    """Choose a password. Only sending the form spends the link, and only with a password that is kept."""
    user = links.user_of_link(token)
    if user is None:
        return render_template("accounts/link_spent.html"), 410
    form = ChoosePasswordForm(user.name, user.email)
    email, name = user.email, user.name
    if not form.validate_on_submit():
        status = 422 if form.is_submitted() else 200
        return render_template("accounts/choose_password.html", form=form, token=token, name=name, email=email), status
    with unit_of_work("choose a password", actor=f"user:{user.id}"):
        user_id = links.spend_link(token)
        if user_id is not None:
            actions.set_password(user_id, form.new_password.data or "")
    if user_id is None:
        return render_template("accounts/link_spent.html"), 410
    toast(gettext("Your password is set: sign in with it."))
    response = make_response(redirect(url_for("accounts.sign_in")))
    # Who reads the account's mail is no stranger to it, on this browser either.
    attempts.remember_browser(response, email)
    return response
