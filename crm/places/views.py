"""The page of the team's own names of places."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext

from crm.extensions import db
from crm.places import actions, queries
from crm.places.actions import AliasRefused, Refusal
from crm.places.countries import countries_meant, country_name
from crm.places.forms import AliasForm
from crm.places.models import PlaceAlias
from crm.places.regions import region_code, region_name
from crm.policy import Permission, actor, requires
from crm.text import fold
from crm.unit_of_work import unit_of_work
from crm.web import toast

blueprint = Blueprint("places", __name__)


def _refusal_text(reason: Refusal) -> str:
    texts: dict[Refusal, str] = {
        Refusal.UNREADABLE: gettext("Enter a name with letters in it."),
        Refusal.TAKEN: gettext("This name is in the list below. Remove it there to give it another meaning."),
        Refusal.KNOWN: gettext("This name is understood so already: there is nothing to add."),
        Refusal.CODE: gettext("This is a country's code in ISO 3166, and has to keep its meaning."),
    }
    return texts[reason]


def _place(country: str, region: str | None) -> str:
    """A country or region in the reader's language."""
    locale = get_locale()
    named = country_name(country, locale)
    return f"{region_name(region, locale)}, {named}" if region else named


def _meanings(label: str) -> list[str]:
    """What a file's label is understood as now: none, one or several places."""
    region = region_code(label)
    if region is not None:
        return [_place(region.partition("-")[0], region)]
    return sorted((_place(code, None) for code in countries_meant(label)), key=fold)


def _page(form: AliasForm, tried: str = "", meanings: Sequence[str] = ()) -> ResponseReturnValue:
    page = render_template(
        "places/names.html",
        page=queries.aliases_page(request.args.get("cursor")),
        form=form,
        tried=tried,
        meanings=meanings,
        place=_place,
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/place-names")
@requires(Permission.IMPORT)
def names() -> ResponseReturnValue:
    """The team's names, a form for one more, and what any name is understood as."""
    tried = request.args.get("try", "").strip()
    meanings = _meanings(tried) if tried else []
    # What is understood needs no name of the team's own.
    return _page(AliasForm(formdata=None, label="" if len(meanings) == 1 else tried), tried, meanings)


@blueprint.post("/place-names")
@requires(Permission.IMPORT)
def add_name() -> ResponseReturnValue:
    """Give a name a meaning."""
    form = AliasForm()
    if not form.validate_on_submit():
        return _page(form)
    label, country, region = str(form.label.data), form.country.data, form.region_code()
    before = _meanings(label) if region is None else []
    try:
        with unit_of_work("add place name", actor=actor()) as work:
            actions.add_alias(label, country, region)
    except AliasRefused as refused:
        form.label.errors = [_refusal_text(refused.reason)]
        return _page(form)
    place = _place(country, region)
    if len(before) == 1:
        said = gettext(
            "%(name)s means %(place)s from now on, no longer %(old)s.", name=label, place=place, old=before[0]
        )
    else:
        said = gettext("%(name)s means %(place)s from now on.", name=label, place=place)
    toast(said, undo=work.change_set_id)
    return redirect(url_for("places.names"))


@blueprint.post("/place-names/<int:alias_id>/remove")
@requires(Permission.IMPORT)
def remove_name(alias_id: int) -> ResponseReturnValue:
    """Take the meaning back."""
    with unit_of_work("remove place name", actor=actor()) as work:
        alias = db.session.get(PlaceAlias, alias_id) or abort(404, gettext("This name has been removed already."))
        label = alias.label
        actions.remove_alias(alias)
    toast(gettext("%(name)s removed.", name=label), undo=work.change_set_id)
    return redirect(url_for("places.names"))
