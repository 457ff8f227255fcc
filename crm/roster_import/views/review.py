"""The review of what a file would change, row by row, and the decisions taken there."""

from __future__ import annotations

from urllib.parse import quote

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from crm.database import read_id
from crm.policy import Permission, actor, requires
from crm.roster_import import decisions, queries, reviewing
from crm.roster_import.actions import MoveRefused
from crm.roster_import.institutions import SAME_AS_KNOWN
from crm.roster_import.models import MOVES, READABLE, REVIEWED, UNREAD, Decision, ImportState
from crm.roster_import.queries import RowFilter
from crm.roster_import.staging import source_label
from crm.roster_import.views.blueprint import (
    back,
    blueprint,
    explain,
    import_or_404,
    may_undo,
    reading_form,
    status_of,
)
from crm.roster_import.views.lines import decision_in, lines_of
from crm.roster_import.words import INSTITUTIONS, ORIGINS, OUTCOME_TONES, OUTCOMES
from crm.unit_of_work import unit_of_work
from crm.web import toast


@blueprint.get("/imports/<int:import_id>")
@requires(Permission.IMPORT)
def review(import_id: int) -> ResponseReturnValue:
    """What one file says and what it would change, row by row; before that, how its reading goes."""
    found = import_or_404(import_id)
    if found.state is ImportState.MAPPING:
        return redirect(url_for("roster_import.columns", import_id=import_id))
    form = reading_form(found)
    shared = {
        "form": form if found.stored_name and found.state in READABLE else None,
        "may_decide": found.state in REVIEWED,
        "may_discard": ImportState.DISCARDED in MOVES[found.state],
        "may_undo": found.state is ImportState.APPLIED and found.change_set_id is not None and may_undo(found),
        "here": request.full_path.rstrip("?"),
        **status_of(found),
    }
    if found.state in UNREAD:
        return render_template("roster_import/reading.html", **shared)
    wanted = RowFilter.from_args(request.args)
    page = queries.rows(import_id, wanted, request.args.get("cursor"))
    lines = lines_of(found, page.rows)
    named = {row.contact_id for row in page.rows if row.contact_id}
    named |= {row.chosen_id for row in page.rows if row.chosen_id} | {
        one for ids in lines.candidates.values() for one in ids
    }
    known_as = (found.asked.get(SAME_AS_KNOWN) or {}) if shared["may_decide"] and form else {}
    named |= set(known_as.values())
    contacts = queries.contacts_by_id(sorted(named))
    unknown = found.survey.get("unknown_groups", ()) if shared["may_decide"] and form else ()
    return render_template(
        "roster_import/review.html",
        page=page,
        wanted=wanted,
        contacts=contacts,
        answered={label: contacts[one] for label, one in known_as.items() if one in contacts},
        same=queries.same_file(found.file_hash, but_not=import_id),
        groups=queries.groups() if unknown else (),
        origins=ORIGINS,
        turnover=queries.turnover(found),
        lines=lines,
        kinds_of_institution=INSTITUTIONS,
        categories=reviewing.categories(import_id),
        undecided=reviewing.undecided(import_id) if shared["may_decide"] else None,
        outcomes=queries.outcomes(import_id) if found.state is ImportState.APPLIED else None,
        outcome_labels=OUTCOMES,
        tones=OUTCOME_TONES,
        # As the list's filters write a value that may hold a comma.
        source=quote(source_label(found.file_name, found.as_of), safe=""),
        **shared,
    )


@blueprint.post("/imports/<int:import_id>/rows/<int:row_id>")
@requires(Permission.IMPORT)
def decide(import_id: int, row_id: int) -> ResponseReturnValue:
    """Take down what a person decides on one row."""
    row = queries.row(row_id)
    if row is None or row.import_id != import_id:
        abort(404, gettext("There is no such row."))
    decision = decision_in(request.form.get("decision", ""), request.form.get("contact", ""))
    if decision is Decision.ACCEPT and (row.candidates or row.twin_id) and "contact" not in request.form:
        toast(gettext("Nothing was decided: choose who it is, then confirm."), category="error")
        return back(import_id)
    try:
        with unit_of_work("decide on import row", actor=actor()):
            decisions.decide(row_id, decision, request.form.get("contact", type=read_id))
    except MoveRefused as refusal:
        explain(refusal)
    return back(import_id)


@blueprint.post("/imports/<int:import_id>/rows")
@requires(Permission.IMPORT)
def decide_all(import_id: int) -> ResponseReturnValue:
    """Decide at once on every row the list shows, whatever page it is on."""
    import_or_404(import_id)
    word = request.form.get("decision", "")
    conditions = RowFilter.from_args(request.form).conditions()
    try:
        with unit_of_work("decide on import rows", actor=actor()):
            done = decisions.decide_all(import_id, Decision(word) if word in set(Decision) else None, conditions)
    except MoveRefused as refusal:
        explain(refusal)
    else:
        toast(ngettext("Decided on %(num)d row.", "Decided on %(num)d rows.", done))
    return back(import_id)
