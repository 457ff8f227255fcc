"""A mailing's page: its ledger, live and row by row; approving, pausing and cancelling it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from crm import clock
from crm.accounts.queries import active_users
from crm.directory.menus import countries_present
from crm.letters import actions, delivery, queries
from crm.letters.audience import Audience
from crm.letters.delivery import Outcome
from crm.letters.labels import REFUSALS, audience_words, refusal_words
from crm.letters.ledger import LedgerFilter, ledger_page
from crm.letters.models import Ledger, Mailing, SkipReason, Standing, standing_of
from crm.letters.views.blueprint import blueprint, mailing_or_404
from crm.letters.views.ledger import RowWords
from crm.outbox.actions import BatchRefused
from crm.outbox.labels import OUTAGES, PAUSES
from crm.outbox.outages import present_outage
from crm.outbox.reasons import Reason
from crm.policy import Permission, actor, can, requires
from crm.unit_of_work import unit_of_work
from crm.web import toast

LIVE = frozenset({Standing.PLANNING, Standing.SENDING})


def _seen(mailing: Mailing, standing: Standing) -> str:
    """What a form shows of a mailing when it is opened, to tell it later from one that is out of date."""
    paused_for = mailing.batch.paused_for if mailing.batch else None
    return f"{standing}:{paused_for or ''}"


def _status(mailing: Mailing) -> dict[str, Any]:
    ledger = queries.ledgers([mailing.id])[mailing.id]
    standing = standing_of(mailing.state, mailing.batch.state if mailing.batch else None, ledger.waiting)
    mine = standing is Standing.AWAITING_APPROVAL and not queries.may_approve(mailing, current_user.id)
    return {
        "mailing": mailing,
        "ledger": ledger,
        "standing": standing,
        "live": standing in LIVE,
        "seen": _seen(mailing, standing),
        "may_approve": can(Permission.APPROVE) and not mine,
        "planned_by_me": mailing.planned_by_id == current_user.id,
        "passed": mailing.schedule.has_passed(clock.now()),
        "paused_for": PAUSES.get(mailing.batch.paused_for) if mailing.batch and mailing.batch.paused_for else None,
        "errors": mailing.batch.paused_with if mailing.batch else {},
        "outage": present_outage() if standing is Standing.SENDING else None,
        "outages": OUTAGES,
    }


# What may decide where letters stand that are neither sent nor failed; the failed count theirs.
_REASONS_OF: dict[Outcome, tuple[Reason, ...]] = {
    Outcome.WAITING: (Reason.SERVER_BUSY, Reason.CONNECTION_LOST, Reason.SAID_SEND_AGAIN),
    Outcome.SENT: (Reason.SAID_ARRIVED,),
    Outcome.HELD: (Reason.NO_ANSWER, Reason.PROCESS_DIED, Reason.DATABASE_CRASHED),
    Outcome.CANCELLED: (Reason.BATCH_CANCELLED, Reason.SUPPRESSED),
}


def reasons_in(ledger: Ledger, chosen: LedgerFilter) -> list[SkipReason | Reason]:
    """The reasons one can ask for in a part of a ledger, or in all of it."""
    parts = list(Outcome) if chosen.outcome is None else [chosen.outcome]
    found: list[SkipReason | Reason] = []
    if Outcome.SKIPPED in parts:
        found += ledger.skipped_by_reason
    if Outcome.FAILED in parts:
        found += ledger.failures
    for part in parts if chosen.outcome else ():
        found += _REASONS_OF.get(part, ())
    return list(dict.fromkeys([*found, *([chosen.reason] if chosen.reason else [])]))


@blueprint.get("/mailings/<int:mailing_id>")
@requires(Permission.READ)
def mailing(mailing_id: int) -> ResponseReturnValue:
    """One mailing with its letters."""
    found = mailing_or_404(mailing_id)
    chosen = LedgerFilter.from_args(request.args)
    audience = Audience.from_args(MultiDict(found.audience))
    status = _status(found)
    wordings = queries.wordings_of(mailing_id)
    return render_template(
        "letters/mailing.html",
        page=ledger_page(found, chosen, request.args.get("cursor")),
        chosen=chosen,
        reasons=reasons_in(status["ledger"], chosen),
        written_in=sorted({language for language, _approach in wordings}),
        from_countries=countries_present(),
        wordings=wordings,
        files=queries.attachments_of(mailing_id),
        schedule=found.schedule,
        outcome_of=delivery.outcome_of,
        row_words=RowWords(),
        now=clock.now(),
        audience=audience_words(audience, dict(active_users())),
        **status,
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
    """Run one decision about a mailing and go back to its page; a form that shows what is past decides nothing."""
    found = mailing_or_404(mailing_id)
    if request.form.get("seen", now := _status(found)["seen"]) != now:
        toast(str(REFUSALS["not_allowed"]), category="error")
        return redirect(url_for("letters.mailing", mailing_id=mailing_id))
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
