"""One decision about a mailing, and the way back to its page."""

from __future__ import annotations

from collections.abc import Callable

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from crm.letters import actions, queries
from crm.letters.labels import REFUSALS, refusal_words
from crm.letters.models import BEFORE_APPROVAL, Ledger, Mailing, MailingState, Standing, standing_of
from crm.letters.views.blueprint import mailing_or_404
from crm.outbox.actions import BatchRefused
from crm.outbox.models import BatchState
from crm.policy import actor
from crm.unit_of_work import unit_of_work
from crm.web import toast

# What a mailing's page tells of later, by the name it has in the trail.
CHANGE_TIME, TAKE_APPROVAL_BACK = "change the time of a mailing", "take approval back"


def seen_of(mailing: Mailing, standing: Standing) -> str:
    """What a form shows of a mailing when it is opened, to tell it later from one that is out of date."""
    paused_for = mailing.batch.paused_for if mailing.batch else None
    return f"{standing}:{paused_for or mailing.asked or ''}"


def not_left(mailing: Mailing) -> bool:
    """Whether its letters are planned, and none of them may have left."""
    unreleased = mailing.batch is not None and mailing.batch.state is BatchState.UNRELEASED
    return mailing.state in BEFORE_APPROVAL or (mailing.state is MailingState.APPROVED and unreleased)


def standing(mailing: Mailing, ledger: Ledger) -> Standing:
    """Where it stands."""
    batch = mailing.batch.state if mailing.batch else None
    return standing_of(mailing.state, batch, ledger.waiting, mailing.look_at, mailing.agreed)


def decide(
    mailing_id: int, name: str, action: Callable[[int], object], done: str | Callable[[Mailing, Ledger], str]
) -> ResponseReturnValue:
    """Run one decision about a mailing and go back to its page; a form that shows what is past decides nothing.

    `done` is what is said then, or tells it from where the mailing stands by then.
    """
    found = mailing_or_404(mailing_id)
    now = seen_of(found, standing(found, queries.ledgers([mailing_id])[mailing_id]))
    if request.form.get("seen", now) != now:
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
        if callable(done):
            done = done(mailing_or_404(mailing_id), queries.ledgers([mailing_id])[mailing_id])
        toast(done)
    return redirect(url_for("letters.mailing", mailing_id=mailing_id))
