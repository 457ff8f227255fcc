"""The list of mailings and templates."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from crm.database import read_id
from crm.letters import queries
from crm.letters.models import standing_of
from crm.letters.views.blueprint import blueprint
from crm.pipeline.queries import campaign_names
from crm.policy import Permission, requires


@blueprint.get("/letters")
@requires(Permission.READ)
def letters() -> ResponseReturnValue:
    """Mailings with their standing and progress, and the templates they are made from."""
    campaign_id = request.args.get("campaign", type=read_id)
    page = queries.mailings(request.args.get("cursor"), campaign_id)
    ledgers = queries.ledgers([row.id for row in page.rows])
    return render_template(
        "letters/letters.html",
        page=page,
        ledgers=ledgers,
        standings={
            row.id: standing_of(row.state, row.batch_state, ledgers[row.id].waiting, row.look_at, row.agreed)
            for row in page.rows
        },
        templates=queries.templates(campaign_id),
        to_translate=sum(queries.translations_by_language().values()),
        campaigns=campaign_names(),
        campaign_id=campaign_id,
    )
