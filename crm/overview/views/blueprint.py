"""The blueprint, and what its screens share."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, request, url_for
from flask_babel import gettext

from crm.directory.models import Contact
from crm.directory.queries import survivor_of, whole_contact

blueprint = Blueprint("overview", __name__)


def contact_or_404(contact_id: int) -> Contact:
    """The contact, or the page that says there is none; an old link leads to the contact it became part of."""
    found = whole_contact(contact_id)
    if found is None and request.method == "GET":
        survivor_id = survivor_of(contact_id)
        if survivor_id is not None:
            abort(redirect(url_for(request.endpoint or "", **{**(request.view_args or {}), "contact_id": survivor_id})))
    return found or abort(404, gettext("There is no such contact: it may have been removed."))
