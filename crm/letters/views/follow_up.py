"""Who has not answered a mailing, and the way to write to them again."""

from __future__ import annotations

from dataclasses import replace

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm.letters import delivery
from crm.letters.audience import FOLLOW_UP_DAYS, Audience
from crm.letters.views.blueprint import blueprint, mailing_or_404
from crm.policy import Permission, requires

DAYS = (0, 3, 7, 14, 30, 60)


@blueprint.get("/mailings/<int:mailing_id>/unanswered")
@requires(Permission.READ)
def unanswered(mailing_id: int) -> ResponseReturnValue:
    """The readers of a mailing nobody has heard from since, after so many days."""
    found = mailing_or_404(mailing_id)
    days = Audience.from_args({"after": request.args.get("after", str(FOLLOW_UP_DAYS))}).days
    audience = Audience(unanswered=mailing_id, days=days, team_id=current_user.team_id)
    total = audience.size(found.campaign_id)
    return render_template(
        "letters/unanswered.html",
        mailing=found,
        days=days,
        choices=sorted({*DAYS, days}),
        total=total,
        so_far=total or replace(audience, days=0).size(found.campaign_id),
        first_sent_at=None if total else delivery.first_sent_at(found),
        audience=audience.to_args(),
        page=delivery.unanswered(found, days, current_user.team_id, request.args.get("cursor")),
    )
