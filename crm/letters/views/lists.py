"""The list of mailings and templates."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from crm import clock
from crm.database import read_id
from crm.letters import queries
from crm.letters.labels import departure_label
from crm.letters.models import MailingState, standing_of
from crm.letters.schedule import Schedule
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
        departures={
            row.id: departure_label(
                Schedule(row.send_on, row.send_at, row.zone, row.readers_zone, row.office_hours), clock.now()
            )
            for row in page.rows
            if row.state not in (MailingState.APPROVED, MailingState.CANCELLED)
        },
        templates=queries.templates(campaign_id),
        to_translate=sum(queries.translations_by_language().values()),
        campaigns=campaign_names(),
        campaign_id=campaign_id,
    )
