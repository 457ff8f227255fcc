"""The blueprint, and what its screens share."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from crm.attachments import storage
from crm.inbound import labels, queries
from crm.inbound.folding import Words, words_of
from crm.inbound.models import OPEN, Fault, InboundState
from crm.inbound.parsing import read

blueprint = Blueprint("inbound", __name__)
blueprint.add_app_template_global(queries.mail_of)


def message_or_404(inbound_id: int) -> Any:
    """The message, for whoever may see what became of it."""
    return queries.message(inbound_id, current_user.team_id) or abort(
        404, gettext("There is no such message, or it is another team's.")
    )


def _words(sha256: str) -> Words | None:
    """What a message says; None where it cannot be read."""
    try:
        return words_of(read(storage.path_of(sha256).read_bytes()).message)
    except Exception:  # whatever is wrong with it, its page is there to show it
        return None


def message_page(
    found: Any, *, who: str = "", error: str = "", candidates: Any = (), status: int = 200
) -> ResponseReturnValue:
    """A message with what may be done about it; `who` is what was typed, and `error` what is wrong with that."""
    to_assign = found.state is InboundState.UNMATCHED
    page = render_template(
        "inbound/message.html",
        message=found,
        words=_words(found.sha256),
        labels=labels,
        to_assign=to_assign,
        proposals=queries.proposals(found.from_address, found.from_name) if to_assign else (),
        may_keep_address=queries.may_keep_address(found),
        who=who,
        error=error,
        candidates=candidates,
        may_try_again=found.state is InboundState.SET_ASIDE and found.fault is not Fault.TOO_LARGE,
        may_dismiss=found.state in OPEN,
    )
    return page, status
