"""How a file is to be read: what its columns hold, which day it describes, what it calls a group."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user

from crm import i18n
from crm.database import read_id
from crm.policy import Permission, actor, requires
from crm.roster_import import actions, queries
from crm.roster_import.forms import MappingForm, ReadAgainForm
from crm.roster_import.institutions import SAME_AS, SAME_AS_KNOWN, Kind
from crm.roster_import.models import READABLE
from crm.roster_import.queries import AnyRow
from crm.roster_import.survey import day_in_name
from crm.roster_import.views.blueprint import back, blueprint, explain, import_or_404, reading_form
from crm.roster_import.words import column_choices
from crm.unit_of_work import unit_of_work
from crm.web import toast

# Before the id of the organization that an institution is the same as.
SAME = "same-"


def _of_institutions(found: AnyRow) -> dict[str, Any]:
    """What people have said of the file's institutions, which stays whatever way the file is read."""
    return {name: found.asked.get(name) for name in ("institutions", SAME_AS_KNOWN)}


@blueprint.route("/imports/<int:import_id>/columns", methods=["GET", "POST"])
@requires(Permission.IMPORT)
def columns(import_id: int) -> ResponseReturnValue:
    """What each column of a table holds, beside its first lines; then the file is compared anew."""
    found = import_or_404(import_id)
    header = found.survey.get("header")
    if not header or not found.stored_name or found.state not in READABLE:
        return redirect(url_for("roster_import.review", import_id=import_id))
    chosen, problem = list(found.survey["columns"]), ""
    before = reading_form(found)
    form = MappingForm(as_of=before.as_of.data, extent=before.extent.data, encoding=before.encoding.data)
    if form.is_submitted():
        chosen = form.columns(header)
        # In other letters the headings may say themselves what stands below.
        others = form.encoding.data != before.encoding.data
        if not others and not {"name", "family_name"} & set(chosen):
            problem = gettext("Say which column holds the names: the whole name, or the family name.")
        elif form.validate():
            told = {"columns": None if others else chosen, **_of_institutions(found)}
            asked = {**form.asked, **told}
            try:
                with unit_of_work("map columns of import", actor=actor()):
                    if form.keep.data and not others:
                        actions.save_mapping(header, chosen, found.file_name, current_user.id)
                    actions.read_again(import_id, asked)
            except actions.MoveRefused as refusal:
                explain(refusal)
            return redirect(url_for("roster_import.review", import_id=import_id))
    day = day_in_name(found.file_name, i18n.today())
    page = render_template(
        "roster_import/columns.html",
        one=found,
        form=form,
        header=header,
        chosen=chosen,
        unheld=[index for index, field_name in enumerate(chosen) if not field_name],
        problem=problem,
        sample=found.survey["sample"],
        choices=column_choices(),
        saved=queries.mapping_for(header),
        mapping=found.survey["mapping"],
        guessed=() if form.is_submitted() else found.survey.get("guessed", ()),
        day_in_name=day,
        foreign=not all(cell.isascii() for cells in (header, *found.survey["sample"]) for cell in cells),
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.post("/imports/<int:import_id>/again")
@requires(Permission.IMPORT)
def read_again(import_id: int) -> ResponseReturnValue:
    """Compare the same file anew, as of another day or as another kind of roster."""
    found = import_or_404(import_id)
    form = ReadAgainForm()
    if not found.stored_name or not form.validate():
        toast(" ".join(form.as_of.errors) or gettext("Only uploaded files can be read again."), category="error")
        return back(import_id)
    try:
        with unit_of_work("read import again", actor=actor()):
            asked = {**form.asked, **_of_institutions(found)}
            if asked["encoding"] == found.asked.get("encoding"):
                asked["columns"] = found.asked.get("columns")
            actions.read_again(import_id, asked)
    except actions.MoveRefused as refusal:
        explain(refusal)
    return redirect(url_for("roster_import.review", import_id=import_id))


@blueprint.post("/imports/<int:import_id>/alias")
@requires(Permission.IMPORT)
def add_alias(import_id: int) -> ResponseReturnValue:
    """Teach a group the label this file has for it, and compare the file anew."""
    found = import_or_404(import_id)
    label, group_id = request.form.get("label", "").strip(), request.form.get("group", type=read_id)
    if not label or label not in found.survey.get("unknown_groups", ()) or not found.stored_name:
        abort(400, gettext("This file has no such label."))
    if group_id is None or group_id not in {group.id for group in queries.groups()}:
        toast(gettext("Choose which group “%(label)s” is.", label=label), category="error")
        return back(import_id)
    try:
        with unit_of_work("add alias", actor=actor()):
            actions.add_alias(group_id, label)
            actions.read_again(import_id, found.asked)
    except actions.MoveRefused as refusal:
        explain(refusal)
    else:
        toast(gettext("Noted on the group's page; the file is compared anew."))
    return redirect(url_for("roster_import.review", import_id=import_id))


@blueprint.post("/imports/<int:import_id>/institutions")
@requires(Permission.IMPORT)
def say_institutions(import_id: int) -> ResponseReturnValue:
    """Say what the institutions of the file are, and compare it anew."""
    found = import_or_404(import_id)
    if "forget" in request.form:
        return _take_back(import_id, request.form["forget"])
    named = found.survey.get("institutions", ())
    said = {one["label"]: request.form.get(f"kind-{at}", "") for at, one in enumerate(named)}
    others = {one["label"] for one in named}
    kinds = {
        label: kind
        for label, kind in said.items()
        if kind in set(Kind) or (kind.startswith(SAME_AS) and kind.removeprefix(SAME_AS) in others - {label})
    }
    same = {
        one["label"]: likely["id"]
        for one in named
        for likely in one.get("same", ())
        if said[one["label"]] == f"{SAME}{likely['id']}"
    }
    if not (kinds or same) or not found.stored_name:
        toast(
            gettext("Nothing was saved: choose what one of them is.")
            if found.stored_name
            else gettext("Only uploaded files can be read again."),
            category="error",
        )
        return back(import_id)
    try:
        with unit_of_work("say what institutions are", actor=actor()):
            known = actions.say_institutions(import_id, kinds, same)
    except actions.MoveRefused as refusal:
        explain(refusal)
    else:
        said = gettext("Saved; the file is compared anew.")
        noted = ngettext(
            "Noted on the page of %(num)d institution.", "Noted on the pages of %(num)d institutions.", known
        )
        toast(f"{said} {noted}" if known else said)
    return redirect(url_for("roster_import.review", import_id=import_id))


def _take_back(import_id: int, label: str) -> ResponseReturnValue:
    try:
        with unit_of_work("say what institutions are", actor=actor()):
            taken_back = actions.take_back_institution(import_id, label)
    except actions.MoveRefused as refusal:
        explain(refusal)
    else:
        if taken_back:
            toast(gettext("Taken back: “%(label)s” is asked about again.", label=label))
    return redirect(url_for("roster_import.review", import_id=import_id))
