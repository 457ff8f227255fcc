"""The template editor with its live preview."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from crm.database import read_id
from crm.letters import actions, queries
from crm.letters.forms import WordingForm
from crm.letters.labels import letter_languages, problem_label
from crm.letters.models import LetterTemplate, Wording
from crm.letters.placeholders import PLACEHOLDERS
from crm.letters.preview import Preview, preview_of
from crm.letters.recipients import Setting, example_values, recipients, values_of
from crm.letters.rendering import compile_wording
from crm.letters.views.blueprint import blueprint, template_or_404
from crm.pipeline import queries as pipeline
from crm.pipeline.filters import TargetFilter
from crm.places.countries import LANGUAGES
from crm.policy import Permission, actor, requires
from crm.salutations.examples import office_examples
from crm.salutations.terms import Formality
from crm.unit_of_work import unit_of_work
from crm.web import toast


def _language(code: str | None) -> str:
    return code if code in LANGUAGES else "en"


def _formality(value: str | None) -> Formality:
    return Formality(value) if value and value in [*Formality] else Formality.STANDARD


def sample(
    subject: str, body: str, language: str, formality: Formality, campaign_id: int, target_id: int | None
) -> dict[str, Any]:
    """A preview with a real target of the campaign, or with examples where it has none: `preview` and `reader`."""
    found = recipients(campaign_id, TargetFilter(), limit=1, target_id=target_id)
    campaign = pipeline.campaign(campaign_id)
    if not found or campaign is None:
        values = example_values(language, formality)
        return {"preview": preview_of(subject, body, language, values), "reader": None, "language": language}
    setting = Setting(campaign.name, campaign.treaty, current_user.name, language, formality)
    shown: Preview = preview_of(subject, body, language, values_of(found[0], setting))
    return {"preview": shown, "reader": found[0], "language": language}


def _page(form: WordingForm, template: LetterTemplate | None, wording: Wording | None, **more: Any) -> str:
    campaign_id = template.campaign_id if template else form.campaign_id.data or 0
    readers = queries.readers(campaign_id)
    target_id = request.values.get("reader", type=read_id) or (readers[0].id if readers else None)
    language, formality = _language(form.language.data), _formality(form.formality.data)
    # A form that was sent without a language is read in one, too.
    form.language.data = language
    return render_template(
        "letters/template.html",
        form=form,
        template=template,
        wording=wording,
        versions=queries.versions(template.id) if template else [],
        placeholders=PLACEHOLDERS.values(),
        examples=office_examples(language, formality),
        readers=readers,
        campaign_id=campaign_id,
        **sample(form.subject.data or "", form.body.data or "", language, formality, campaign_id, target_id),
        **more,
    )


@blueprint.route("/letters/templates/new", methods=["GET", "POST"])
@requires(Permission.WRITE_LETTERS)
def new_template() -> ResponseReturnValue:
    """Write a new letter."""
    form = WordingForm()
    form.campaign_id.choices = pipeline.campaign_names()
    form.language.choices = letter_languages()
    if not form.campaign_id.choices:
        return render_template("letters/no_campaign.html")
    if request.method == "GET":
        form.campaign_id.data = request.args.get("campaign", type=read_id) or form.campaign_id.choices[0][0]
        form.language.data = "en"
    if form.validate_on_submit():
        try:
            with unit_of_work("write letter", actor=actor()):
                template = actions.create_template(form.campaign_id.data, form.name.data or "", form.purpose.data or "")
                template_id = template.id
                _write(form, template_id)
        except actions.NameTaken:
            _name_taken(form)
        else:
            return _saved(form, template_id)
    return _page(form, None, None), 422 if form.is_submitted() else 200


@blueprint.route("/letters/templates/<int:template_id>", methods=["GET", "POST"])
@requires(Permission.WRITE_LETTERS)
def template(template_id: int) -> ResponseReturnValue:
    """Write on a letter, in one of its languages."""
    found = template_or_404(template_id)
    form = WordingForm()
    form.campaign_id.choices = [(found.campaign_id, found.campaign.name)]
    form.language.choices = letter_languages()
    form.campaign_id.data = found.campaign_id
    if request.method == "GET":
        form.language.data = _language(request.args.get("language") or queries.first_language(template_id))
    wording = queries.newest_wording(template_id, form.language.data)
    if request.method == "GET":
        form.name.data, form.purpose.data = found.name, found.purpose
        form.subject.data = wording.subject if wording else ""
        form.body.data = wording.body if wording else ""
        form.formality.data = wording.formality if wording else Formality.STANDARD
        form.seen.data = wording.revision if wording else ""
    if form.validate_on_submit():
        try:
            with unit_of_work("write letter", actor=actor()):
                actions.rename_template(template_id, form.name.data or "", form.purpose.data or "")
                _write(form, template_id)
        except actions.NameTaken:
            _name_taken(form)
        except actions.WordingChanged as changed:
            # What was typed stays in the form; saving once more writes it over what is there now.
            form.seen.data = changed.current.revision
            form.body.errors = [
                gettext("Somebody else saved this text meanwhile. Yours is still here: save again to put it in place.")
            ]
            return _page(form, template_or_404(template_id), wording, meanwhile=changed.current), 409
        else:
            return _saved(form, template_id)
    return _page(form, template_or_404(template_id), wording), 422 if form.is_submitted() else 200


def _write(form: WordingForm, template_id: int) -> None:
    actions.write_wording(
        template_id,
        form.language.data,
        form.subject.data or "",
        form.body.data or "",
        author_id=current_user.id,
        seen=form.seen.data or "",
        formality=form.formality.data,
    )


def _name_taken(form: WordingForm) -> None:
    form.name.errors = [gettext("Another template of this campaign has this name: choose one that tells them apart.")]


def _saved(form: WordingForm, template_id: int) -> ResponseReturnValue:
    problems = compile_wording(form.subject.data or "", form.body.data or "", form.language.data).problems
    if problems:
        toast(
            gettext("Saved. Before it can be sent: %(problem)s", problem=problem_label(problems[0])), category="warning"
        )
    else:
        toast(gettext("Saved."))
    reader = request.form.get("reader", type=read_id)
    return redirect(url_for("letters.template", template_id=template_id, language=form.language.data, reader=reader))


@blueprint.post("/letters/preview")
@requires(Permission.WRITE_LETTERS)
def preview() -> ResponseReturnValue:
    """The preview of what is being typed; nothing is saved."""
    campaign_id = request.form.get("campaign_id", type=read_id)
    if campaign_id is None:
        abort(400, gettext("Choose a campaign first."))
    return render_template(
        "letters/preview.html",
        **sample(
            request.form.get("subject", ""),
            request.form.get("body", ""),
            _language(request.form.get("language")),
            _formality(request.form.get("formality")),
            campaign_id,
            request.form.get("reader", type=read_id),
        ),
    )
