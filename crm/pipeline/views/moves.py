"""Moving one target; closing asks for its reason, committing for the words, delivering for the commitment kept."""

from __future__ import annotations

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from crm import i18n
from crm.pipeline import actions, queries
from crm.pipeline.forms import CloseForm, CommitmentForm, DeliveryForm, reason_choices
from crm.pipeline.labels import stage_label
from crm.pipeline.models import CommitmentState, Stage
from crm.pipeline.queries import AnyRow
from crm.pipeline.views.blueprint import back_to, blueprint, explain, posted_stage, target_or_404
from crm.policy import Permission, actor, requires
from crm.unit_of_work import unit_of_work
from crm.web import own_page, toast

_NEEDS = ("reason_needed", "words_needed", "kept_needed")


@blueprint.post("/targets/<int:target_id>/move")
@requires(Permission.LOBBY)
def move(target_id: int) -> ResponseReturnValue:
    """Move one target to the stage chosen on its card or page; what the stage asks for has a form of its own.

    The button for the next stage stands beside the choice of any and sends `to`.
    """
    target = target_or_404(target_id)
    to = posted_stage("to" if "to" in request.form else "stage")
    expected = posted_stage("from") if "from" in request.form else None
    try:
        with unit_of_work("move target", actor=actor()) as work:
            actions.move_target(target_id, to, expected=expected)
    except actions.MoveRefused as refusal:
        if refusal.reason in _NEEDS:
            back = own_page(request.form.get("next"))
            return redirect(url_for("pipeline.guarded", target_id=target_id, stage=to.value, next=back))
        explain(refusal, target.name)
    else:
        _say(target, to, work.change_set_id)
    return back_to(url_for("pipeline.board", campaign_id=target.campaign_id))


def _say(target: AnyRow, to: Stage, change_set_id: int | None) -> None:
    said = gettext("%(name)s moved to “%(stage)s”.", name=target.name, stage=stage_label(to))
    toast(said, undo=change_set_id)


def _close_form() -> CloseForm:
    """The form that asks why."""
    form = CloseForm()
    form.reason.choices = reason_choices()
    return form


def _delivery(target_id: int) -> DeliveryForm:
    form = DeliveryForm()
    promised = queries.commitments_of_target(target_id)
    form.commitment_id.choices = [
        (row.id, f"{row.act}: “{row.words[:140]}”") for row in promised if row.state is CommitmentState.OPEN
    ]
    if request.method == "GET":
        form.found_on.data = i18n.today()
        if len(form.commitment_id.choices) == 1:
            form.commitment_id.data = form.commitment_id.choices[0][0]
    return form


def _commitment() -> CommitmentForm:
    form = CommitmentForm()
    if request.method == "GET":
        form.promised_on.data = i18n.today()
    return form


def _form(target_id: int, to: Stage) -> CommitmentForm | DeliveryForm | CloseForm:
    if to is Stage.COMMITTED:
        return _commitment()
    return _close_form() if to is Stage.CLOSED else _delivery(target_id)


@blueprint.route("/targets/<int:target_id>/to/<any(committed, delivered, closed):stage>", methods=["GET", "POST"])
@requires(Permission.LOBBY)
def guarded(target_id: int, stage: str) -> ResponseReturnValue:
    """What the stage asks for, and the move in the same step."""
    target, to = target_or_404(target_id), Stage(stage)
    if target.stage is to or actions.refusal(target_id, target.stage, to, None) == "not_allowed":
        abort(
            404,
            gettext("%(name)s cannot move there from “%(stage)s”.", name=target.name, stage=stage_label(target.stage)),
        )
    back = own_page(request.values.get("next")) or url_for("pipeline.target", target_id=target_id)
    form = _form(target_id, to)
    # Nothing was promised yet that could have been kept: the words come first.
    first = isinstance(form, DeliveryForm) and not form.commitment_id.choices
    if not first and form.validate_on_submit():
        try:
            with unit_of_work("move target", actor=actor()) as work:
                if isinstance(form, CommitmentForm):
                    actions.move_target(target_id, to, promise=form.promise())
                elif isinstance(form, CloseForm):
                    actions.move_target(target_id, to, reason=form.reason.data, note=form.note.data or "")
                else:
                    actions.move_target(target_id, to, kept=(form.commitment_id.data, form.verdict()))
        except (actions.MoveRefused, actions.VerdictRefused) as refusal:
            if isinstance(refusal, actions.MoveRefused):
                explain(refusal, target.name)
        else:
            _say(target, to, work.change_set_id)
        return redirect(back)
    status = 422 if form.is_submitted() else 200
    return render_template("pipeline/guarded.html", target=target, to=to, form=form, first=first, back=back), status
