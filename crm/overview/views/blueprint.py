"""The blueprint, and what its screens share."""

from __future__ import annotations

from flask import Blueprint, abort
from flask_babel import gettext

from crm.directory.models import Contact
from crm.directory.queries import whole_contact

blueprint = Blueprint("overview", __name__)


def contact_or_404(contact_id: int) -> Contact:
    """The contact, or the page that says there is none."""
    return whole_contact(contact_id) or abort(404, gettext("There is no such contact: it may have been removed."))
