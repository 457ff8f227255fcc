"""A mailing's page: its ledger, live; approving, pausing, cancelling it; its letters, on screen and as a table file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from crm import clock
from crm.accounts.queries import active_users
from crm.letters import actions, delivery, queries
from crm.letters.audience import Audience
from crm.letters.delivery import Outcome
from crm.letters.labels import REFUSALS, audience_words, outcome_label, refusal_words, skip_label
from crm.letters.models import Mailing, SkipReason, Standing, standing_of
from crm.letters.views.blueprint import blueprint, mailing_or_404
from crm.outbox.actions import BatchRefused
from crm.outbox.labels import OUTAGES, PAUSES
from crm.outbox.outages import present_outage
from crm.outbox.reasons import EXPLANATIONS
from crm.policy import Permission, actor, can, requires
from crm.spreadsheets import csv_response
from crm.unit_of_work import unit_of_work
from crm.web import toast

LIVE = frozenset({Standing.PLANNING, Standing.SENDING})


def _outcome() -> Outcome | None:
    wanted = request.args.get("outcome", "")
    return Outcome(wanted) if wanted in [*Outcome] else None


def _reason() -> SkipReason | None:
    wanted = request.args.get("reason", "")
    return SkipReason(wanted) if wanted in [*SkipReason] and _outcome() is Outcome.SKIPPED else None


def _status(mailing: Mailing) -> dict[str, Any]:
    ledger = queries.ledgers([mailing.id])[mailing.id]
    standing = standing_of(mailing.state, mailing.batch.state if mailing.batch else None, ledger.waiting)
    mine = standing is Standing.AWAITING_APPROVAL and not queries.may_approve(mailing, current_user.id)
    return {
        "mailing": mailing,
        "ledger": ledger,
        "standing": standing,
        "live": standing in LIVE,
        "may_approve": can(Permission.APPROVE) and not mine,
        "planned_by_me": mailing.planned_by_id == current_user.id,
        "passed": mailing.schedule.has_passed(clock.now()),
        "paused_for": PAUSES.get(mailing.batch.paused_for) if mailing.batch and mailing.batch.paused_for else None,
        "errors": mailing.batch.paused_with if mailing.batch else {},
        "outage": present_outage() if standing is Standing.SENDING else None,
        "outages": OUTAGES,
    }


@blueprint.get("/mailings/<int:mailing_id>")
@requires(Permission.READ)
def mailing(mailing_id: int) -> ResponseReturnValue:
    """One mailing with its letters."""
    found = mailing_or_404(mailing_id)
    outcome = _outcome()
    audience = Audience.from_args(MultiDict(found.audience))
    return render_template(
        "letters/mailing.html",
        page=delivery.letters(found, outcome, request.args.get("cursor"), _reason()),
        outcome=outcome,
        reason=_reason(),
        wordings=queries.wordings_of(mailing_id),
        files=queries.attachments_of(mailing_id),
        schedule=found.schedule,
        outcome_of=delivery.outcome_of,
        explanations=EXPLANATIONS,
        audience=audience_words(audience, dict(active_users())),
        **_status(found),
    )


@blueprint.get("/mailings/<int:mailing_id>/progress")
@requires(Permission.READ)
def progress(mailing_id: int) -> ResponseReturnValue:
    """The live part of the page; it asks to be polled no more once nothing moves by itself."""
    status = _status(mailing_or_404(mailing_id))
    response = make_response(render_template("letters/progress.html", **status))
    if not status["live"]:
        response.headers["X-Poll"] = "stop"
    return response


def _decide(mailing_id: int, name: str, action: Callable[[int], object], done: str) -> ResponseReturnValue:
    """Run one decision about a mailing and go back to its page."""
    mailing_or_404(mailing_id)
    try:
        with unit_of_work(name, actor=actor()):
            action(mailing_id)
    except actions.MailingRefused as refusal:
        toast(refusal_words(refusal), category="error")
    except BatchRefused:
        toast(str(REFUSALS["not_allowed"]), category="error")
    else:
        toast(done)
    return redirect(url_for("letters.mailing", mailing_id=mailing_id))


@blueprint.post("/mailings/<int:mailing_id>/plan")
@requires(Permission.LOBBY)
def plan(mailing_id: int) -> ResponseReturnValue:
    """Have the letters of a draft written."""
    user_id = current_user.id
    return _decide(
        mailing_id,
        "plan mailing",
        lambda chosen: actions.plan_mailing(chosen, planned_by_id=user_id),
        gettext("The letters are being planned."),
    )


@blueprint.post("/mailings/<int:mailing_id>/approve")
@requires(Permission.APPROVE)
def approve(mailing_id: int) -> ResponseReturnValue:
    """Let the letters leave."""
    user_id = current_user.id
    return _decide(
        mailing_id,
        "approve mailing",
        lambda chosen: actions.approve_mailing(chosen, approver_id=user_id),
        gettext("Approved: the letters are on their way."),
    )


@blueprint.post("/mailings/<int:mailing_id>/pause")
@requires(Permission.LOBBY)
def pause(mailing_id: int) -> ResponseReturnValue:
    """Hold back what waits."""
    return _decide(mailing_id, "pause mailing", actions.pause_mailing, gettext("Paused: no further letter leaves."))


@blueprint.post("/mailings/<int:mailing_id>/resume")
@requires(Permission.LOBBY)
def resume(mailing_id: int) -> ResponseReturnValue:
    """Go on with what waits."""
    return _decide(mailing_id, "resume mailing", actions.resume_mailing, gettext("The letters go on."))


@blueprint.post("/mailings/<int:mailing_id>/cancel")
@requires(Permission.LOBBY)
def cancel(mailing_id: int) -> ResponseReturnValue:
    """Stop what waits, for good."""
    return _decide(mailing_id, "cancel mailing", actions.cancel_mailing, gettext("Cancelled: nothing more leaves."))


_HEADS = ("contact", "name", "country", "address", "language", "outcome", "reason", "server said", "attempts", "at")


def _table(found: Mailing, outcome: Outcome | None) -> Iterator[Sequence[Any]]:
    """The letters as rows of a table file, one after the other."""
    yield _HEADS
    for row in delivery.all_letters(found, outcome):
        reason = skip_label(row.skip_reason) if row.skip_reason else EXPLANATIONS[row.reason] if row.reason else ""
        said = " ".join(str(part) for part in (row.reply_code, row.reply_text) if part)
        yield (
            row.contact_id,
            row.name,
            row.country,
            row.address,
            row.language,
            str(outcome_label(delivery.outcome_of(row.skip_reason, row.state))),
            str(f"{reason}: {row.skip_detail}" if row.skip_detail else reason),
            said,
            row.attempts,
            row.finished_at.isoformat() if row.finished_at else "",
        )


@blueprint.get("/mailings/<int:mailing_id>/letters.csv")
@requires(Permission.READ)
def export(mailing_id: int) -> ResponseReturnValue:
    """The letters of a mailing as a table file, all of them or one part of the ledger."""
    found = mailing_or_404(mailing_id)
    return csv_response(f"mailing-{mailing_id}.csv", _table(found, _outcome()))
