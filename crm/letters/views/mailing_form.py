"""The form of a mailing: which letter, to whom, in whose name, when, and how many that would be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from crm.accounts.queries import active_users
from crm.attachments import queries as attachments
from crm.attachments.actions import store
from crm.attachments.models import Attachment
from crm.database import read_id
from crm.letters import actions, queries
from crm.letters.audience import Audience
from crm.letters.forecasting import LISTED, forecast, left_out
from crm.letters.forms import MailingForm
from crm.letters.judging import Terms
from crm.letters.labels import REFUSALS, language_label, refusal_words, stance_choices
from crm.letters.models import Mailing, MailingState, SkipReason
from crm.letters.preview import preview_of
from crm.letters.views.blueprint import blueprint, mailing_or_404
from crm.pipeline import queries as pipeline
from crm.pipeline.queries import AnyRow
from crm.pipeline.views.blueprint import filter_menus
from crm.policy import Permission, actor, requires
from crm.unit_of_work import unit_of_work
from crm.web import toast


def _campaign(campaign_id: int) -> AnyRow:
    return pipeline.campaign(campaign_id) or abort(404, gettext("There is no such campaign."))


def _form(campaign_id: int) -> MailingForm:
    form = MailingForm(formdata=request.values if request.method == "POST" else None)
    found = queries.wording_choices(campaign_id)
    languages: dict[int, list[str]] = {}
    for row in found:
        languages.setdefault(row.id, []).append(row.language)
    names = {row.id: row.name for row in found}
    form.template.choices = [
        (number, f"{name} · {', '.join(map(language_label, languages[number]))}") for number, name in names.items()
    ]
    if request.form.get("template") == "0":
        _offer_none(form)
    written = sorted({row.language for row in found}, key=language_label)
    nobody = ("", gettext("Nothing: leave them out"))
    form.fallback.choices = [*((code, language_label(code)) for code in written), nobody]
    form.languages = languages
    return form


def _offer_none(form: MailingForm) -> None:
    """Let no letter be chosen yet, so that nobody sends the first one unawares."""
    form.template.choices = [(0, gettext("Choose a letter")), *(form.template.choices or ())]


def _audience(args: Any) -> Audience:
    return Audience.from_args(args, current_user.team_id)


def _terms(args: Any, campaign: AnyRow) -> Terms:
    """What decides about the letters, from a form that may be half filled in."""
    template_id = args.get("template", type=read_id) or 0
    return Terms(
        campaign=campaign.name,
        treaty=campaign.treaty,
        treaty_id=campaign.treaty_id,
        team_id=current_user.team_id,
        sender_name=args.get("sender_name", ""),
        ask=args.get("ask", ""),
        wordings=queries.newest_wordings(template_id),
        fallback=args.get("fallback", ""),
        rest_days=min(args.get("rest_days", type=int) or 0, 365),
    )


def _forecast(args: Any, campaign: AnyRow, audience: Audience) -> dict[str, Any]:
    """How many letters that would be, who is left out and why, and the first of them."""
    terms = _terms(args, campaign)
    found = forecast(campaign.id, audience, terms)
    shown = None
    if found.first and found.first.wording:
        wording = found.first.wording
        shown = preview_of(wording.subject, wording.body, wording.language, found.first.values)
    asked = {name: args.get(name, "") for name in ("template", "fallback", "rest_days", "ask", "sender_name")}
    return {
        "forecast": found,
        "wordings": terms.wordings,
        "chosen_letter": bool(args.get("template", type=read_id)),
        "again": _read_before(args, audience),
        "preview": shown,
        "reader": found.first.recipient if found.first else None,
        "language": found.first.wording.language if shown and found.first and found.first.wording else "en",
        "asked": {key: value for key, value in asked.items() if value} | audience.to_args() | {"campaign": campaign.id},
    }


def _read_before(args: Any, audience: Audience) -> str | None:
    """The name of the letter, where it is the one that those it goes to have not answered."""
    earlier = mailing_or_404(audience.unanswered) if audience.unanswered is not None else None
    same = earlier is not None and earlier.template_id == args.get("template", type=read_id)
    return earlier.template.name if earlier is not None and same else None


def _page(
    form: MailingForm, campaign_id: int, audience: Audience, mailing: Mailing | None, files: Sequence[Attachment]
) -> ResponseReturnValue:
    values = {field.name: "" if field.data is None else str(field.data) for field in form if field.name != "files"}
    campaign = _campaign(campaign_id)
    page = render_template(
        "letters/mailing_form.html",
        form=form,
        campaign=campaign,
        mailing=mailing,
        audience=audience,
        chosen=audience.targets,
        files=files,
        files_limit=actions.files_limit(),
        earlier=mailing_or_404(audience.unanswered) if audience.unanswered is not None else None,
        owners=active_users(),
        stance_choices=stance_choices(),
        **filter_menus(),
        **_forecast(MultiDict(values), campaign, audience),
    )
    return page, 422 if form.is_submitted() else 200


def _text(form: MailingForm, audience: Audience, files: Sequence[Attachment]) -> actions.MailingText:
    return actions.MailingText(
        name=form.name.data or "",
        template_id=form.template.data,
        language=form.fallback.data or "",
        audience=audience,
        sender_name=form.sender_name.data or "",
        reply_to=form.reply_to.data or "",
        ask=form.ask.data or "",
        rest_days=form.rest_days.data or 0,
        schedule=form.schedule,
        attachment_ids=[file.id for file in files],
        per_minute=form.per_minute.data,
    )


def _kept(form: MailingForm) -> list[Attachment]:
    """The files that stay, and what was uploaded now: kept also where something else is to be mended."""
    numbers = [read_id(value) for value in request.form.getlist("attachment") if value.isdigit()]
    found = [attachments.attachment(number, current_user.team_id) for number in numbers[:20]]
    ids = [file.id for file in found if file is not None]
    uploads = form.uploads
    if uploads and not form.files.errors:
        with unit_of_work("keep files of a mailing", actor=actor()):
            ids += [store(upload).id for upload in uploads]
    files = [file for number in ids if (file := attachments.attachment(number, current_user.team_id)) is not None]
    if sum(file.size for file in files) > actions.files_limit():
        form.files.errors = [*form.files.errors, str(REFUSALS["files_too_large"])]
    return files


@blueprint.route("/mailings/new", methods=["GET", "POST"])
@requires(Permission.LOBBY)
def new_mailing() -> ResponseReturnValue:
    """Start a mailing; the audience may come from the filter of a list in the address."""
    campaigns = pipeline.campaign_names()
    campaign_id = request.values.get("campaign", type=read_id)
    if campaign_id is None and len(campaigns) == 1:
        campaign_id = campaigns[0][0]
    if campaign_id is None:
        return render_template("letters/choose_campaign.html", campaigns=campaigns, asked=request.args.to_dict())
    audience = _audience(request.values)
    form = _form(campaign_id)
    if request.method == "GET":
        _begin(form)
        files = _take_from(request.args.get("like", type=read_id), form)
        if audience.unanswered is not None:
            begin = gettext("Follow-up: %(name)s", name="").strip()
            earlier = (form.name.data or "").removeprefix(begin).strip()
            form.name.data = gettext("Follow-up: %(name)s", name=earlier)[:160]
            # Else it would leave out the very people it is for.
            form.rest_days.data = min(form.rest_days.data or 0, audience.days)
            _choose_another(form, campaign_id, mailing_or_404(audience.unanswered))
        return _page(form, campaign_id, audience, None, files)
    valid = form.validate_on_submit()
    files = _kept(form)
    if not valid or form.files.errors:
        return _page(form, campaign_id, audience, None, files)
    with unit_of_work("create mailing", actor=actor()):
        created = actions.create_mailing(campaign_id, _text(form, audience, files), planned_by_id=current_user.id)
        mailing_id = created.id
    return _then(mailing_id)


def _begin(form: MailingForm) -> None:
    """What a new mailing starts from: the reader's name and zone, and the letter the address names."""
    form.sender_name.data, form.reply_to.data = current_user.name, current_user.email
    form.zone.data = current_user.timezone
    template, _colon, language = request.args.get("wording", "").partition(":")
    first = next((value for value, *_ in form.template.iter_choices()), 0)
    form.template.data = int(template) if template.isdigit() and int(template) in form.languages else first
    written = form.languages.get(form.template.data, [])
    form.fallback.data = language if language in written else "en" if "en" in written else next(iter(written), "")


