"""What a reader sets up for the list: columns of their own, saved views, theirs and the team's."""

from __future__ import annotations

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from crm.exports.list_columns import read_columns
from crm.extensions import db
from crm.overview import actions
from crm.overview.list_state import ListState
from crm.overview.models import SavedView
from crm.overview.views.blueprint import blueprint
from crm.policy import Permission, actor, can, requires
from crm.unit_of_work import unit_of_work
from crm.web import toast

_NAME_LENGTH = 80


def _state() -> ListState:
    """The state of the list the form stood on, sent along in hidden fields."""
    return ListState.from_args(request.form, current_user.team_id)


def _to_list(args: dict[str, str]) -> ResponseReturnValue:
    return redirect(url_for("overview.contacts", **args))  # type: ignore[arg-type]


@blueprint.post("/contacts/columns")
@requires(Permission.READ)
def choose_columns() -> ResponseReturnValue:
    """Keep the ticked columns; on a list that names its columns they are part of its address instead."""
    state = _state()
    chosen = () if "usual" in request.form else read_columns(",".join(request.form.getlist("column")))
    if state.columns:
        return _to_list(state.to_args(columns=",".join(chosen)))
    with unit_of_work("choose columns", actor=actor()):
        actions.choose_columns(current_user.id, chosen)
    return _to_list(state.to_args())


def _name() -> str | None:
    name = " ".join(request.form.get("name", "").split())[:_NAME_LENGTH]
    if not name:
        toast(gettext("Nothing was saved: give the view a name."), category="error")
    return name or None


def _taken(name: str) -> None:
    toast(gettext("You have a view called “%(name)s” already: choose another name.", name=name), category="error")


def _team() -> int | None:
    return int(current_user.team_id) if request.form.get("shared") else None


@blueprint.post("/contacts/views")
@requires(Permission.READ)
def save_view() -> ResponseReturnValue:
    """Keep what the list shows under a name."""
    state = _state()
    name = _name()
    if name is None:
        return _to_list(state.to_args())
    kept = state.kept_args() | {"columns": ",".join(read_columns(",".join(request.form.getlist("shown"))))}
    try:
        with unit_of_work("save view", actor=actor()) as work:
            view_id = actions.save_view(current_user.id, name, kept, team_id=_team()).id
    except actions.NameTaken:
        _taken(name)
        return _to_list(state.to_args())
    toast(gettext("The view “%(name)s” is saved.", name=name), undo=work.change_set_id)
    return _to_list({**kept, "view": str(view_id)})


def _view_to_change(view_id: int) -> SavedView:
    """A view of the reader's own, or of the team where the reader leads it; to everybody else there is none."""
    view = db.session.get(SavedView, view_id)
    own = view is not None and view.user_id == current_user.id
    leads = view is not None and view.team_id == current_user.team_id and can(Permission.LEAD)
    if view is None or not (own or leads):
        abort(404, gettext("There is no such view, or it is somebody else's."))
    return view


@blueprint.post("/contacts/views/<int:view_id>")
@requires(Permission.READ)
def change_view(view_id: int) -> ResponseReturnValue:
    """Rename a view, share it or keep it to oneself, or let it show what the list shows now."""
    state = _state()
    view = _view_to_change(view_id)
    kept = dict(view.args)
    name = _name()
    if name is None:
        return _to_list(state.to_args())
    try:
        with unit_of_work("change view", actor=actor()) as work:
            view = _view_to_change(view_id)
            if "keep" in request.form:
                kept = state.kept_args()
                actions.keep_in_view(view, kept)
            else:
                # Whoever leads the team may rename a colleague's view; it stays with the team they share.
                actions.update_view(view, name=name, team_id=_team())
    except actions.NameTaken:
        _taken(name)
        return _to_list(state.to_args())
    toast(
        gettext("Saved.") if work.change_set_id else gettext("Nothing was changed."),
        undo=work.change_set_id,
        category="success" if work.change_set_id else "info",
    )
    return _to_list(state.to_args())


@blueprint.post("/contacts/views/<int:view_id>/delete")
@requires(Permission.READ)
def delete_view(view_id: int) -> ResponseReturnValue:
    """Forget a view; the contacts stay."""
    name = _view_to_change(view_id).name
    with unit_of_work("delete view", actor=actor()) as work:
        actions.delete_view(_view_to_change(view_id))
    toast(gettext("The view “%(name)s” is gone.", name=name), undo=work.change_set_id)
    return redirect(url_for("overview.contacts"))
