"""One letter: the exact words that were or will be sent, and what became of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Response, abort, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from crm.letters import delivery
from crm.letters.views.blueprint import blueprint
from crm.outbox.reasons import EXPLANATIONS
from crm.policy import Permission, requires

# The letter's own style stands in its elements; nothing runs, nothing is fetched, only our own page frames it.
_DOCUMENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"


def _letter(letter_id: int) -> sa.Row[*tuple[Any, ...]]:
    return delivery.letter(letter_id) or abort(404, gettext("There is no such letter."))


@blueprint.get("/letters/<int:letter_id>")
@requires(Permission.READ)
def letter(letter_id: int) -> ResponseReturnValue:
    """The letter as text and as its reader's mail program shows it."""
    found = _letter(letter_id)
    outcome = delivery.outcome_of(found.skip_reason, found.state)
    return render_template("letters/letter.html", letter=found, outcome=outcome, explanations=EXPLANATIONS)


@blueprint.get("/letters/<int:letter_id>/document")
@requires(Permission.READ)
def document(letter_id: int) -> ResponseReturnValue:
    """The HTML part of the letter, byte for byte, for the frame in its page."""
    html = _letter(letter_id).html or abort(404, gettext("This letter has no HTML part."))
    response = Response(html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = _DOCUMENT_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response