def _choose_another(form: MailingForm, campaign_id: int, earlier: Mailing) -> None:
    """Not the words they have read: the letter that reminded others before, or none yet."""
    reminder = queries.letter_of_follow_up(campaign_id, other_than=earlier.template_id)
    if reminder in form.languages:
        form.template.data = reminder
    else:
        _offer_none(form)
        form.template.data = 0


def _take_from(mailing_id: int | None, form: MailingForm) -> Sequence[Attachment]:
    """Fill in what an earlier mailing had, for a new one much like it; its files."""
    if mailing_id is None:
        return ()
    mailing = mailing_or_404(mailing_id)
    form.name.data, form.ask.data, form.rest_days.data = mailing.name, mailing.ask, mailing.rest_days
    form.template.data, form.fallback.data = mailing.template_id, mailing.language
    form.sender_name.data, form.reply_to.data = mailing.sender_name, mailing.reply_to
    form.per_minute.data = mailing.per_minute
    return queries.attachments_of(mailing_id)


@blueprint.route("/mailings/<int:mailing_id>/edit", methods=["GET", "POST"])
@requires(Permission.LOBBY)
def edit_mailing(mailing_id: int) -> ResponseReturnValue:
    """Change a draft."""
    mailing = mailing_or_404(mailing_id)
    campaign_id = mailing.campaign_id
    if mailing.state is not MailingState.DRAFT:
        toast(gettext("Only a draft can be changed: cancel this mailing and make a new one like it."), category="error")
        return redirect(url_for("letters.mailing", mailing_id=mailing_id))
    form = _form(campaign_id)
    if request.method == "GET":
        form.process(obj=mailing)
        form.template.data, form.fallback.data = mailing.template_id, mailing.language
        audience = _audience(MultiDict(mailing.audience))
        return _page(form, campaign_id, audience, mailing, queries.attachments_of(mailing_id))
    audience = _audience(request.form)
    valid = form.validate_on_submit()
    files = _kept(form)
    if not valid or form.files.errors:
        return _page(form, campaign_id, audience, mailing_or_404(mailing_id), files)
    try:
        with unit_of_work("change mailing", actor=actor()):
            actions.update_mailing(mailing_id, _text(form, audience, files), planned_by_id=current_user.id)
    except actions.MailingRefused as refusal:
        toast(refusal_words(refusal), category="error")
        return redirect(url_for("letters.mailing", mailing_id=mailing_id))
    return _then(mailing_id)


