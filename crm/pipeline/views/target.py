"""One target's page: what is wanted, what comes next, what was promised, where it stood; taking it up again."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, gettext

from crm.accounts.queries import active_users, actor_names
from crm.pipeline import actions, queries
from crm.pipeline.filters import NOBODY
from crm.pipeline.forms import PostponeForm, TargetForm, owner_choices, priority_choices
from crm.pipeline.views.blueprint import back_to, blueprint, explain, target_or_404
from crm.policy import Permission, actor, requires
from crm.unit_of_work import unit_of_work
from crm.web import toast


def _target_form() -> TargetForm:
    form = TargetForm()
    form.owner_id.choices = owner_choices(active_users())
    form.priority.choices = priority_choices()
    return form


def _page(target_id: int, form: TargetForm, status: int = 200) -> ResponseReturnValue:
    return render_template(
        "pipeline/target.html",
        target=target_or_404(target_id),
        form=form,
        commitments=queries.commitments_of_target(target_id),
        moves=queries.moves_of(target_id),
        actors=actor_names(),
    ), status


@blueprint.get("/targets/<int:target_id>")
@requires(Permission.READ)
def target(target_id: int) -> ResponseReturnValue:
    """One target."""
    row = target_or_404(target_id)
    form = _target_form()
    form.process(obj=row)
    form.owner_id.data = row.owner_id or NOBODY
    return _page(target_id, form)


@blueprint.post("/targets/<int:target_id>")
@requires(Permission.LOBBY)
def save_target(target_id: int) -> ResponseReturnValue:
    """Save what is wanted of a target and what comes next."""
    target_or_404(target_id)
    form = _target_form()
    if not form.validate_on_submit():
        return _page(target_id, form, 422)
    with unit_of_work("change target", actor=actor()) as work:
        actions.update_target(
            target_id,
            ask=form.ask.data or "",
            next_step=form.next_step.data or "",
            next_step_due=form.next_step_due.data,
            owner_id=None if form.owner_id.data == NOBODY else form.owner_id.data,
            priority=form.priority.data,
        )
    if work.change_set_id is None:
        toast(gettext("Nothing had changed."), category="info")
    else:
        toast(gettext("Saved."), undo=work.change_set_id)
    return redirect(url_for("pipeline.target", target_id=target_id))


@blueprint.post("/targets/<int:target_id>/postpone")
@requires(Permission.LOBBY)
def postpone_step(target_id: int) -> ResponseReturnValue:
    """Give the next step another day."""
    row, form = target_or_404(target_id), PostponeForm()
    back = back_to(url_for("pipeline.target", target_id=target_id))
    if not form.validate_on_submit():
        toast(" ".join(form.day.errors) or gettext("Choose the day."), category="error")
        return back
    with unit_of_work("postpone next step", actor=actor()) as work:
        due = actions.update_target(target_id, next_step_due=form.chosen()).next_step_due
    toast(gettext("%(name)s: due %(day)s.", name=row.name, day=format_date(due, "full")), undo=work.change_set_id)
    return back


@blueprint.post("/targets/<int:target_id>/reopen")
@requires(Permission.LOBBY)
def reopen(target_id: int) -> ResponseReturnValue:
    """Take a closed target up again."""
    row = target_or_404(target_id)
    note = request.form.get("note", "").strip()[:300]
    try:
        with unit_of_work("reopen target", actor=actor()) as work:
            actions.reopen_target(target_id, note)
    except actions.MoveRefused as refusal:
        # The mover saw a closed target; by now it stands where the refusal says.
        explain(refusal, row.name)
    else:
        toast(gettext("%(name)s is taken up again.", name=row.name), undo=work.change_set_id)
    return redirect(url_for("pipeline.target", target_id=target_id))
