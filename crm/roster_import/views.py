"""Screens of imports: the list, an upload, the review of what a file would change, and the way back."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user

from crm import clock
from crm.database import read_id
from crm.policy import Permission, actor, can, requires
from crm.roster_import import actions, queries, uploads
from crm.roster_import.forms import Extent, MappingForm, ReadAgainForm, UploadForm
from crm.roster_import.models import (
    DECIDABLE,
    MOVES,
    READABLE,
    REVIEWED,
    UNREAD,
    WAITING,
    AsOfSource,
    Decision,
    ImportState,
    RowKind,
)
from crm.roster_import.progress import progress_of
from crm.roster_import.queries import AnyRow, RowFilter
from crm.roster_import.readers import MAX_BYTES
from crm.roster_import.survey import day_in_name
from crm.roster_import.words import (
    AS_OF_SOURCES,
    FORMATS,
    ORIGINS,
    PHASES,
    add_filters,
    alarm_text,
    column_choices,
    state_label,
)
from crm.unit_of_work import unit_of_work
from crm.web import own_page, toast

blueprint = Blueprint("roster_import", __name__)
add_filters(blueprint)

# A worker that is there takes an import up at once.
_PATIENCE = timedelta(seconds=15)
_EXTENTS = {None: Extent.BY_FILE, True: Extent.COMPLETE, False: Extent.PARTIAL}


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
        "roster_import/imports.html", page=queries.imports(request.args.get("cursor")), RowKind=RowKind, unread=UNREAD
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


@blueprint.get("/imports/<int:import_id>")
@requires(Permission.IMPORT)
def review(import_id: int) -> ResponseReturnValue:
    """What one file says and what it would change, row by row; before that, how its reading goes."""
    found = _import_or_404(import_id)
    if found.state is ImportState.MAPPING:
        return redirect(url_for("roster_import.columns", import_id=import_id))
    form = _reading_form(found)
    shared = {
        "form": form if found.stored_name and found.state in READABLE else None,
        "may_decide": found.state in REVIEWED,
        "may_discard": ImportState.DISCARDED in MOVES[found.state],
        "may_undo": found.state is ImportState.APPLIED and found.change_set_id is not None and _may_undo(found),
        "here": request.full_path.rstrip("?"),
        **_status(found),
    }
    if found.state in UNREAD:
        return render_template("roster_import/reading.html", **shared)
    wanted = RowFilter.from_args(request.args)
    page = queries.rows(import_id, wanted, request.args.get("cursor"))
    named = {row.contact_id for row in page.rows if row.contact_id}
    named |= {contact_id for row in page.rows for contact_id in row.candidates}
    unknown = found.survey.get("unknown_groups", ()) if shared["may_decide"] and form else ()
    return render_template(
        "roster_import/review.html",
        page=page,
        wanted=wanted,
        contacts=queries.contacts_by_id(sorted(named)),
        same=queries.same_file(found.file_hash, but_not=import_id),
        groups=queries.groups() if unknown else (),
        origins=ORIGINS,
        turnover=queries.turnover(found),
        **shared,
    )


def _reading_form(found: AnyRow) -> ReadAgainForm:
    """How the file was read, to be changed: what was asked for where nothing was compared yet."""
    as_of, complete = found.as_of, found.complete
    if found.state in UNREAD:
        as_of = date.fromisoformat(found.asked["as_of"]) if found.asked.get("as_of") else None
        complete = found.asked.get("complete")
    return ReadAgainForm(formdata=None, as_of=as_of, extent=_EXTENTS[complete])


@blueprint.route("/imports/<int:import_id>/columns", methods=["GET", "POST"])
@requires(Permission.IMPORT)
def columns(import_id: int) -> ResponseReturnValue:
    """What each column of a table holds, beside its first lines; then the file is compared anew."""
    found = _import_or_404(import_id)
    header = found.survey.get("header")
    if not header or not found.stored_name or found.state not in READABLE:
        return redirect(url_for("roster_import.review", import_id=import_id))
    chosen, problem = list(found.survey["columns"]), ""
    before = _reading_form(found)
    form = MappingForm(as_of=before.as_of.data, extent=before.extent.data)
    if form.is_submitted():
        chosen = form.columns(header)
        if not {"name", "family_name"} & set(chosen):
            problem = gettext("Say which column holds the names: the whole name, or the family name.")
        elif form.validate():
            asked = {**form.asked, "columns": chosen}
            try:
                with unit_of_work("map columns of import", actor=actor()):
                    if form.keep.data:
                        actions.save_mapping(header, chosen, found.file_name, current_user.id)
                    actions.read_again(import_id, asked)
            except actions.MoveRefused as refusal:
                _explain(refusal)
            return redirect(url_for("roster_import.review", import_id=import_id))
    day = day_in_name(found.file_name, clock.today())
    page = render_template(
        "roster_import/columns.html",
        one=found,
        form=form,
        header=header,
        chosen=chosen,
        problem=problem,
        sample=found.survey["sample"],
        choices=column_choices(),
        saved=queries.mapping_for(header),
        mapping=found.survey["mapping"],
        day_in_name=day,
    )
    return page, 422 if form.is_submitted() else 200


def _may_undo(found: AnyRow) -> bool:
    """One's own imports, or anybody's for a lead."""
    return found.user_id == current_user.id or can(Permission.LEAD)


def _status(found: AnyRow) -> dict[str, object]:
    waiting = found.state in WAITING
    # Nobody has begun yet: what is there is an earlier work's.
    done = progress_of(found.id) if waiting and found.attempts else None
    return {
        "one": found,
        "waiting": waiting,
        "progress": done,
        "phases": PHASES,
        "overdue": waiting and done is None and clock.now() - found.state_since > _PATIENCE,
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
        with unit_of_work("read import again", actor=actor()):
            actions.read_again(import_id, {**form.asked, "columns": found.asked.get("columns")})
    except actions.MoveRefused as refusal:
        _explain(refusal)
    return redirect(url_for("roster_import.review", import_id=import_id))


@blueprint.post("/imports/<int:import_id>/alias")
@requires(Permission.IMPORT)
def add_alias(import_id: int) -> ResponseReturnValue:
    """Teach a group the label this file has for it, and compare the file anew."""
    found = _import_or_404(import_id)
    label, group_id = request.form.get("label", "").strip(), request.form.get("group", type=read_id)
    if not label or label not in found.survey.get("unknown_groups", ()) or not found.stored_name:
        abort(400, gettext("This file has no such label."))
    if group_id is None or group_id not in {group.id for group in queries.groups()}:
        toast(gettext("Choose which group “%(label)s” is.", label=label), category="error")
        return _back(import_id)
    try:
        with unit_of_work("add alias", actor=actor()):
            actions.add_alias(group_id, label)
            actions.read_again(import_id, found.asked)
    except actions.MoveRefused as refusal:
        _explain(refusal)
    else:
        toast(gettext("Noted on the group's page; the file is compared anew."))
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
    """Decide at once on every row the list shows, whatever page it is on."""
    _import_or_404(import_id)
    word = request.form.get("decision", "")
    conditions = RowFilter.from_args(request.form).conditions()
    try:
        with unit_of_work("decide on import rows", actor=actor()):
            done = actions.decide_all(import_id, Decision(word) if word in set(Decision) else None, conditions)
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
        with unit_of_work("ask for undo of import", actor=actor()):
            actions.request_undo(import_id, current_user.id)
    except actions.MoveRefused as refusal:
        _explain(refusal)
    return redirect(url_for("roster_import.review", import_id=import_id))