def _then(mailing_id: int) -> ResponseReturnValue:
    """Plan the saved draft at once where that was asked."""
    if "plan" in request.form:
        try:
            with unit_of_work("plan mailing", actor=actor()):
                actions.plan_mailing(mailing_id, planned_by_id=current_user.id)
        except actions.MailingRefused as refusal:
            toast(gettext("Saved as a draft. %(reason)s", reason=refusal_words(refusal)), category="error")
    else:
        toast(gettext("Saved as a draft."))
    return redirect(url_for("letters.mailing", mailing_id=mailing_id))


def _asked_campaign() -> AnyRow:
    return _campaign(request.values.get("campaign", type=read_id) or abort(400, gettext("Choose a campaign first.")))


@blueprint.post("/mailings/forecast")
@requires(Permission.LOBBY)
def mailing_forecast() -> ResponseReturnValue:
    """What the mailing being filled in would come to; nothing is saved."""
    campaign = _asked_campaign()
    audience = _audience(request.form)
    return render_template("letters/forecast.html", audience=audience, **_forecast(request.form, campaign, audience))


@blueprint.get("/mailings/left-out")
@requires(Permission.LOBBY)
def would_be_left_out() -> ResponseReturnValue:
    """Who of the mailing being filled in would get no letter, for one reason."""
    if not request.args:
        return redirect(url_for("letters.new_mailing"))
    campaign = _asked_campaign()
    wanted = request.args.get("reason", "")
    if wanted not in [*SkipReason]:
        abort(404, gettext("There is no such reason."))
    rows = left_out(campaign.id, _audience(request.args), _terms(request.args, campaign), SkipReason(wanted))
    return render_template(
        "letters/left_out.html", campaign=campaign, reason=SkipReason(wanted), rows=rows, more=len(rows) == LISTED
    )
