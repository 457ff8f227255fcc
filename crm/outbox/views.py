"""The administrator's view of all outgoing mail."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from werkzeug.exceptions import BadRequest

from crm.database import read_id
from crm.outbox import actions, labels, queries
from crm.outbox.actions import BatchRefused, Decision, NotHeld
from crm.outbox.models import BATCH_MOVES, BatchState, MessageState
from crm.outbox.outages import present_outage
from crm.outbox.owners import page_of
from crm.outbox.reasons import EXPLANATIONS
from crm.paging import PAGE_SIZE
from crm.policy import Permission, actor, requires
from crm.unit_of_work import unit_of_work
from crm.web import toast

blueprint = Blueprint("outbox", __name__)


class BatchOrder(StrEnum):
    """What an administrator can tell a batch."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


_ORDERS: dict[BatchOrder, tuple[Callable[[int], object], BatchState]] = {
    BatchOrder.PAUSE: (actions.pause, BatchState.PAUSED),
    BatchOrder.RESUME: (actions.resume, BatchState.RUNNING),
    BatchOrder.CANCEL: (actions.cancel, BatchState.CANCELLED),
}


def _wanted_state() -> MessageState | None:
    given = request.args.get("state", "")
    try:
        return MessageState(given) if given else None
    except ValueError:
        raise BadRequest(gettext("There is no such state: choose one from the list.")) from None


@blueprint.get("/outbox")
@requires(Permission.ADMINISTER)
def messages() -> ResponseReturnValue:
    """All outgoing mail, newest first, by state and batch."""
    state = _wanted_state()
    batch_id = request.args.get("batch", type=read_id)
    batch = queries.batch_with_counts(batch_id) if batch_id is not None else None
    if batch_id is not None and batch is None:
        abort(404)
    orders = [order for order, (_action, target) in _ORDERS.items() if batch and target in BATCH_MOVES[batch.state]]
    own_page = page_of(batch.kind, batch.reference) if batch else None
    if batch and BatchOrder.RESUME in orders and (batch.state is BatchState.UNRELEASED or own_page is not None):
        # Who wrote the letters lets them go, where they were written.
        orders.remove(BatchOrder.RESUME)
    return render_template(
        "outbox/messages.html",
        page=queries.messages_page(state, batch_id, request.args.get("cursor")),
        state=state,
        batch=batch,
        own_page=own_page,
        orders=orders,
        held=queries.held_count(),
        outage=present_outage(),
        labels=labels,
        explanations=EXPLANATIONS,
    )


def _back() -> ResponseReturnValue:
    """To the list as it was filtered."""
    given = request.args
    return redirect(
        url_for("outbox.messages", state=given.get("state"), batch=given.get("batch"), cursor=given.get("cursor"))
    )


def _decision() -> Decision:
    try:
        return Decision(request.form.get("decision", ""))
    except ValueError:
        raise BadRequest(gettext("Choose whether it arrived, is sent again, or is given up.")) from None


@blueprint.post("/outbox/messages/<int:message_id>/decision")
@requires(Permission.ADMINISTER)
def decide(message_id: int) -> ResponseReturnValue:
    """What a person says about a held letter."""
    decision = _decision()
    try:
        with unit_of_work("decide on a held letter", actor=actor()):
            actions.resolve_held(message_id, decision)
    except NotHeld:
        toast(gettext("This letter is not held any more: somebody has decided already."), category="warning")
    except BatchRefused:
        toast(gettext("Its batch is cancelled, so it cannot be sent again."), category="warning")
    else:
        toast(gettext("Noted: %(decision)s.", decision=labels.DECISIONS[decision]))
    return _back()


@blueprint.post("/outbox/held/decision")
@requires(Permission.ADMINISTER)
def decide_many() -> ResponseReturnValue:
    """The same about all that are ticked, of one page."""
    decision = _decision()
    given = request.form.getlist("message", type=read_id)[:PAGE_SIZE]
    if not given:
        toast(gettext("Tick the letters first that this is so of."), category="warning")
        return _back()
    with unit_of_work("decide on held letters", actor=actor()):
        settled = actions.resolve_many(given, decision)
    said = labels.DECISIONS[decision]
    if settled:
        words = ngettext(
            "Noted of %(num)d letter: %(what)s.", "Noted of %(num)d letters: %(what)s.", settled, what=said
        )
        toast(words)
    if left := len(given) - settled:
        words = ngettext(
            "%(num)d letter stays as it is: somebody has decided already, or its batch is cancelled.",
            "%(num)d letters stay as they are: somebody has decided already, or their batch is cancelled.",
            left,
        )
        toast(words, category="warning")
    return _back()


@blueprint.post("/outbox/batches/<int:batch_id>/<order>")
@requires(Permission.ADMINISTER)
def order_batch(batch_id: int, order: str) -> ResponseReturnValue:
    """Pause a batch, let it go on, or cancel what has not left."""
    batch = queries.batch_with_counts(batch_id)
    if order not in set(BatchOrder) or batch is None:
        abort(404)
    own_page = page_of(batch.kind, batch.reference)
    if order == BatchOrder.RESUME and own_page is not None:
        said = gettext("These letters go on where they were written: their readers are looked at once more before.")
        toast(said, category="warning")
        return redirect(own_page)
    action, target = _ORDERS[BatchOrder(order)]
    try:
        with unit_of_work(f"{order} outgoing batch", actor=actor()):
            action(batch_id)
    except BatchRefused as refused:
        now = labels.BATCH_STATES[refused.state]
        toast(gettext("That is not possible now: the batch is %(state)s.", state=now), category="warning")
    else:
        toast(gettext("The batch is %(state)s.", state=labels.BATCH_STATES[target]))
    return _back()
