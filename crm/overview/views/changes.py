"""What the reader changed lately, each with the way back."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from crm.overview.changes import own_deeds
from crm.overview.views.blueprint import blueprint
from crm.policy import Permission, requires


@blueprint.get("/changes")
@requires(Permission.READ)
def changes() -> ResponseReturnValue:
    """The reader's own deeds, the latest first: a way back that lasts longer than a message."""
    page, deeds = own_deeds(request.args.get("cursor"))
    return render_template("overview/changes.html", page=page, deeds=deeds)
