"""Received mail: what waits for somebody, what was set aside and why, each message as it came."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from crm.attachments import storage
from crm.extensions import db
from crm.filter_values import read_value
from crm.inbound import actions, labels, queries
from crm.inbound.models import OPEN, Fault, InboundMessage, InboundState
from crm.inbound.parsing import read
from crm.policy import Permission, actor, requires
from crm.unit_of_work import unit_of_work
from crm.web import toast

blueprint = Blueprint("inbound", __name__)


class Part(StrEnum):
    """The parts the list is read in."""

    OPEN = "open"
    DONE = "done"


_STATES = {Part.OPEN: (*OPEN, InboundState.WAITING), Part.DONE: (InboundState.MATCHED, InboundState.DISMISSED)}


@blueprint.get("/received")
@requires(Permission.LOBBY)
def messages() -> ResponseReturnValue:
    """Received mail, the newest first."""
    part = read_value(request.args, "part", Part) or Part.OPEN
    counts = queries.counts()
    return render_template(
        "inbound/messages.html",
        page=queries.messages_page(_STATES[part], request.args.get("cursor")),
        part=part,
        totals={each: sum(counts[state] for state in states) for each, states in _STATES.items()},
        labels=labels,
    )


def _words(sha256: str) -> str | None:
    """What a message says; None where it cannot be read."""
    try:
        return read(storage.path_of(sha256).read_bytes()).text
    except Exception:  # whatever is wrong with it, its page is there to show it
        return None


@blueprint.get("/received/<int:inbound_id>")
@requires(Permission.LOBBY)
def message(inbound_id: int) -> ResponseReturnValue:
    """One message: who wrote it, what it says, and what is to be done about it."""
    found = queries.message(inbound_id)
    if found is None:
        abort(404)
    return render_template(
        "inbound/message.html",
        message=found,
        words=_words(found.sha256),
        labels=labels,
        may_try_again=found.state is InboundState.SET_ASIDE and found.fault is not Fault.TOO_LARGE,
        may_dismiss=found.state in OPEN,
    )


@blueprint.get("/received/<int:inbound_id>/source")
@requires(Permission.LOBBY)
def source(inbound_id: int) -> ResponseReturnValue:
    """The message as it came, to open in a mail program."""
    found = queries.message(inbound_id)
    if found is None or not storage.path_of(found.sha256).is_file():
        abort(404, gettext("There is no such file: it may have been removed."))
    return Response(
        storage.path_of(found.sha256).read_bytes(),
        mimetype="message/rfc822",
        headers={
            "Content-Disposition": f"attachment; filename=message-{inbound_id}.eml",
            "Cache-Control": "private, no-store",
        },
    )


def _change(inbound_id: int, name: str, write: Callable[[InboundMessage], None], said: str) -> ResponseReturnValue:
    """Do something about a message, and go back to what is left."""
    try:
        with unit_of_work(name, actor=actor()):
            found = db.session.get(InboundMessage, inbound_id, with_for_update=True)
            if found is None:
                abort(404)
            write(found)
    except actions.MoveRefused:
        toast(gettext("Somebody has seen to it already."), category="warning")
    else:
        toast(said)
    return redirect(url_for("inbound.messages"))


@blueprint.post("/received/<int:inbound_id>/dismissed")
@requires(Permission.LOBBY)
def dismiss(inbound_id: int) -> ResponseReturnValue:
    """Note that nothing is to be done about it."""
    user_id = current_user.id
    said = gettext("Dismissed: it stays among what is done.")
    return _change(inbound_id, "dismiss received message", lambda found: actions.dismiss(found, user_id), said)


@blueprint.post("/received/<int:inbound_id>/again")
@requires(Permission.LOBBY)
def try_again(inbound_id: int) -> ResponseReturnValue:
    """Have the worker look at it once more."""
    said = gettext("The worker looks at it once more.")
    return _change(inbound_id, "try received message again", actions.try_again, said)
