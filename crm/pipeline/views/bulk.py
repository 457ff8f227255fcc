"""Changing many targets at once: a few while one waits, many by the desk worker."""

from __future__ import annotations

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from crm.database import read_id
from crm.extensions import db
from crm.pipeline import queries
from crm.pipeline.actions import refusal
from crm.pipeline.actions.bulk import request_change
from crm.pipeline.bulk import AT_ONCE, CannotDo, Chosen, Order, Outcome, perform, said_of
from crm.pipeline.filters import TargetFilter
from crm.pipeline.models import WON, ChangeState, Stage, TargetAction, TargetChange
from crm.pipeline.views.blueprint import blueprint, campaign_or_404
from crm.policy import Permission, actor, requires
from crm.progress import progress_of
from crm.unit_of_work import unit_of_work
from crm.web import has_endpoint, own_page, toast

_IDS_IN_ADDRESS = 300
# Fields of the form beside those of the filter, which have these names already.
_FIELDS = {
    TargetAction.MOVE: "the_stage",
    TargetAction.ASSIGN: "the_owner",
    TargetAction.PRIORITY: "the_priority",
}
# The list's script forgets the choice where it comes back to this part of the page.
CHANGED = "changed"


def _chosen() -> Chosen:
    """The ticked targets, or all that pass the filter in the form."""
    if request.form.get("all"):
        return Chosen(targets=TargetFilter.from_args(request.form, team=current_user.team_id))
    try:
        return Chosen(ids=tuple(dict.fromkeys(read_id(value) for value in request.form.getlist("target"))))
    except ValueError:
        abort(400)


def _back(campaign_id: int) -> str:
    return own_page(request.form.get("back")) or url_for("pipeline.targets", campaign_id=campaign_id)


def carry_out(campaign_id: int, order: Order, chosen: Chosen, back: str) -> ResponseReturnValue:
    """Do it and go back, or leave it to the desk worker and show how far that is."""
    try:
        name = order.named()
    except CannotDo as reason:
        toast(str(reason), category="error")
        return redirect(back)
    expected = chosen.count(campaign_id)
    if expected > AT_ONCE:
        with unit_of_work("ask for change of targets", actor=actor()):
            change_id = request_change(
                current_user.id,
                campaign_id,
                order.action,
                chosen.to_json(),
                value=order.value,
                reason=order.reason,
                expected=expected,
                came_from=back,
            )
        return redirect(url_for("pipeline.bulk_change", change_id=change_id))
    with unit_of_work(f"{order.action} targets", actor=actor()) as work:
        outcome = perform(order, campaign_id, chosen.resolved(campaign_id))
    toast(said_of(order, name, outcome), undo=work.change_set_id, category="success" if outcome.changed else "info")
    return redirect(f"{back}#{CHANGED}" if outcome.changed else back)


@blueprint.post("/campaigns/<int:campaign_id>/targets/<any(move, assign, priority):action>")
@requires(Permission.LOBBY)
def change_many(campaign_id: int, action: str) -> ResponseReturnValue:
    """Move, assign or rank the chosen targets."""
    campaign_or_404(campaign_id)
    wanted, chosen, back = TargetAction(action), _chosen(), _back(campaign_id)
    if chosen.targets is None and not chosen.ids:
        toast(gettext("Nothing was changed: tick the targets first."), category="error")
        return redirect(back)
    value = request.form.get(_FIELDS[wanted], "").strip()
    order = Order(wanted, value, request.form.get("the_reason", ""))
    alone = _asks_for_words(campaign_id, order, chosen)
    if alone is not None:
        return redirect(url_for("pipeline.guarded", target_id=alone, stage=value, next=back))
    return carry_out(campaign_id, order, chosen, back)


def _asks_for_words(campaign_id: int, order: Order, chosen: Chosen) -> int | None:
    """The target that was ticked alone, where its move asks for words: they can be written down on the way."""
    if order.action is not TargetAction.MOVE or len(chosen.ids) != 1 or order.value not in set(WON):
        return None
    target = queries.target(chosen.ids[0])
    if target is None or target.campaign_id != campaign_id:
        return None
    code = refusal(target.id, target.stage, Stage(order.value), None)
    return target.id if code in ("words_needed", "kept_needed") else None


@blueprint.post("/campaigns/<int:campaign_id>/targets/export")
@requires(Permission.EXPORT)
def export_many(campaign_id: int) -> ResponseReturnValue:
    """Go to the export of the chosen targets' contacts."""
    campaign_or_404(campaign_id)
    if not has_endpoint("exports.contacts"):
        abort(404)
    chosen = _chosen()
    if chosen.targets is not None:
        return redirect(url_for("exports.contacts", targets_of=campaign_id, **chosen.targets.to_args()))  # type: ignore[arg-type]
    contacts = queries.contacts_of_targets(chosen.resolved(campaign_id))
    if not contacts or len(contacts) > _IDS_IN_ADDRESS:
        said = (
            gettext("Too many to export one by one: narrow the list by its filters, and choose all of it.")
            if contacts
            else gettext("Nothing to export: tick the targets first.")
        )
        toast(said, category="error")
        return redirect(_back(campaign_id))
    return redirect(url_for("exports.contacts", ids=",".join(map(str, contacts))))


def _change_or_404(change_id: int) -> TargetChange:
    change = db.session.get(TargetChange, change_id)
    if change is None or change.user_id != current_user.id:
        abort(404, gettext("There is no such change."))
    return change


@blueprint.get("/campaigns/changes/<int:change_id>")
@requires(Permission.LOBBY)
def bulk_change(change_id: int) -> ResponseReturnValue:
    """How far a change of many targets has come, live until it is done."""
    change = _change_or_404(change_id)
    order = Order.of(change)
    try:
        name = order.named()
    except CannotDo:
        name = change.value
    outcome = Outcome(change.changed or 0, change.stayed or 0, change.unfounded or 0)
    waiting = change.state is ChangeState.WAITING
    return render_template(
        "pipeline/bulk_change.html",
        change=change,
        waiting=waiting,
        refused=change.state is ChangeState.REFUSED,
        progress=progress_of(f"targets:{change_id}") if waiting else None,
        said=said_of(order, name, outcome),
        back=own_page(change.came_from) or url_for("pipeline.targets", campaign_id=change.campaign_id),
        done_mark=CHANGED,
    )


@blueprint.get("/campaigns/changes/<int:change_id>/progress")
@requires(Permission.LOBBY)
def bulk_progress(change_id: int) -> ResponseReturnValue:
    """The bar alone, while the worker is at it."""
    change = _change_or_404(change_id)
    waiting = change.state is ChangeState.WAITING
    part = render_template("pipeline/bulk_progress.html", change=change, progress=progress_of(f"targets:{change_id}"))
    return part, 200, {} if waiting else {"X-Poll": "stop"}
