"""Lists of targets: filtered and sorted, added from the directory."""

from __future__ import annotations

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from crm.accounts.queries import active_users
from crm.database import read_id
from crm.directory.filters import ContactFilter
from crm.directory.labels import CATEGORIES
from crm.directory.listing import COUNT_LIMIT
from crm.pipeline import actions, queries
from crm.pipeline.bulk import Chosen, Order
from crm.pipeline.filters import NOBODY
from crm.pipeline.models import TargetAction
from crm.pipeline.views.blueprint import back_to, blueprint, campaign_or_404, filter_menus
from crm.pipeline.views.board import filter_parts, here, stances_of, wanted
from crm.pipeline.views.bulk import carry_out
from crm.policy import Permission, actor, requires
from crm.unit_of_work import unit_of_work
from crm.web import is_partial, toast


@blueprint.get("/campaigns/<int:campaign_id>/targets")
@requires(Permission.READ)
def targets(campaign_id: int) -> ResponseReturnValue:
    """The targets of a campaign as a list."""
    chosen = wanted()
    sort = request.args.get("sort") or "due"
    if sort not in queries.SORTS:
        abort(400, gettext("There is no such order."))
    campaign = campaign_or_404(campaign_id)
    page = queries.targets_page(campaign_id, chosen, sort, request.args.get("cursor"))
    total = queries.target_count(campaign_id, chosen)
    return render_template(
        "pipeline/target_results.html" if is_partial() else "pipeline/targets.html",
        campaign=campaign,
        sort=sort,
        page=page,
        stances=stances_of(campaign, page.rows),
        total=total,
        more_than=COUNT_LIMIT if total > COUNT_LIMIT and not chosen.asks_nothing else None,
        here=here(),
        **filter_parts(chosen, listed=True),
    )


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
    """Add every contact the filter finds; many are left to the desk worker."""
    campaign_or_404(campaign_id)
    chosen = ContactFilter.from_args(request.form)
    if not chosen.to_args():
        abort(400, gettext("Choose who to add first: without a filter it would be the whole directory."))
    owner = request.form.get("owner", NOBODY, type=read_id)
    order = Order(TargetAction.ADD, str(owner))
    return carry_out(campaign_id, order, Chosen(contacts=chosen), url_for("pipeline.targets", campaign_id=campaign_id))


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
