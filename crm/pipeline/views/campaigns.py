"""Campaigns: the list, one campaign's overview, starting one from scratch or from another, changing, putting away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from flask_login import current_user

from crm import i18n
from crm.accounts.queries import active_users
from crm.directory.labels import country_label
from crm.pipeline import actions, queries
from crm.pipeline.filters import QUIET_USUALLY, TargetFilter
from crm.pipeline.forms import CampaignForm, CopyForm
from crm.pipeline.models import Campaign
from crm.pipeline.queries import AnyRow
from crm.pipeline.views.blueprint import blueprint, campaign_or_404, may_lead
from crm.places.european_union import eu_members
from crm.places.states import WorldRegion, un_members, world_region_name
from crm.policy import Permission, actor, requires
from crm.text import fold
from crm.treaties.queries import treaty_names
from crm.unit_of_work import unit_of_work
from crm.web import toast

FormT = TypeVar("FormT", bound=CampaignForm)


@blueprint.get("/campaigns")
@requires(Permission.READ)
def campaigns() -> ResponseReturnValue:
    """All campaigns, those that run or those put away."""
    archived = request.args.get("archived") == "yes"
    page = queries.campaigns_page(request.args.get("cursor"), archived=archived)
    return render_template(
        "pipeline/campaigns.html",
        page=page,
        archived=archived,
        put_away=queries.archived_count(),
        figures=queries.figures([row.id for row in page.rows]),
        goals=queries.goals(page.rows),
        today=i18n.today(),
    )


def _with_choices(form: FormT) -> FormT:
    form.treaty_id.choices = form.treaties.choices = treaty_names()
    form.owner_id.choices = active_users()
    form.states.choices = [(code, country_label(code)) for code in un_members()]
    return form


def _state_groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """The states by part of the world, members of the European Union first and on their own."""
    union = eu_members()
    groups = {gettext("European Union"): sorted(union)}
    for region in WorldRegion:
        name = world_region_name(region, get_locale())
        groups[name] = [code for code, lies in un_members().items() if lies is region and code not in union]
    named = {name: [(code, country_label(code)) for code in codes] for name, codes in groups.items()}
    return [(name, sorted(states, key=lambda pair: fold(pair[1]))) for name, states in named.items()]


def _filled_from(form: CampaignForm, row: AnyRow) -> None:
    form.process(obj=row)
    form.treaties.data = [treaty.id for treaty in queries.other_treaties(row.id)]
    form.states.data = queries.target_states(row.id)


def _page(form: CampaignForm, **given: Any) -> ResponseReturnValue:
    status = 422 if form.is_submitted() else 200
    return render_template("pipeline/campaign_form.html", form=form, groups=_state_groups(), **given), status


def _started(form: CampaignForm, start: Callable[[], Campaign], said: str) -> ResponseReturnValue | None:
    """Start the campaign and go there; None where its name is taken."""
    try:
        with unit_of_work("create campaign", actor=actor()):
            campaign_id = start().id
    except actions.NameTaken:
        _name_taken(form)
        return None
    toast(said)
    return redirect(url_for("pipeline.campaign", campaign_id=campaign_id))


def _name_taken(form: CampaignForm) -> None:
    form.name.errors = [gettext("Another campaign has this name: choose one that tells them apart.")]


@blueprint.route("/campaigns/new", methods=["GET", "POST"])
@requires(Permission.LEAD)
def new_campaign() -> ResponseReturnValue:
    """Start a campaign."""
    form = _with_choices(CampaignForm())
    if request.method == "GET":
        form.owner_id.data, form.counts_from.data = current_user.id, i18n.today()
    if form.validate_on_submit():
        said = gettext("The campaign is there. Add the people it is about.")
        answer = _started(form, lambda: actions.start_campaign(form.plan(), current_user.team_id), said)
        if answer:
            return answer
    return _page(form, campaign=None, source=None)


@blueprint.route("/campaigns/<int:campaign_id>/copy", methods=["GET", "POST"])
@requires(Permission.LEAD)
def copy_campaign(campaign_id: int) -> ResponseReturnValue:
    """Start a campaign from another: the same contacts and asks, every target from the start."""
    row = campaign_or_404(campaign_id)
    form = _with_choices(CopyForm())
    if request.method == "GET":
        _filled_from(form, row)
        form.letters.data = True
        form.name.data = gettext("%(name)s (copy)", name=row.name)[:160]
        form.owner_id.data, form.counts_from.data = current_user.id, i18n.today()
    if form.validate_on_submit():
        said = gettext("The campaign is there, with the same targets and asks.")
        letters_by = current_user.id if form.letters.data else None
        team_id = current_user.team_id

        def start() -> Campaign:
            return actions.copy_campaign(campaign_id, form.plan(), team_id, letters_by=letters_by)

        answer = _started(form, start, said)
        if answer:
            return answer
    return _page(form, campaign=None, source=row)


def _led_or_403(campaign_id: int) -> AnyRow:
    row = campaign_or_404(campaign_id)
    if not may_lead(row):
        abort(403, gettext("This is a campaign of another team: its own leads change it."))
    return row


@blueprint.route("/campaigns/<int:campaign_id>/edit", methods=["GET", "POST"])
@requires(Permission.LEAD)
def edit_campaign(campaign_id: int) -> ResponseReturnValue:
    """Change what a campaign is about."""
    row = _led_or_403(campaign_id)
    form = _with_choices(CampaignForm())
    if request.method == "GET":
        _filled_from(form, row)
    if form.validate_on_submit():
        try:
            with unit_of_work("change campaign", actor=actor()) as work:
                actions.update_campaign(campaign_id, form.plan())
        except actions.NameTaken:
            _name_taken(form)
        else:
            toast(gettext("Saved."), undo=work.change_set_id)
            return redirect(url_for("pipeline.campaign", campaign_id=campaign_id))
    return _page(form, campaign=row, source=None)


@blueprint.post("/campaigns/<int:campaign_id>/archive")
@requires(Permission.LEAD)
def archive(campaign_id: int) -> ResponseReturnValue:
    """Put a campaign away, or bring it back."""
    row = _led_or_403(campaign_id)
    back = request.form.get("back") == "yes"
    with unit_of_work("bring back campaign" if back else "archive campaign", actor=actor()) as work:
        (actions.bring_back_campaign if back else actions.archive_campaign)(campaign_id)
    said = gettext("%(name)s is back.", name=row.name) if back else gettext("%(name)s is put away.", name=row.name)
    toast(said, undo=work.change_set_id)
    return redirect(url_for("pipeline.campaign", campaign_id=campaign_id))


@blueprint.get("/campaigns/<int:campaign_id>")
@requires(Permission.READ)
def campaign(campaign_id: int) -> ResponseReturnValue:
    """One campaign: how far its goal is, where its targets stand and what is due."""
    row = campaign_or_404(campaign_id)
    quiet = TargetFilter(quiet=QUIET_USUALLY, team=current_user.team_id)
    return render_template(
        "pipeline/campaign.html",
        campaign=row,
        goal=queries.goal(row),
        treaties=queries.other_treaties(campaign_id),
        figures=queries.figures([campaign_id])[campaign_id],
        overdue=queries.overdue_count(campaign_id),
        quiet=sum(queries.stage_counts(campaign_id, quiet).values()),
        next_steps=queries.next_steps(campaign_id),
        recent=queries.recently_moved(campaign_id),
        leads=may_lead(row),
        today=i18n.today(),
    )
