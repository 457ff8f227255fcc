"""Lists of targets: filtered and sorted, changed many at once, added from the directory."""

from __future__ import annotations

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from crm.accounts.queries import active_users
from crm.database import read_id
from crm.directory.filters import ContactFilter
from crm.directory.labels import CATEGORIES
from crm.pipeline import actions, queries
from crm.pipeline.filters import NOBODY, TargetFilter
from crm.pipeline.labels import stage_label
from crm.pipeline.models import CloseReason, Stage
from crm.pipeline.views.blueprint import back_to, blueprint, campaign_or_404, filter_menus, posted_stage
from crm.policy import Permission, actor, requires
from crm.unit_of_work import unit_of_work
from crm.web import toast


@blueprint.get("/campaigns/<int:campaign_id>/targets")
@requires(Permission.READ)
def targets(campaign_id: int) -> ResponseReturnValue:
    """The targets of a campaign as a list."""
    chosen = TargetFilter.from_args(request.args)
    sort = request.args.get("sort", "due")
    if sort not in queries.SORTS:
        abort(400, gettext("There is no such order."))
    counts = queries.stage_counts(campaign_id, chosen)
    return render_template(
        "pipeline/targets.html",
        campaign=campaign_or_404(campaign_id),
        chosen=chosen,
        sort=sort,
        page=queries.targets_page(campaign_id, chosen, sort, request.args.get("cursor")),
        total=sum(counts.values()),
        owners=active_users(),
        **filter_menus(),
        here=request.full_path.rstrip("?"),
    )


def _chosen_ids(campaign_id: int) -> list[int]:
    """The ticked targets, those of this campaign only."""
    try:
        ticked = [read_id(value) for value in request.form.getlist("target")]
    except ValueError:
        abort(400)
    return queries.targets_of_campaign(campaign_id, ticked)


@blueprint.post("/campaigns/<int:campaign_id>/targets/move")
@requires(Permission.LOBBY)
def move_many(campaign_id: int) -> ResponseReturnValue:
    """Move the ticked targets to one stage."""
    back = url_for("pipeline.targets", campaign_id=campaign_id)
    if not request.form.get("stage"):
        toast(gettext("Nothing was moved: choose the stage beside the button."), category="error")
        return back_to(back)
    to = posted_stage("stage")
    reason = CloseReason(request.form["reason"]) if request.form.get("reason") in set(CloseReason) else None
    ids = _chosen_ids(campaign_id)
    if not ids:
        toast(gettext("Nothing was moved: tick the targets first."), category="error")
        return back_to(back)
    if to is Stage.CLOSED and reason is None:
        toast(gettext("Nothing was closed: choose the reason beside the stage."), category="error")
        return back_to(back)
    with unit_of_work("move targets", actor=actor()) as work:
        result = actions.move_targets(ids, to, reason=reason)
    said = ngettext(
        "%(num)d target moved to “%(stage)s”.",
        "%(num)d targets moved to “%(stage)s”.",
        result.moved,
        stage=stage_label(to),
    )
    if result.stayed:
        said += " " + ngettext(
            "%(num)d stayed: it stands there already, or is closed.",
            "%(num)d stayed: they stand there already, or are closed.",
            result.stayed,
        )
    toast(said, undo=work.change_set_id, category="success" if result.moved else "info")
    return back_to(back)


@blueprint.post("/campaigns/<int:campaign_id>/targets/assign")
@requires(Permission.LOBBY)
def assign_many(campaign_id: int) -> ResponseReturnValue:
    """Give the ticked targets to one owner."""
    back = url_for("pipeline.targets", campaign_id=campaign_id)
    names = dict([(NOBODY, gettext("nobody")), *active_users()])
    owner = request.form.get("owner", type=read_id)
    if owner not in names:
        toast(gettext("Nothing was assigned: choose the owner beside the button."), category="error")
        return back_to(back)
    ids = _chosen_ids(campaign_id)
    if not ids:
        toast(gettext("Nothing was assigned: tick the targets first."), category="error")
        return back_to(back)
    with unit_of_work("assign targets", actor=actor()) as work:
        changed = actions.assign_targets(ids, None if owner == NOBODY else owner)
    toast(
        ngettext("%(num)d target given to %(name)s.", "%(num)d targets given to %(name)s.", changed, name=names[owner]),
        undo=work.change_set_id,
    )
    return back_to(back)


@blueprint.get("/campaigns/<int:campaign_id>/targets/add")
@requires(Permission.LOBBY)
def choose_targets(campaign_id: int) -> ResponseReturnValue:
    """Choose contacts by a filter of the directory, and see how many of them are new."""
    chosen = ContactFilter.from_args(request.args)
    return render_template(
        "pipeline/add_targets.html",
        campaign=campaign_or_404(campaign_id),
        chosen=chosen,
        candidates=queries.candidates(campaign_id, chosen) if chosen.to_args() else None,
        owners=active_users(),
        categories=CATEGORIES,
        **filter_menus(),
    )


@blueprint.post("/campaigns/<int:campaign_id>/targets/add")
@requires(Permission.LOBBY)
def add_targets(campaign_id: int) -> ResponseReturnValue:
    """Add every contact the filter finds."""
    campaign_or_404(campaign_id)
    chosen = ContactFilter.from_args(request.form)
    if not chosen.to_args():
        abort(400, gettext("Choose who to add first: without a filter it would be the whole directory."))
    owner = request.form.get("owner", NOBODY, type=read_id)
    with unit_of_work("add targets", actor=actor()) as work:
        result = actions.add_targets(
            campaign_id, queries.contact_ids(chosen), owner_id=None if owner == NOBODY else owner
        )
    toast(_added(result), undo=work.change_set_id)
    return redirect(url_for("pipeline.targets", campaign_id=campaign_id))


def _added(result: actions.Added) -> str:
    said: str = ngettext("%(num)d target added.", "%(num)d targets added.", result.added)
    if result.already:
        said += " " + ngettext("%(num)d was there already.", "%(num)d were there already.", result.already)
    return said


@blueprint.post("/contacts/<int:contact_id>/targets")
@requires(Permission.LOBBY)
def add_contact(contact_id: int) -> ResponseReturnValue:
    """Add one contact to a campaign, from the contact's own page."""
    row = campaign_or_404(request.form.get("campaign", 0, type=read_id))
    if not queries.contact_exists(contact_id):
        abort(404, gettext("There is no such contact."))
    with unit_of_work("add target", actor=actor()) as work:
        result = actions.add_targets(row.id, [contact_id])
    if result.added:
        toast(gettext("Added to %(campaign)s.", campaign=row.name), undo=work.change_set_id)
    else:
        toast(gettext("Already a target of %(campaign)s.", campaign=row.name), category="info")
    return back_to(url_for("pipeline.targets", campaign_id=row.id))
