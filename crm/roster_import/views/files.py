"""The list of imports, a new file, where its reading stands, and dropping it."""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from crm.policy import Permission, actor, requires
from crm.roster_import import actions, queries, uploads
from crm.roster_import.forms import UploadForm
from crm.roster_import.models import REVIEWED, UNREAD, WAITING, RowKind
from crm.roster_import.readers import MAX_BYTES
from crm.roster_import.views.blueprint import back, blueprint, explain, import_or_404, status_of
from crm.unit_of_work import unit_of_work
from crm.web import toast


@blueprint.get("/imports")
@requires(Permission.IMPORT)
def imports() -> ResponseReturnValue:
    """Every import, the latest first."""
    return render_template(
        "roster_import/imports.html",
        page=queries.imports(request.args.get("cursor")),
        RowKind=RowKind,
        unread=UNREAD,
        reviewed=REVIEWED,
    )


@blueprint.route("/imports/new", methods=["GET", "POST"])
@requires(Permission.IMPORT)
def upload() -> ResponseReturnValue:
    """Choose a file; the desk worker reads and compares it, and nothing is changed yet."""
    form = UploadForm()
    if form.validate_on_submit():
        stored_name = uploads.keep(form.file.data.stream)
        file_name = uploads.readable_name(form.file.data.filename)
        try:
            with unit_of_work("bring import", actor=actor()):
                import_id = actions.bring(
                    file_name, stored_name=stored_name, asked=form.asked, user_id=current_user.id
                ).id
        except BaseException:
            uploads.forget(stored_name)
            raise
        return redirect(url_for("roster_import.review", import_id=import_id))
    status = 422 if form.is_submitted() else 200
    return render_template("roster_import/upload.html", form=form, limit=MAX_BYTES // 1024 // 1024), status


@blueprint.get("/imports/<int:import_id>/status")
@requires(Permission.IMPORT)
def status(import_id: int) -> ResponseReturnValue:
    """Where an import stands, as a piece of its page; asked again and again while it waits."""
    found = import_or_404(import_id)
    answer: Response = make_response(render_template("roster_import/status.html", live=True, **status_of(found)))
    if found.state not in WAITING:
        answer.headers["X-Poll"] = "stop"
    return answer


@blueprint.post("/imports/<int:import_id>/discard")
@requires(Permission.IMPORT)
def discard(import_id: int) -> ResponseReturnValue:
    """Drop an import, with its file."""
    found = import_or_404(import_id)
    try:
        with unit_of_work("discard import", actor=actor()):
            actions.discard(import_id)
    except actions.MoveRefused as refusal:
        explain(refusal)
        return back(import_id)
    uploads.forget(found.stored_name)
    toast(gettext("Discarded; the directory is as it was."))
    return redirect(url_for("roster_import.imports"))
