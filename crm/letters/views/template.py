"""A letter's page: its texts in every language for every approach, and where each stands; new letters."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from crm.database import read_id
from crm.letters import actions, queries
from crm.letters.forms import NewTemplateForm, TemplateForm
from crm.letters.labels import letter_languages
from crm.letters.models import LetterTemplate
from crm.letters.views.blueprint import blueprint, template_or_404
from crm.pipeline import queries as pipeline
from crm.policy import Permission, actor, requires
from crm.unit_of_work import unit_of_work
from crm.web import toast


@blueprint.route("/letters/templates/new", methods=["GET", "POST"])
@requires(Permission.WRITE_LETTERS)
def new_template() -> ResponseReturnValue:
    """Name a new letter; its first text is written next."""
    form = NewTemplateForm()
    form.campaign_id.choices = pipeline.campaign_names()
    form.source_language.choices = letter_languages()
    if not form.campaign_id.choices:
        return render_template("letters/no_campaign.html")
    if request.method == "GET":
        form.campaign_id.data = request.args.get("campaign", type=read_id) or form.campaign_id.choices[0][0]
        form.source_language.data = "en"
    if form.validate_on_submit():
        language = form.source_language.data
        try:
            with unit_of_work("create letter", actor=actor()):
                name, purpose = form.name.data or "", form.purpose.data or ""
                template = actions.create_template(form.campaign_id.data, name, purpose, source_language=language)
                template_id = template.id
        except actions.NameTaken:
            _name_taken(form)
        else:
            place = {"template_id": template_id, "language": language, "approach": form.approach.data.value}
            return redirect(url_for("letters.wording", **place))
    return render_template("letters/new_template.html", form=form), 422 if form.is_submitted() else 200


@blueprint.get("/letters/templates/<int:template_id>")
@requires(Permission.READ)
def template(template_id: int) -> ResponseReturnValue:
    """A letter with all its texts."""
    found = template_or_404(template_id)
    form = TemplateForm(obj=found)
    form.source_language.choices = letter_languages()
    return _page(found, form)


@blueprint.post("/letters/templates/<int:template_id>")
@requires(Permission.WRITE_LETTERS)
def change_template(template_id: int) -> ResponseReturnValue:
    """Change a letter's name, its purpose and the language it is written in first."""
    template_or_404(template_id)
    form = TemplateForm()
    form.source_language.choices = letter_languages()
    if form.validate_on_submit():
        try:
            with unit_of_work("change letter", actor=actor()) as work:
                name, purpose = form.name.data or "", form.purpose.data or ""
                actions.describe_template(template_id, name, purpose, form.source_language.data)
        except actions.NameTaken:
            _name_taken(form)
        else:
            toast(gettext("Saved."), undo=work.change_set_id)
            return redirect(url_for("letters.template", template_id=template_id))
    return _page(template_or_404(template_id), form), 422


def _page(found: LetterTemplate, form: TemplateForm) -> str:
    rows = queries.grid(found)
    written = {cells[0].language for cells in rows}
    return render_template(
        "letters/template.html",
        template=found,
        form=form,
        rows=rows,
        more_languages=[pair for pair in letter_languages() if pair[0] not in written],
        has_text=any(cell.wording for cells in rows for cell in cells),
    )


def _name_taken(form: TemplateForm) -> None:
    form.name.errors = [gettext("Another letter of this campaign has this name: choose one that tells them apart.")]
