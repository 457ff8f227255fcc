"""A page with every part of the screens, and answers for the behaviours its script asks for; tests only."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    FileField,
    RadioField,
    SearchField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # the published types lag behind
from wtforms.validators import DataRequired

from crm.paging import Page
from crm.policy import Permission, requires
from crm.web import toast

style_guide = Blueprint("style_guide", __name__, template_folder="templates")

PEOPLE = (
    ("Ingrid Solberg", "MEP, ENVI committee · Greens"),
    ("Marek Nowak", "MEP, ITRE · EPP"),
    ("سلمى بن يوسف", "نائبة، لجنة البيئة"),
    ("Lucía Ferrer", "Deputy, Budget · PSOE"),
    ("Hanna Lindqvist-Wolfeschlegelsteinhausenbergerdorff", "MEP, rapporteur · S&D"),
)
STAGES = ("identified", "contacted", "dialogue", "convinced", "committed", "delivered")


class LetterForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    subject = StringField("⟪Subject⟫", validators=[DataRequired("⟪Write a subject.⟫")])
    language = SelectField("⟪Language⟫", choices=[SelectChoice("en", "⟪English⟫"), SelectChoice("fr", "⟪French⟫")])
    body = TextAreaField("⟪Body⟫")
    file = FileField("⟪Roster⟫")
    audience = RadioField(
        "⟪Audience⟫", choices=[SelectChoice("all", "⟪All⟫"), SelectChoice("undecided", "⟪Undecided⟫")]
    )
    agree = BooleanField("⟪A second person has read it⟫")


class FilterForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    q = SearchField("⟪Find⟫")
    country = SelectField("⟪Country⟫", choices=[SelectChoice("", "⟪Any⟫"), SelectChoice("no", "⟪Norway⟫")])


@style_guide.get("/style-guide")
@requires(Permission.SIGNED_IN)
def show() -> ResponseReturnValue:
    form = LetterForm(
        MultiDict({"language": "en", "audience": "all", "body": "Dear {{title}} {{first_name}},"}), meta={"csrf": False}
    )
    form.validate()
    return render_template(
        "style_guide.html",
        form=form,
        filters=FilterForm(request.args, meta={"csrf": False}),
        people=PEOPLE,
        stages=STAGES,
        page=Page([], "before", "after"),
    )


@style_guide.get("/style-guide/poll")
@requires(Permission.SIGNED_IN)
def poll() -> ResponseReturnValue:
    return f"<span>{gettext('Done')}</span>", {"X-Poll": "stop"}


@style_guide.post("/style-guide/preview")
@requires(Permission.SIGNED_IN)
def preview() -> ResponseReturnValue:
    return render_template("style_guide_preview.html", subject=request.form["subject"])


@style_guide.post("/style-guide/answer")
@requires(Permission.SIGNED_IN)
def answer() -> ResponseReturnValue:
    toast(gettext("Saved"), undo=1)
    return redirect(url_for("style_guide.show", stage=request.form.get("stage")))
