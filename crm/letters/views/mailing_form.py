"""The form of a mailing: which letter, to whom, in whose name, and how many that would be."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from crm.accounts.queries import active_users
from crm.database import read_id
from crm.letters import actions, queries
from crm.letters.forms import MailingForm
from crm.letters.labels import REFUSALS, language_label
from crm.letters.models import Mailing, MailingState
from crm.letters.preview import preview_of
from crm.letters.recipients import Setting, forecast, recipients, values_of
from crm.letters.rendering import compile_wording
from crm.letters.views.blueprint import blueprint, mailing_or_404
from crm.pipeline import queries as pipeline
from crm.pipeline.filters import TargetFilter
from crm.pipeline.views.blueprint import filter_menus
from crm.policy import Permission, actor, requires
from crm.unit_of_work import unit_of_work
from crm.web import toast


def _form(campaign_id: int) -> MailingForm:
    form = MailingForm()
    form.wording.choices = [
        (f"{row.id}:{row.language}", f"{row.name} · {language_label(row.language)}")
        for row in queries.wording_choices(campaign_id)
    ]
    return form


def _forecast(form: MailingForm, campaign_id: int, audience: TargetFilter) -> dict[str, Any]:
    """How many letters that would be, who is left out and why, and the first of them."""
    template_id, language = form.chosen_wording
    wording = queries.newest_wording(template_id, language)
    campaign = pipeline.campaign(campaign_id)
    fields = compile_wording(wording.subject, wording.body, language).fields if wording else frozenset()
    counts = forecast(campaign_id, audience, fields)
    found = recipients(campaign_id, audience, limit=1)
    shown = None
    if wording and found and campaign:
        sender = form.sender_name.data or ""
        setting = Setting(campaign.name, campaign.treaty, sender, language, wording.formality)
        shown = preview_of(wording.subject, wording.body, language, values_of(found[0], setting))
    return {
        "written_to": counts.pop(None, 0),
        "skipped": counts,
        "wording": wording,
        "preview": shown,
        "reader": found[0] if found else None,
        "language": language,
    }


def _page(form: MailingForm, campaign_id: int, audience: TargetFilter, mailing: Mailing | None) -> ResponseReturnValue:
    page = render_template(
        "letters/mailing_form.html",
        form=form,
        campaign=pipeline.campaign(campaign_id) or abort(404, gettext("There is no such campaign.")),
        mailing=mailing,
        chosen=audience,
        owners=active_users(),
        **filter_menus(),
        **_forecast(form, campaign_id, audience),
    )
    return page, 422 if form.is_submitted() else 200


def _text(form: MailingForm, audience: TargetFilter) -> actions.MailingText:
    template_id, language = form.chosen_wording
    return actions.MailingText(
        name=form.name.data or "",
        template_id=template_id,
        language=language,
        audience=audience,
        sender_name=form.sender_name.data or "",
        reply_to=form.reply_to.data or "",
    )


@blueprint.route("/mailings/new", methods=["GET", "POST"])
@requires(Permission.LOBBY)
def new_mailing() -> ResponseReturnValue:
    """Start a mailing; the audience may come from the filter of a campaign's targets in the address."""
    campaigns = pipeline.campaign_names()
    campaign_id = request.values.get("campaign", type=read_id)
    if campaign_id is None and len(campaigns) == 1:
        campaign_id = campaigns[0][0]
    if campaign_id is None:
        return render_template("letters/choose_campaign.html", campaigns=campaigns)
    audience = TargetFilter.from_args(request.values)
    form = _form(campaign_id)
    if request.method == "GET":
        form.sender_name.data, form.reply_to.data = current_user.name, current_user.email
        first = next((value for value, *_ in form.wording.iter_choices()), "")
        form.wording.data = request.args.get("wording") or first
        _take_from(request.args.get("like", type=read_id), form)
    if form.validate_on_submit():
        with unit_of_work("create mailing", actor=actor()):
            created = actions.create_mailing(campaign_id, _text(form, audience), planned_by_id=current_user.id)
            mailing_id = created.id
        return _then(mailing_id)
    return _page(form, campaign_id, audience, None)


def _take_from(mailing_id: int | None, form: MailingForm) -> None:
    """Fill in what an earlier mailing had: a new one much like it."""
    if mailing_id is None:
        return
    mailing = mailing_or_404(mailing_id)
    form.name.data = mailing.name
    form.wording.data = f"{mailing.template_id}:{mailing.language}"
    form.sender_name.data, form.reply_to.data = mailing.sender_name, mailing.reply_to


@blueprint.route("/mailings/<int:mailing_id>/edit", methods=["GET", "POST"])
@requires(Permission.LOBBY)
def edit_mailing(mailing_id: int) -> ResponseReturnValue:
    """Change a draft."""
    mailing = mailing_or_404(mailing_id)
    if mailing.state is not MailingState.DRAFT:
        toast(gettext("Only a draft can be changed: cancel this mailing and make a new one like it."), category="error")
        return redirect(url_for("letters.mailing", mailing_id=mailing_id))
    form = _form(mailing.campaign_id)
    if request.method == "GET":
        form.process(obj=mailing)
        form.wording.data = f"{mailing.template_id}:{mailing.language}"
        audience = TargetFilter.from_args(MultiDict(mailing.audience))
    else:
        audience = TargetFilter.from_args(request.form)
    if form.validate_on_submit():
        try:
            with unit_of_work("change mailing", actor=actor()):
                actions.update_mailing(mailing_id, _text(form, audience), planned_by_id=current_user.id)
        except actions.MailingRefused as refusal:
            toast(str(REFUSALS[refusal.reason]), category="error")
            return redirect(url_for("letters.mailing", mailing_id=mailing_id))
        return _then(mailing_id)
    return _page(form, mailing.campaign_id, audience, mailing)


def _then(mailing_id: int) -> ResponseReturnValue:
    """Plan the saved draft at once where that was asked."""
    if "plan" in request.form:
        try:
            with unit_of_work("plan mailing", actor=actor()):
                actions.plan_mailing(mailing_id, planned_by_id=current_user.id)
        except actions.MailingRefused as refusal:
            toast(gettext("Saved as a draft. %(reason)s", reason=REFUSALS[refusal.reason]), category="error")
    else:
        toast(gettext("Saved as a draft."))
    return redirect(url_for("letters.mailing", mailing_id=mailing_id))


@blueprint.post("/mailings/forecast")
@requires(Permission.LOBBY)
def mailing_forecast() -> ResponseReturnValue:
    """What the mailing being filled in would come to; nothing is saved."""
    campaign_id = request.form.get("campaign", type=read_id) or abort(400, gettext("Choose a campaign first."))
    audience = TargetFilter.from_args(request.form)
    return render_template("letters/forecast.html", **_forecast(_form(campaign_id), campaign_id, audience))
