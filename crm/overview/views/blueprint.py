"""The blueprint, and what its screens share."""

from __future__ import annotations

import re
from datetime import date

from flask import Blueprint, abort, redirect, request, url_for
from flask_babel import format_date, gettext

from crm.directory.labels import category_label
from crm.directory.models import Category, Contact
from crm.directory.queries import survivor_of, whole_contact
from crm.overview.saving import BY_HAND

blueprint = Blueprint("overview", __name__)

_ISO_DAY = re.compile(r"\b(\d{4}-\d{2}-\d{2})\b")


def contact_or_404(contact_id: int) -> Contact:
    """The contact, or the page that says there is none; an old link leads to the contact it became part of."""
    found = whole_contact(contact_id)
    if found is None and request.method == "GET":
        survivor_id = survivor_of(contact_id)
        if survivor_id is not None:
            abort(redirect(url_for(request.endpoint or "", **{**(request.view_args or {}), "contact_id": survivor_id})))
    return found or abort(404, gettext("There is no such contact: it may have been removed."))


def _day(found: re.Match[str]) -> str:
    try:
        return str(format_date(date.fromisoformat(found[1]), "medium"))
    except ValueError:
        return found[1]


@blueprint.app_template_filter()
def source_label(source: str) -> str:
    """A source as readers write it: with the days in it as they write days."""
    by_hand = str(gettext("entered by hand"))
    # Of a merged fact, both sources are told.
    return "; ".join(by_hand if one == BY_HAND else _ISO_DAY.sub(_day, one) for one in source.split("; "))


@blueprint.app_template_filter()
def category_word(value: str) -> str:
    """The label of a category out of its stored value."""
    return category_label(Category(value))
