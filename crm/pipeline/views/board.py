"""The board of a campaign, and moving one target."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from crm.accounts.queries import active_users
from crm.pipeline import actions, queries
from crm.pipeline.filters import TargetFilter
from crm.pipeline.labels import stage_label
from crm.pipeline.models import Stage
from crm.pipeline.views.blueprint import (
    back_to,
    blueprint,
    campaign_or_404,
    explain,
    filter_menus,
    posted_stage,
    target_or_404,
)
from crm.policy import Permission, actor, requires
from crm.unit_of_work import unit_of_work
from crm.web import toast


@blueprint.get("/campaigns/<int:campaign_id>/board")
@requires(Permission.READ)
def board(campaign_id: int) -> ResponseReturnValue:
    """The columns of a campaign, each with the targets that are due first."""
    chosen = TargetFilter.from_args(request.args)
    return render_template(
        "pipeline/board.html",
        campaign=campaign_or_404(campaign_id),
        chosen=chosen,
        columns=queries.board(campaign_id, chosen),
        owners=active_users(),
        **filter_menus(),
        here=request.full_path.rstrip("?"),
    )


@blueprint.post("/targets/<int:target_id>/move")
@requires(Permission.LOBBY)
def move(target_id: int) -> ResponseReturnValue:
    """Move one target to the stage chosen on its card or page; closing asks for its reason first."""
    target = target_or_404(target_id)
    to = posted_stage("stage")
    if to is Stage.CLOSED and target.stage is not Stage.CLOSED:
        return redirect(url_for("pipeline.target", target_id=target_id, _anchor="close"))
    expected = posted_stage("from") if "from" in request.form else None
    try:
        with unit_of_work("move target", actor=actor()) as work:
            actions.move_target(target_id, to, expected=expected)
    except actions.MoveRefused as refusal:
        explain(refusal, target.name)
    else:
        toast(
            gettext("%(name)s moved to “%(stage)s”.", name=target.name, stage=stage_label(to)),
            undo=work.change_set_id,
        )
    return back_to(url_for("pipeline.board", campaign_id=target.campaign_id))
