"""Administering users and teams: invitations, roles, who may sign in."""

from __future__ import annotations

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from crm.accounts import actions, links, queries
from crm.accounts.forms import ROLE_NAMES, EditUserForm, InvitationForm, TeamForm
from crm.accounts.models import Team, User
from crm.extensions import db
from crm.policy import Permission, Role, actor, requires
from crm.unit_of_work import unit_of_work
from crm.web import toast


def _team_choices() -> list[tuple[int, str]]:
    return [(team.id, team.name) for team in queries.teams()]


def _user_or_404(user_id: int) -> User:
    return db.session.get(User, user_id) or abort(404)


@requires(Permission.ADMINISTER)
def users() -> ResponseReturnValue:
    """Everybody with an account, by name."""
    page = queries.users_page(request.args.get("cursor"))
    return render_template("accounts/users.html", page=page, role_names=ROLE_NAMES)


@requires(Permission.ADMINISTER)
def invite() -> ResponseReturnValue:
    """Invite a colleague: they get a link and choose their own password."""
    form = InvitationForm(_team_choices(), role=Role.OFFICER, team_id=current_user.team_id)
    if not form.validate_on_submit():
        return render_template("accounts/invite.html", form=form), 422 if form.is_submitted() else 200
    try:
        with unit_of_work("invite user", actor=actor()):
            team = db.session.get_one(Team, form.team_id.data)
            user = actions.create_user(form.email.data or "", form.name.data or "", form.role.data, team.name, None)
            user.language = current_user.language
            links.send_invitation(user, invited_by=current_user.name)
    except actions.EmailTaken:
        form.email.errors = [gettext("Somebody with this address has an account already.")]
        return render_template("accounts/invite.html", form=form), 422
    toast(gettext("The invitation is on its way."))
    return redirect(url_for("accounts.users"))


@requires(Permission.ADMINISTER)
def user(user_id: int) -> ResponseReturnValue:
    """Change a user's name, role, team, and whether they may sign in."""
    found = _user_or_404(user_id)
    form = EditUserForm(_team_choices(), name=found.name, role=found.role, team_id=found.team_id, active=found.active)

    def page(status: int) -> ResponseReturnValue:
        return render_template("accounts/user.html", form=form, user=_user_or_404(user_id)), status

    if not form.validate_on_submit():
        return page(422 if form.is_submitted() else 200)
    try:
        with unit_of_work("change user", actor=actor()):
            actions.change_user(
                user_id,
                name=form.name.data or "",
                role=form.role.data,
                team_id=form.team_id.data,
                active=form.active.data,
            )
    except actions.LastAdministrator:
        form.role.errors = [gettext("This is the last administrator: make somebody else one first.")]
        return page(422)
    toast(gettext("Saved."))
    return redirect(url_for("accounts.users"))


@requires(Permission.ADMINISTER)
def invite_again(user_id: int) -> ResponseReturnValue:
    """Send the invitation once more, with a new link."""
    found = _user_or_404(user_id)
    if not found.active or found.password_hash is not None:
        abort(409, gettext("Only who is still to choose a first password can be invited again."))
    with unit_of_work("invite user again", actor=actor()):
        links.send_invitation(_user_or_404(user_id), invited_by=current_user.name)
    toast(gettext("The invitation is on its way."))
    return redirect(url_for("accounts.users"))


@requires(Permission.ADMINISTER)
def teams() -> ResponseReturnValue:
    """All teams, and a form for one more."""
    form = TeamForm()
    status = 200
    if form.validate_on_submit():
        try:
            with unit_of_work("add team", actor=actor()):
                actions.create_team(form.name.data or "")
        except actions.TeamNameTaken:
            form.name.errors = [gettext("There is a team of this name already.")]
        else:
            return redirect(url_for("accounts.teams"))
    if form.is_submitted():
        status = 422
    return render_template("accounts/teams.html", form=form, teams=queries.teams()), status


@requires(Permission.ADMINISTER)
def team(team_id: int) -> ResponseReturnValue:
    """Rename a team."""
    found = db.session.get(Team, team_id) or abort(404)
    form = TeamForm(obj=found)
    if form.validate_on_submit():
        try:
            with unit_of_work("rename team", actor=actor()):
                actions.rename_team(team_id, form.name.data or "")
        except actions.TeamNameTaken:
            form.name.errors = [gettext("There is a team of this name already.")]
        else:
            toast(gettext("Saved."))
            return redirect(url_for("accounts.teams"))
    return render_template("accounts/team.html", form=form, team_id=team_id), 422 if form.is_submitted() else 200
