"""Search: the page, and the bare results the palette asks for as one types."""

from __future__ import annotations

from flask import Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from crm import i18n
from crm.directory.finding import contacts_named
from crm.directory.models import ContactKind
from crm.overview.finding import LONGEST, SUGGESTED, hits, note_opened, recent_hits
from crm.overview.views.blueprint import blueprint
from crm.policy import Permission, requires
from crm.web import is_partial


@blueprint.get("/search")
@requires(Permission.READ)
def search() -> ResponseReturnValue:
    """Whatever is called so in any part of its name; without a text, what was opened lately."""
    text = request.args.get("q", "").strip()[:LONGEST]
    template = "overview/search_hits.html" if is_partial() else "overview/search.html"
    return render_template(template, text=text, groups=hits(text) if text else recent_hits())


@blueprint.get("/contacts/suggestions")
@requires(Permission.READ)
def suggestions() -> ResponseReturnValue:
    """Contacts of a kind (of both where none is said) that a field for a name offers as one types."""
    kind = request.args.get("kind")
    if kind is not None and kind not in set(ContactKind):
        abort(404)
    text = request.args.get("q", "").strip()[:LONGEST]
    found = contacts_named(text, SUGGESTED, kind=ContactKind(kind) if kind else None)
    return render_template("overview/suggestions.html", contacts=found, today=i18n.today())


@blueprint.after_request
def _note_opened(response: Response) -> Response:
    if request.endpoint == "overview.contact" and request.method == "GET" and response.status_code == 200:
        note_opened((request.view_args or {})["contact_id"])
    return response
