"""Received mail: what waits for somebody, what was set aside and why, each message as it came."""

from __future__ import annotations

from enum import StrEnum

from flask import Response, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from crm.attachments import storage
from crm.filter_values import read_value
from crm.inbound import labels, queries
from crm.inbound.mailbox import known_mailbox
from crm.inbound.models import OPEN, InboundState
from crm.inbound.views.blueprint import blueprint, message_or_404, message_page
from crm.policy import Permission, requires


class Part(StrEnum):
    """The parts the list is read in."""

    OPEN = "open"
    DONE = "done"
    TO_MANY = "to-many"


_STATES = {
    Part.OPEN: (*OPEN, InboundState.WAITING),
    Part.DONE: (InboundState.MATCHED, InboundState.DISMISSED, InboundState.DUPLICATE),
    Part.TO_MANY: (InboundState.TO_MANY,),
}


@blueprint.get("/received")
@requires(Permission.LOBBY)
def messages() -> ResponseReturnValue:
    """Received mail, the newest first; `text` narrows it to a sender or a subject."""
    part = read_value(request.args, "part", Part) or Part.OPEN
    text = request.args.get("text", "").strip()[:200]
    counts = queries.counts(current_user.team_id)
    return render_template(
        "inbound/messages.html",
        page=queries.messages_page(_STATES[part], current_user.team_id, request.args.get("cursor"), text=text),
        text=text,
        mailbox=known_mailbox(),
        part=part,
        totals={each: sum(counts[state] for state in states) for each, states in _STATES.items()},
        labels=labels,
    )


@blueprint.get("/received/<int:inbound_id>")
@requires(Permission.LOBBY)
def message(inbound_id: int) -> ResponseReturnValue:
    """One message: who wrote it, what it says, and what is to be done about it."""
    return message_page(message_or_404(inbound_id))


@blueprint.get("/received/<int:inbound_id>/source")
@requires(Permission.LOBBY)
def source(inbound_id: int) -> ResponseReturnValue:
    """The message as it came, to open in a mail program."""
    found = message_or_404(inbound_id)
    if not storage.path_of(found.sha256).is_file():
        abort(404, gettext("There is no such file: it may have been removed."))
    return Response(
        storage.path_of(found.sha256).read_bytes(),
        mimetype="message/rfc822",
        headers={
            "Content-Disposition": f"attachment; filename=message-{inbound_id}.eml",
            "Cache-Control": "private, no-store",
        },
    )
