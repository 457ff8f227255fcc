"""Commitments: the list, one of them, writing one down, mending it, saying what became of it, asking the official."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import abort, current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from config import Settings
from crm import clock, i18n
from crm.accounts.queries import active_users, actor_names
from crm.pipeline import actions, queries
from crm.pipeline.forms import CommitmentForm, VerdictForm
from crm.pipeline.labels import COMMITMENT_STATES, commitment_label
from crm.pipeline.models import ALLOWED_VERDICTS, CommitmentState
from crm.pipeline.queries import AnyRow, CommitmentFilter, Moment, Rows
from crm.pipeline.views.blueprint import back_to, blueprint, campaign_or_404, named_countries, target_or_404
from crm.policy import Permission, actor, requires
from crm.spreadsheets import csv_response
from crm.unit_of_work import unit_of_work
from crm.web import own_page, toast

_EDITED = ("words", "act", "promised_on", "due_on", "remind_on", "source_url", "public")
# The link that was just made, shown once.
_FRESH = "commitment link"


@blueprint.get("/commitments")
@requires(Permission.READ)
def commitments() -> ResponseReturnValue:
    """Everything promised, what is due first."""
    chosen = CommitmentFilter.from_args(request.args)
    return render_template(
        "pipeline/commitments.html",
        chosen=chosen,
        campaign=campaign_or_404(chosen.campaign) if chosen.campaign else None,
        page=queries.commitments_page(chosen, request.args.get("cursor")),
        total=queries.commitment_count(chosen),
        campaigns=queries.campaign_names(),
        owners=active_users(),
        countries=named_countries({*queries.countries_of_commitments(chosen), *filter(None, [chosen.country])}),
        states=COMMITMENT_STATES,
        Moment=Moment,
    )


@blueprint.get("/commitments.csv")
@requires(Permission.EXPORT)
def commitments_csv() -> ResponseReturnValue:
    """The list as a table, every line that passes the filter."""
    rows = queries.all_commitments(CommitmentFilter.from_args(request.args))
    return csv_response(f"commitments-{i18n.today().isoformat()}.csv", _csv_rows(rows))


def _csv_rows(rows: Rows) -> Iterator[tuple[Any, ...]]:
    yield (
        gettext("Name"),
        gettext("Country"),
        gettext("Campaign"),
        gettext("The exact words"),
        gettext("What they will do"),
        gettext("Promised on"),
        gettext("Due"),
        gettext("Status"),
        gettext("Settled on"),
        gettext("May be quoted in public"),
        gettext("Where it is written"),
        gettext("Owner"),
    )
    for row in rows:
        yield (
            row.name,
            row.country or "",
            row.campaign,
            row.words,
            row.act,
            row.promised_on.isoformat(),
            row.due_on.isoformat() if row.due_on else "",
            commitment_label(row.state),
            row.settled_on.isoformat() if row.settled_on else "",
            gettext("yes") if row.public else gettext("no"),
            row.source_url,
            row.owner or "",
        )


def _commitment_or_404(commitment_id: int) -> AnyRow:
    return queries.commitment(commitment_id) or abort(404, gettext("There is no such commitment."))


def _verdict_form(row: AnyRow) -> VerdictForm:
    form = VerdictForm()
    form.state.choices = [
        (state.value, commitment_label(state)) for state in CommitmentState if state in ALLOWED_VERDICTS[row.state]
    ]
    if request.method == "GET":
        form.found_on.data = i18n.today()
    return form


def _page(row: AnyRow, form: VerdictForm, status: int = 200) -> ResponseReturnValue:
    fresh = session.pop(_FRESH, None)
    return render_template(
        "pipeline/commitment.html",
        row=row,
        form=form,
        verdicts=queries.verdicts_of(row.id),
        links=queries.links_of(row.id),
        answers=queries.answers_of(row.id),
        actors=actor_names(),
        fresh=fresh["link"] if fresh and fresh["of"] == row.id else None,
        now=clock.now(),
    ), status


@blueprint.get("/commitments/<int:commitment_id>")
@requires(Permission.READ)
def commitment(commitment_id: int) -> ResponseReturnValue:
    """One commitment: the words, whether it was kept, what the official says of it."""
    row = _commitment_or_404(commitment_id)
    return _page(row, _verdict_form(row))


@blueprint.route("/targets/<int:target_id>/commitments/new", methods=["GET", "POST"])
@requires(Permission.LOBBY)
def new_commitment(target_id: int) -> ResponseReturnValue:
    """Write down what a target promised, without moving it."""
    target = target_or_404(target_id)
    form = CommitmentForm()
    back = own_page(request.values.get("next")) or url_for("pipeline.target", target_id=target_id)
    if request.method == "GET":
        form.promised_on.data = i18n.today()
    if form.validate_on_submit():
        with unit_of_work("record commitment", actor=actor()) as work:
            actions.record_commitment(target_id, form.promise())
        toast(gettext("The commitment is on record."), undo=work.change_set_id)
        return redirect(back)
    status = 422 if form.is_submitted() else 200
    return render_template("pipeline/commitment_form.html", form=form, target=target, row=None, back=back), status


@blueprint.route("/commitments/<int:commitment_id>/edit", methods=["GET", "POST"])
@requires(Permission.LOBBY)
def edit_commitment(commitment_id: int) -> ResponseReturnValue:
    """Mend what was written down."""
    row = _commitment_or_404(commitment_id)
    form = CommitmentForm(data={name: getattr(row, name) for name in _EDITED})
    back = url_for("pipeline.commitment", commitment_id=commitment_id)
    if form.validate_on_submit():
        with unit_of_work("change commitment", actor=actor()) as work:
            actions.update_commitment(commitment_id, form.promise())
        toast(gettext("Saved."), undo=work.change_set_id)
        return redirect(back)
    status = 422 if form.is_submitted() else 200
    return render_template("pipeline/commitment_form.html", form=form, target=row, row=row, back=back), status


@blueprint.post("/commitments/<int:commitment_id>/verdict")
@requires(Permission.LOBBY)
def give_verdict(commitment_id: int) -> ResponseReturnValue:
    """Say that it was kept or broken, or is open again."""
    row = _commitment_or_404(commitment_id)
    form = _verdict_form(row)
    if not form.validate_on_submit():
        return _page(row, form, 422)
    try:
        with unit_of_work("judge commitment", actor=actor()) as work:
            actions.give_verdict(commitment_id, form.verdict())
    except actions.VerdictRefused as refusal:
        toast(gettext("Somebody was faster: it is “%(state)s” already.", state=commitment_label(refusal.state)))
    else:
        toast(gettext("Noted: %(state)s.", state=commitment_label(form.state.data)), undo=work.change_set_id)
    return back_to(url_for("pipeline.commitment", commitment_id=commitment_id))


@blueprint.post("/commitments/<int:commitment_id>/links")
@requires(Permission.LOBBY)
def new_link(commitment_id: int) -> ResponseReturnValue:
    """Make a link for the official; it is shown once, on the page that follows."""
    _commitment_or_404(commitment_id)
    with unit_of_work("make link of commitment", actor=actor()):
        token = actions.create_link(commitment_id, current_user.id)
    settings: Settings = current_app.extensions["settings"]
    session[_FRESH] = {"of": commitment_id, "link": settings.base_url + url_for("pipeline.answer", token=token)}
    return redirect(url_for("pipeline.commitment", commitment_id=commitment_id, _anchor="links"))


@blueprint.post("/commitments/links/<int:link_id>/revoke")
@requires(Permission.LOBBY)
def revoke_link(link_id: int) -> ResponseReturnValue:
    """Let a link open nothing any more."""
    link = queries.link_by_id(link_id) or abort(404, gettext("There is no such link."))
    with unit_of_work("revoke link of commitment", actor=actor()):
        actions.revoke_link(link_id)
    toast(gettext("The link opens nothing any more."))
    return redirect(url_for("pipeline.commitment", commitment_id=link.commitment_id, _anchor="links"))


@blueprint.post("/commitments/<int:commitment_id>/seen")
@requires(Permission.LOBBY)
def note_seen(commitment_id: int) -> ResponseReturnValue:
    """Note that the official's answers were read."""
    _commitment_or_404(commitment_id)
    with unit_of_work("note answer as seen", actor=actor()):
        actions.note_seen(commitment_id)
    return redirect(url_for("pipeline.commitment", commitment_id=commitment_id))


@blueprint.post("/commitments/answers/<int:answer_id>/take-over")
@requires(Permission.LOBBY)
def take_over(answer_id: int) -> ResponseReturnValue:
    """Let the official's own words stand as the commitment's."""
    given = queries.answer_by_id(answer_id) or abort(404, gettext("There is no such answer."))
    with unit_of_work("take over the official's words", actor=actor()) as work:
        actions.take_over_words(answer_id)
    with unit_of_work("note answer as seen", actor=actor()):
        actions.note_seen(given.commitment_id)
    toast(gettext("Their words are on record now."), undo=work.change_set_id)
    return redirect(url_for("pipeline.commitment", commitment_id=given.commitment_id))
