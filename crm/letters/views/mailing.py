"""A mailing's page: its ledger, live and row by row; planning, pausing and cancelling it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from crm import clock
from crm.accounts.queries import active_users, actor_names
from crm.audit.queries import last_deeds
from crm.directory.menus import countries_present
from crm.letters import actions, delivery, queries
from crm.letters.audience import Audience
from crm.letters.delivery import Outcome
from crm.letters.forms import PaceForm
from crm.letters.labels import audience_words
from crm.letters.ledger import LedgerFilter, ledger_page
from crm.letters.models import BEFORE_APPROVAL, Ledger, Mailing, SkipReason, Standing
from crm.letters.views.approval import approval_of
from crm.letters.views.blueprint import blueprint, mailing_or_404
from crm.letters.views.deciding import CHANGE_TIME, TAKE_APPROVAL_BACK, decide, not_left, seen_of, standing
from crm.letters.views.ledger import RowWords
from crm.outbox.labels import OUTAGES, PAUSES
from crm.outbox.outages import present_outage
from crm.outbox.reasons import Reason
from crm.outbox.turns import Turns, turns_of
from crm.outbox.waiting import first_time
from crm.pipeline.views.blueprint import named_countries
from crm.policy import Permission, requires
from crm.web import minute, toast

_LEAVING = frozenset(
    {Standing.AWAITING_APPROVAL, Standing.RETURNED, Standing.SCHEDULED, Standing.STARTING, Standing.SENDING}
)
LIVE = frozenset({Standing.PLANNING, Standing.STARTING, Standing.SENDING})


def _status(mailing: Mailing) -> dict[str, Any]:
    ledger = queries.ledgers([mailing.id])[mailing.id]
    stands = standing(mailing, ledger)
    checking = mailing.state in BEFORE_APPROVAL and mailing.checked_at is None
    return {
        "mailing": mailing,
        "ledger": ledger,
        "standing": stands,
        "live": stands in LIVE or checking,
        "checking": checking,
        "seen": seen_of(mailing, stands),
        "movable": not_left(mailing) and ledger.waiting > 0,
        "passed": mailing.schedule.has_passed(clock.now()),
        "paused_for": PAUSES.get(mailing.batch.paused_for) if mailing.batch and mailing.batch.paused_for else None,
        "errors": mailing.batch.paused_with if mailing.batch else {},
        "outage": present_outage() if stands is Standing.SENDING else None,
        "outages": OUTAGES,
        "turns": _turns(mailing, ledger, stands),
        "dropped": {SkipReason(reason): number for reason, number in mailing.dropped.items()},
    }


def _turns(mailing: Mailing, ledger: Ledger, stands: Standing) -> Turns | None:
    """What its letters wait for, or will; None where they do not wait to leave."""
    if mailing.batch_id is None or stands not in _LEAVING:
        return None
    zone = mailing.zone if mailing.office_hours else None
    sending = stands is Standing.SENDING
    return turns_of(mailing.batch_id, ledger.waiting, mailing.per_minute, office_zone=zone, sending=sending)


# What may decide where letters stand that are neither sent nor failed; the failed count theirs.
_REASONS_OF: dict[Outcome, tuple[Reason, ...]] = {
    Outcome.WAITING: (
        Reason.WAITS_ITS_TURN,
        Reason.OFFICE_CLOSED,
        Reason.SERVER_BUSY,
        Reason.CONNECTION_LOST,
        Reason.SAID_SEND_AGAIN,
    ),
    Outcome.SENT: (Reason.BOUNCED, Reason.SAID_ARRIVED),
    Outcome.HELD: (Reason.NO_ANSWER, Reason.PROCESS_DIED, Reason.DATABASE_CRASHED),
    Outcome.CANCELLED: (Reason.BATCH_CANCELLED, Reason.LEFT_OUT, Reason.OUTDATED, Reason.SUPPRESSED),
}


def reasons_in(ledger: Ledger, chosen: LedgerFilter, dropped: Iterable[SkipReason]) -> list[SkipReason | Reason]:
    """The reasons one can ask for in a part of a ledger, or in all of it."""
    parts = list(Outcome) if chosen.outcome is None else [chosen.outcome]
    found: list[SkipReason | Reason] = []
    if Outcome.SKIPPED in parts:
        found += ledger.skipped_by_reason
    if Outcome.FAILED in parts:
        found += ledger.failures
    for part in parts if chosen.outcome else ():
        found += _REASONS_OF.get(part, ())
    if chosen.outcome is Outcome.CANCELLED:
        found += dropped
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
    deeds = last_deeds(Mailing.__tablename__, mailing_id, (CHANGE_TIME, TAKE_APPROVAL_BACK))
    return render_template(
        "letters/mailing.html",
        page=ledger_page(found, chosen, request.args.get("cursor")),
        chosen=chosen,
        reasons=reasons_in(status["ledger"], chosen, status["dropped"]),
        written_in=sorted({language for language, _approach in wordings}),
        from_countries=named_countries(countries_present()),
        wordings=wordings,
        files=queries.attachments_of(mailing_id),
        schedule=found.schedule,
        time_changed=deeds.get(CHANGE_TIME),
        taken_back=deeds.get(TAKE_APPROVAL_BACK),
        actors=actor_names() if deeds else {},
        outcome_of=delivery.outcome_of,
        row_words=RowWords(),
        now=clock.now(),
        pace_form=PaceForm(formdata=None, obj=found),
        audience=audience_words(audience, dict(active_users())),
        **status,
        **approval_of(found),
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


@blueprint.post("/mailings/<int:mailing_id>/plan")
@requires(Permission.LOBBY)
def plan(mailing_id: int) -> ResponseReturnValue:
    """Have the letters of a draft written."""
    user_id = current_user.id
    return decide(
        mailing_id,
        "plan mailing",
        lambda chosen: actions.plan_mailing(chosen, planned_by_id=user_id),
        gettext("The letters are being planned."),
    )


@blueprint.post("/mailings/<int:mailing_id>/pause")
@requires(Permission.LOBBY)
def pause(mailing_id: int) -> ResponseReturnValue:
    """Hold back what waits."""
    return decide(mailing_id, "pause mailing", actions.pause_mailing, gettext("Paused: no further letter leaves."))


@blueprint.post("/mailings/<int:mailing_id>/resume")
@requires(Permission.LOBBY)
def resume(mailing_id: int) -> ResponseReturnValue:
    """Go on with what waits."""
    return decide(
        mailing_id,
        "resume mailing",
        actions.resume_mailing,
        _resumed,
    )


def _resumed(mailing: Mailing, _ledger: Ledger) -> str:
    first = first_time(mailing.batch_id) if mailing.batch_id is not None else None
    if first is not None and first > clock.now():
        return str(gettext("It goes on: the letters leave %(when)s.", when=minute(first)))
    return str(gettext("The letters go on in a moment."))


@blueprint.post("/mailings/<int:mailing_id>/pace")
@requires(Permission.LOBBY)
def set_pace(mailing_id: int) -> ResponseReturnValue:
    """Change how fast its letters leave, also while they do."""
    form = PaceForm()
    if not form.validate():
        toast(" ".join(form.per_minute.errors), category="error")
        return redirect(url_for("letters.mailing", mailing_id=mailing_id))
    return decide(
        mailing_id,
        "change the pace of a mailing",
        lambda chosen: actions.set_pace(chosen, form.per_minute.data),
        gettext("Saved."),
    )


@blueprint.post("/mailings/<int:mailing_id>/cancel")
@requires(Permission.LOBBY)
def cancel(mailing_id: int) -> ResponseReturnValue:
    """Stop what waits, for good."""
    return decide(mailing_id, "cancel mailing", actions.cancel_mailing, gettext("Cancelled: nothing more leaves."))
