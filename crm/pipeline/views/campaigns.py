"""Screens of campaigns: the list, one campaign, its form."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from crm import i18n
from crm.accounts.queries import active_users
from crm.pipeline import actions, queries
from crm.pipeline.forms import CampaignForm
from crm.pipeline.views.blueprint import blueprint, campaign_or_404
from crm.policy import Permission, actor, requires
from crm.treaties.queries import treaty_names
from crm.unit_of_work import unit_of_work
from crm.web import toast


@blueprint.get("/campaigns")
@requires(Permission.READ)
def campaigns() -> ResponseReturnValue:
    """All campaigns."""
    page = queries.campaigns_page(request.args.get("cursor"))
    figures = queries.figures([row.id for row in page.rows])
    return render_template("pipeline/campaigns.html", page=page, figures=figures, today=i18n.today())


def _form() -> CampaignForm:
    form = CampaignForm()
    form.treaty_id.choices = treaty_names()
    form.owner_id.choices = active_users()
    return form


def _name_taken(form: CampaignForm) -> None:
    form.name.errors = [gettext("Another campaign has this name: choose one that tells them apart.")]


@blueprint.route("/campaigns/new", methods=["GET", "POST"])
@requires(Permission.LEAD)
def new_campaign() -> ResponseReturnValue:
    """Start a campaign."""
    form = _form()
    if request.method == "GET":
        form.owner_id.data = current_user.id
    if form.validate_on_submit():
        try:
            with unit_of_work("create campaign", actor=actor()):
                campaign_id = actions.create_campaign(
                    form.name.data or "",
                    form.treaty_id.data,
                    current_user.team_id,
                    form.owner_id.data,
                    goal=form.goal.data or "",
                    goal_by=form.goal_by.data,
                ).id
        except actions.NameTaken:
            _name_taken(form)
        else:
            toast(gettext("The campaign is there. Add the people it is about."))
            return redirect(url_for("pipeline.campaign", campaign_id=campaign_id))
    status = 422 if form.is_submitted() else 200
    return render_template("pipeline/campaign_form.html", form=form, campaign=None), status


@blueprint.route("/campaigns/<int:campaign_id>/edit", methods=["GET", "POST"])
@requires(Permission.LEAD)
def edit_campaign(campaign_id: int) -> ResponseReturnValue:
    """Change what a campaign is about."""
    row = campaign_or_404(campaign_id)
    form = _form()
    if request.method == "GET":
        form.process(obj=row)
    if form.validate_on_submit():
        try:
            with unit_of_work("change campaign", actor=actor()) as work:
                actions.update_campaign(
                    campaign_id,
                    name=form.name.data or "",
                    treaty_id=form.treaty_id.data,
                    owner_id=form.owner_id.data,
                    goal=form.goal.data or "",
                    goal_by=form.goal_by.data,
                )
        except actions.NameTaken:
            _name_taken(form)
        else:
            toast(gettext("Saved."), undo=work.change_set_id)
            return redirect(url_for("pipeline.campaign", campaign_id=campaign_id))
    status = 422 if form.is_submitted() else 200
    return render_template("pipeline/campaign_form.html", form=form, campaign=row), status


@blueprint.get("/campaigns/<int:campaign_id>")
@requires(Permission.READ)
def campaign(campaign_id: int) -> ResponseReturnValue:
    """One campaign: where it stands and what is due."""
    return render_template(
        "pipeline/campaign.html",
        campaign=campaign_or_404(campaign_id),
        figures=queries.figures([campaign_id])[campaign_id],
        overdue=queries.overdue_count(campaign_id),
        next_steps=queries.next_steps(campaign_id),
        recent=queries.recently_moved(campaign_id),
        today=i18n.today(),
    )
