"""Treaties on screen: who is party, who only signed, who did neither, on any day, and what each state did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal, get_locale, gettext
from werkzeug.wrappers import Response

from crm import charts, i18n
from crm.extensions import db
from crm.i18n import direction
from crm.places.countries import country_codes, country_name
from crm.places.european_union import eu_members
from crm.places.states import alpha_3
from crm.policy import Permission, actor, requires
from crm.spreadsheets import csv_response
from crm.treaties import actions, labels, queries
from crm.treaties.actions import ActionRefused
from crm.treaties.forms import ActionForm
from crm.treaties.labels import STANDINGS, STATE_STANDINGS, conflict_text
from crm.treaties.models import Standing, TreatyAction, standing
from crm.treaties.queries import TreatyStatus
from crm.treaties.state_list import Order, StateFilter, StateLine, chosen_lines, state_lines
from crm.unit_of_work import unit_of_work
from crm.web import toast

blueprint = Blueprint("treaties", __name__)
TreatyRow = sa.Row[*tuple[Any, ...]]


def _treaty_or_404(code: str) -> TreatyRow:
    return queries.treaty_by_code(code) or abort(404, gettext("There is no treaty of this code."))


def _bar(status: TreatyStatus) -> str:
    shares = [
        charts.Share(str(STANDINGS[each]), status.count(each), tone)
        for each, tone in ((Standing.PARTY, 3), (Standing.SIGNED, 2), (Standing.NEITHER, 1))
    ]
    said = "; ".join(f"{share.label}: {format_decimal(share.value)}" for share in shares)
    return charts.stacked_bar(
        "standings", gettext("Where the states stand"), said, shares, right_to_left=direction() == "rtl"
    )


def _map(lines: Sequence[StateLine]) -> str:
    """Europe, state by state: that is where the campaigns are won."""
    europe = [line for line in lines if line.code in charts.EUROPE]
    tiles = [
        charts.Tile(line.code, f"{line.name}: {STATE_STANDINGS[line.standing]}", line.standing, line.in_eu)
        for line in europe
    ]
    said = "; ".join(
        f"{STANDINGS[each]}: {', '.join(line.name for line in europe if line.standing is each) or format_decimal(0)}"
        for each in (Standing.PARTY, Standing.SIGNED)
    )
    return charts.tile_map("europe", gettext("Where the states of Europe stand"), said, tiles)


@blueprint.get("/treaties")
@requires(Permission.READ)
def treaties() -> ResponseReturnValue:
    """Every treaty with its figures of today."""
    return render_template(
        "treaties/treaties.html",
        treaties=queries.treaties(),
        statuses=queries.treaty_statuses(i18n.today()),
        Standing=Standing,
    )


@blueprint.get("/treaties/<code>")
@requires(Permission.READ)
def treaty(code: str) -> ResponseReturnValue:
    """Where every state stands on the day asked for."""
    found, chosen = _treaty_or_404(code), StateFilter.from_args(request.args)
    status = queries.treaty_status(found.id, chosen.as_of)
    lines = state_lines(status)
    sections = chosen_lines(lines, chosen)
    here = url_for("treaties.treaty", code=found.code)
    members = eu_members(chosen.as_of)
    return render_template(
        "treaties/treaty.html",
        treaty=found,
        chosen=chosen,
        status=status,
        sections=sections,
        all_lines=lines,
        shown=sum(map(len, sections.values())),
        bar=_bar(status),
        europe=_map(lines),
        here=here,
        url_of=lambda **changed: f"{here}?{urlencode(chosen.to_args(**changed))}".rstrip("?"),
        eu_parties=sum(row.state in members for row in status.of(Standing.PARTY)),
        eu_size=len(members),
        regions=labels.region_choices(),
        labels=labels,
        Order=Order,
        Standing=Standing,
        today=i18n.today(),
    )


def _csv_rows(chosen: StateFilter, lines: Sequence[StateLine], known_until: date | None) -> Iterator[tuple[Any, ...]]:
    yield (
        gettext("State"),
        gettext("Code"),
        gettext("EU member"),
        gettext("Standing"),
        gettext("As of"),
        gettext("Record reaches to"),
        gettext("Signed"),
        gettext("Latest act"),
        gettext("Day of that act"),
        gettext("Source"),
        gettext("Doubt"),
    )
    for line in lines:
        signature, latest = line.row.signature, line.row.latest
        yield (
            line.name,
            alpha_3(line.code),
            gettext("yes") if line.in_eu else gettext("no"),
            str(STATE_STANDINGS[line.standing]),
            chosen.as_of.isoformat(),
            known_until.isoformat() if known_until else "",
            signature.done_on.isoformat() if signature else "",
            line.bound_by,
            latest.done_on.isoformat() if latest else "",
            line.source,
            line.doubt,
        )


@blueprint.get("/treaties/<code>/states.csv")
@requires(Permission.READ)
def states_csv(code: str) -> ResponseReturnValue:
    """The states asked for as a file."""
    found, chosen = _treaty_or_404(code), StateFilter.from_args(request.args)
    sections = chosen_lines(state_lines(queries.treaty_status(found.id, chosen.as_of)), chosen)
    rows = _csv_rows(chosen, [line for lines in sections.values() for line in lines], found.known_until)
    return csv_response(f"{found.code}-{chosen.as_of.isoformat()}.csv", rows)


def _state_or_404(state: str) -> str:
    return state if state in country_codes() else abort(404, gettext("There is no state of this code."))


def _state_page(treaty: TreatyRow, state: str, form: ActionForm) -> ResponseReturnValue:
    acts = queries.acts_of(treaty.id, state)
    page = render_template(
        "treaties/state.html",
        treaty=treaty,
        state=state,
        name=country_name(state, get_locale()),
        acts=acts,
        standing=standing(acts, i18n.today()),
        in_eu=state in eu_members(),
        form=form,
        labels=labels,
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/treaties/<code>/<state>")
@requires(Permission.READ)
def state(code: str, state: str) -> ResponseReturnValue:
    """What one state did about the treaty."""
    return _state_page(_treaty_or_404(code), _state_or_404(state), ActionForm(formdata=None))


def _back(treaty: TreatyRow, state: str) -> Response:
    return redirect(url_for("treaties.state", code=treaty.code, state=state))


@blueprint.post("/treaties/<code>/<state>")
@requires(Permission.LOBBY)
def add_action(code: str, state: str) -> ResponseReturnValue:
    """Put down what the state did."""
    found, state, form = _treaty_or_404(code), _state_or_404(state), ActionForm()
    if not form.validate_on_submit():
        return _state_page(found, state, form)
    try:
        with unit_of_work("add treaty action", actor=actor()) as work:
            actions.add_action(found.id, state, **form.values())
    except ActionRefused as refused:
        form.done_on.errors = [conflict_text(refused.reason)]
        return _state_page(found, state, form)
    toast(gettext("%(kind)s added.", kind=labels.KINDS[form.kind.data]), undo=work.change_set_id)
    return _back(found, state)


def _action_or_404(treaty: TreatyRow, state: str, action_id: int) -> TreatyAction:
    action = db.session.get(TreatyAction, action_id)
    if action is None or (action.treaty_id, action.state) != (treaty.id, state):
        abort(404, gettext("There is no such entry: it may have been removed."))
    return action


@blueprint.get("/treaties/<code>/<state>/<int:action_id>")
@requires(Permission.LOBBY)
def action(code: str, state: str, action_id: int) -> ResponseReturnValue:
    """The form that corrects an action."""
    found = _treaty_or_404(code)
    return _action_page(found, state, ActionForm(obj=_action_or_404(found, state, action_id)))


def _action_page(treaty: TreatyRow, state: str, form: ActionForm) -> ResponseReturnValue:
    name = country_name(state, get_locale())
    page = render_template("treaties/action.html", treaty=treaty, state=state, name=name, form=form)
    return page, 422 if form.is_submitted() else 200


@blueprint.post("/treaties/<code>/<state>/<int:action_id>")
@requires(Permission.LOBBY)
def correct_action(code: str, state: str, action_id: int) -> ResponseReturnValue:
    """Correct an action; what ships with the product later leaves it alone from then on."""
    found, form = _treaty_or_404(code), ActionForm()
    _action_or_404(found, state, action_id)
    if not form.validate_on_submit():
        return _action_page(found, state, form)
    try:
        with unit_of_work("correct treaty action", actor=actor()) as work:
            actions.correct_action(_action_or_404(found, state, action_id), **form.values())
    except ActionRefused as refused:
        form.done_on.errors = [conflict_text(refused.reason)]
        return _action_page(found, state, form)
    if work.change_set_id is None:
        toast(gettext("Nothing was changed."), category="info")
    else:
        toast(gettext("Saved."), undo=work.change_set_id)
    return _back(found, state)


@blueprint.post("/treaties/<code>/<state>/<int:action_id>/remove")
@requires(Permission.LOBBY)
def remove_action(code: str, state: str, action_id: int) -> ResponseReturnValue:
    """Take an action off the record."""
    found = _treaty_or_404(code)
    with unit_of_work("remove treaty action", actor=actor()) as work:
        row = _action_or_404(found, state, action_id)
        said = gettext("%(kind)s removed.", kind=labels.KINDS[row.kind])
        actions.remove_action(row)
    toast(said, undo=work.change_set_id)
    return _back(found, state)
