"""Applying an import, and taking it back."""

from __future__ import annotations

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user

from crm.policy import Permission, actor, requires
from crm.roster_import import actions
from crm.roster_import.views.blueprint import blueprint, explain, import_or_404, may_undo
from crm.unit_of_work import unit_of_work
from crm.web import toast


@blueprint.post("/imports/<int:import_id>/apply")
@requires(Permission.IMPORT)
def apply(import_id: int) -> ResponseReturnValue:
    """Ask the desk worker to apply an import."""
    import_or_404(import_id)
    try:
        with unit_of_work("ask for import", actor=actor()):
            actions.request_application(import_id, confirmed="confirmed" in request.form, apart="apart" in request.form)
    except actions.QuestionsOpen as questions:
        toast(
            ngettext(
                "Nothing was changed: %(num)d question is open. Answer it, or say that the line stays apart.",
                "Nothing was changed: %(num)d questions are open. Answer them, or say that the lines stay apart.",
                questions.number,
            ),
            category="error",
        )
    except actions.AlarmUnconfirmed:
        toast(gettext("Nothing was changed: tick that you have checked the file first."), category="error")
    except actions.MoveRefused as refusal:
        explain(refusal)
    return redirect(url_for("roster_import.review", import_id=import_id))


@blueprint.post("/imports/<int:import_id>/undo")
@requires(Permission.IMPORT)
def undo_import(import_id: int) -> ResponseReturnValue:
    """Take everything back that an import has changed, or say why it has to stay."""
    found = import_or_404(import_id)
    if not may_undo(found):
        abort(403)
    if found.change_set_id is None:
        abort(404, gettext("This import has changed nothing."))
    try:
        with unit_of_work("ask for undo of import", actor=actor()):
            actions.request_undo(import_id, current_user.id)
    except actions.MoveRefused as refusal:
        explain(refusal)
    return redirect(url_for("roster_import.review", import_id=import_id))
