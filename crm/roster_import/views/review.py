"""The review of what a file would change, row by row, and the decisions taken there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from crm.database import read_id
from crm.directory.labels import likeness_reasons
from crm.directory.sort_names import listed_as
from crm.places.countries import country_code
from crm.policy import Permission, actor, requires
from crm.roster_import import actions, queries
from crm.roster_import.models import MOVES, READABLE, REVIEWED, UNREAD, Decision, ImportState, RowKind
from crm.roster_import.queries import AnyRow, RowFilter
from crm.roster_import.records import Item, Record
from crm.roster_import.resemblance import likenesses
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
from crm.roster_import.words import ORIGINS, OUTCOME_TONES, OUTCOMES
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
    likely = _candidates(page.rows)
    items = queries.items([row.id for row in page.rows if row.candidates or row.kind is RowKind.NEW])
    named = {row.contact_id for row in page.rows if row.contact_id}
    named |= {row.chosen_id for row in page.rows if row.chosen_id} | {one for ids in likely.values() for one in ids}
    alike = bool(shared["may_decide"] and found.survey.get("alike"))
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
        candidates=likely,
        reasons=_reasons(likely, items),
        filed=_filed(items),
        alike=queries.undecided_alike(import_id) if alike else 0,
        outcomes=queries.outcomes(import_id) if found.state is ImportState.APPLIED else None,
        outcome_labels=OUTCOMES,
        tones=OUTCOME_TONES,
        # As the list's filters write a value that may hold a comma.
        source=quote(source_label(found.file_name, found.as_of), safe=""),
        **shared,
    )


def _candidates(rows: Sequence[AnyRow]) -> dict[int, list[int]]:
    """Whom each row may be about, by its id: the contacts as they are by now."""
    now = queries.presence({contact_id for row in rows for contact_id in row.candidates})
    return {
        row.id: list(dict.fromkeys(now[contact_id] for contact_id in row.candidates if contact_id in now))
        for row in rows
        if row.candidates
    }


def _reasons(
    candidates: Mapping[int, Sequence[int]], items: Mapping[int, Item]
) -> dict[tuple[int, int], list[tuple[str, str]]]:
    """Why a row (by its id) may be about a contact, in words with their tones."""
    return {pair: likeness_reasons(found.reasons) for pair, found in likenesses(items, candidates).items()}


def _filed(items: Mapping[int, Item]) -> dict[int, tuple[str, bool]]:
    """How an index would write each person (by the row's id), and whether the file tells the family name."""
    filed = {}
    for row_id, item in items.items():
        if isinstance(item, Record) and " " in item.name:
            label = item.country or item.citizenship
            country = country_code(label) if label else None
            listed = listed_as(item.name, item.given_name, item.family_name, country)
            filed[row_id] = (listed, bool(item.family_name))
    return filed


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
            done = actions.decide_all(import_id, Decision(word) if word in set(Decision) else None, conditions)
    except actions.MoveRefused as refusal:
        explain(refusal)
    else:
        toast(ngettext("Decided on %(num)d row.", "Decided on %(num)d rows.", done))
    return back(import_id)
