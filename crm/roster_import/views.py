"""Screens of imports: the list, an upload, the review of what a file would change, and the way back."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user

from crm import clock
from crm.audit.actions import Refusal, UndoRefused, undo
from crm.database import read_id
from crm.policy import Permission, actor, can, requires
from crm.roster_import import actions, queries, uploads
from crm.roster_import.forms import Extent, ReadAgainForm, UploadForm
from crm.roster_import.models import DECIDABLE, REVIEWED, WAITING, AsOfSource, Decision, ImportState, RowKind
from crm.roster_import.progress import progress_of
from crm.roster_import.queries import AnyRow, RowFilter
from crm.roster_import.readers import MAX_BYTES
from crm.roster_import.records import UnreadableRoster
from crm.roster_import.staging import read_heading
from crm.roster_import.words import AS_OF_SOURCES, FORMATS, add_filters, alarm_text, state_label
from crm.unit_of_work import unit_of_work
from crm.web import own_page, toast

blueprint = Blueprint("roster_import", __name__)
add_filters(blueprint)

# A worker that is there takes an import up at once.
_PATIENCE = timedelta(seconds=15)


def _import_or_404(import_id: int) -> AnyRow:
    return queries.one_import(import_id) or abort(404, gettext("There is no such import."))


def _back(import_id: int) -> ResponseReturnValue:
    """To the page the form came from, filters and all."""
    page = own_page(request.form.get("next"))
    return redirect(page or url_for("roster_import.review", import_id=import_id))


def _explain(refusal: actions.MoveRefused) -> None:
    state = state_label(refusal.state)
    toast(gettext("That is not possible any more: this import is now “%(state)s”.", state=state), category="error")


@blueprint.get("/imports")
@requires(Permission.IMPORT)
def imports() -> ResponseReturnValue:
    """Every import, the latest first."""
    return render_template(
        "roster_import/imports.html", page=queries.imports(request.args.get("cursor")), RowKind=RowKind
    )


@blueprint.route("/imports/new", methods=["GET", "POST"])
@requires(Permission.IMPORT)
def upload() -> ResponseReturnValue:
    """Choose a file; it is read and compared at once, and nothing is changed yet."""
    form = UploadForm()
    if form.validate_on_submit():
        stored_name = uploads.keep(form.file.data.stream)
        file_name = uploads.readable_name(form.file.data.filename)
        try:
            path = uploads.stored_path(stored_name)
            heading = read_heading(path, file_name, as_of=form.as_of.data, complete=form.complete)
            with unit_of_work("stage import", actor=actor()):
                staged, _tally = actions.stage(heading, user_id=current_user.id, stored_name=stored_name)
        except UnreadableRoster as error:
            uploads.forget(stored_name)
            form.file.errors = [*form.file.errors, str(error)]
        except BaseException:
            uploads.forget(stored_name)
            raise
        else:
            return redirect(url_for("roster_import.review", import_id=staged.id))
    status = 422 if form.is_submitted() else 200
    return render_template("roster_import/upload.html", form=form, limit=MAX_BYTES // 1024 // 1024), status


@blueprint.get("/imports/<int:import_id>")
@requires(Permission.IMPORT)
def review(import_id: int) -> ResponseReturnValue:
    """What one file says and what it would change, row by row."""
    found = _import_or_404(import_id)
    wanted = RowFilter.from_args(request.args)
    page = queries.rows(import_id, wanted, request.args.get("cursor"))
    named = {row.contact_id for row in page.rows if row.contact_id}
    named |= {contact_id for row in page.rows for contact_id in row.candidates}
    form = ReadAgainForm(formdata=None, as_of=found.as_of, extent=Extent.COMPLETE if found.complete else Extent.PARTIAL)
    return render_template(
        "roster_import/review.html",
        page=page,
        wanted=wanted,
        form=form if found.stored_name and found.state in (*REVIEWED, ImportState.UNDONE) else None,
        contacts=queries.contacts_by_id(sorted(named)),
        same=queries.same_file(found.file_hash, but_not=import_id),
        here=request.full_path.rstrip("?"),
        may_decide=found.state in REVIEWED,
        may_undo=found.state is ImportState.APPLIED and found.change_set_id is not None and _may_undo(found),
        **_status(found),
    )


def _may_undo(found: AnyRow) -> bool:
    """One's own imports, or anybody's for a lead."""
    return found.user_id == current_user.id or can(Permission.LEAD)


def _status(found: AnyRow) -> dict[str, object]:
    waiting = found.state in WAITING
    return {
        "one": found,
        "waiting": waiting,
        "progress": progress_of(found.id) if found.state is ImportState.APPLYING else None,
        "overdue": found.state is ImportState.QUEUED and clock.now() - found.state_since > _PATIENCE,
        "kinds": list(RowKind),
        "formats": FORMATS,
        "as_of_sources": AS_OF_SOURCES,
        "AsOfSource": AsOfSource,
        "Decision": Decision,
        "ImportState": ImportState,
        "decidable_reasons": DECIDABLE,
        "alarms": [alarm_text(alarm, found.counts, found.survey) for alarm in found.survey.get("alarms", ())],
    }


@blueprint.get("/imports/<int:import_id>/status")
@requires(Permission.IMPORT)
def status(import_id: int) -> ResponseReturnValue:
    """Where an import stands, as a piece of its page; asked again and again while it waits."""
    found = _import_or_404(import_id)
    answer: Response = make_response(render_template("roster_import/status.html", live=True, **_status(found)))
    if found.state not in WAITING:
        answer.headers["X-Poll"] = "stop"
    return answer


@blueprint.post("/imports/<int:import_id>/again")
@requires(Permission.IMPORT)
def read_again(import_id: int) -> ResponseReturnValue:
    """Compare the same file anew, as of another day or as another kind of roster."""
    found = _import_or_404(import_id)
    form = ReadAgainForm()
    if not found.stored_name or not form.validate():
        toast(" ".join(form.as_of.errors) or gettext("Only uploaded files can be read again."), category="error")
        return _back(import_id)
    try:
        path = uploads.stored_path(found.stored_name)
        heading = read_heading(path, found.file_name, as_of=form.as_of.data, complete=form.complete)
        with unit_of_work("stage import", actor=actor()):
            actions.stage_again(import_id, heading)
    except (UnreadableRoster, FileNotFoundError) as error:
        toast(str(error), category="error")
    except actions.MoveRefused as refusal:
        _explain(refusal)
    else:
        toast(gettext("Compared anew; nothing was changed in the directory."))
    return redirect(url_for("roster_import.review", import_id=import_id))


@blueprint.post("/imports/<int:import_id>/rows/<int:row_id>")
@requires(Permission.IMPORT)
def decide(import_id: int, row_id: int) -> ResponseReturnValue:
    """Take down what a person decides on one row."""
    row = queries.row(row_id)
    if row is None or row.import_id != import_id:
        abort(404, gettext("There is no such row."))
    word = request.form.get("decision", "")
    decision = Decision(word) if word in set(Decision) else None
    try:
        with unit_of_work("decide on import row", actor=actor()):
            actions.decide(row_id, decision, request.form.get("contact", type=read_id))
    except actions.MoveRefused as refusal:
        _explain(refusal)
    return _back(import_id)


@blueprint.post("/imports/<int:import_id>/rows")
@requires(Permission.IMPORT)
def decide_all(import_id: int) -> ResponseReturnValue:
    """Decide at once on every suspicious row whose person is certain."""
    _import_or_404(import_id)
    word = request.form.get("decision", "")
    try:
        with unit_of_work("decide on import rows", actor=actor()):
            done = actions.decide_all(import_id, Decision(word) if word in set(Decision) else None)
    except actions.MoveRefused as refusal:
        _explain(refusal)
    else:
        toast(ngettext("Decided on %(num)d row.", "Decided on %(num)d rows.", done))
    return _back(import_id)


@blueprint.post("/imports/<int:import_id>/apply")
@requires(Permission.IMPORT)
def apply(import_id: int) -> ResponseReturnValue:
    """Ask the desk worker to apply an import."""
    _import_or_404(import_id)
    try:
        with unit_of_work("ask for import", actor=actor()):
            actions.request_application(import_id, confirmed="confirmed" in request.form)
    except actions.AlarmUnconfirmed:
        toast(gettext("Nothing was changed: tick that you have checked the file first."), category="error")
    except actions.MoveRefused as refusal:
        _explain(refusal)
    return redirect(url_for("roster_import.review", import_id=import_id))


@blueprint.post("/imports/<int:import_id>/discard")
@requires(Permission.IMPORT)
def discard(import_id: int) -> ResponseReturnValue:
    """Drop an import, with its file."""
    found = _import_or_404(import_id)
    try:
        with unit_of_work("discard import", actor=actor()):
            actions.discard(import_id)
    except actions.MoveRefused as refusal:
        _explain(refusal)
        return _back(import_id)
    uploads.forget(found.stored_name)
    toast(gettext("Discarded; the directory is as it was."))
    return redirect(url_for("roster_import.imports"))


@blueprint.post("/imports/<int:import_id>/undo")
@requires(Permission.IMPORT)
def undo_import(import_id: int) -> ResponseReturnValue:
    """Take everything back that an import has changed, or say why it has to stay."""
    found = _import_or_404(import_id)
    if not _may_undo(found):
        abort(403)
    if found.change_set_id is None:
        abort(404, gettext("This import has changed nothing."))
    try:
        with unit_of_work("undo import", actor=actor()):
            undo(found.change_set_id)
    except UndoRefused as refused:
        words = {
            Refusal.CHANGED: gettext("It cannot be undone: contacts of this import have changed since."),
            Refusal.NEEDED: gettext("It cannot be undone: contacts of this import are targets or have letters by now."),
        }
        toast(words.get(refused.reason, gettext("It was undone already.")), category="error")
    else:
        toast(gettext("Undone: the directory is as it was before this import."))
    return redirect(url_for("roster_import.review", import_id=import_id))
