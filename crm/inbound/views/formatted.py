"""A received mail as it was formatted, for the frame in the pages that show its words."""

from __future__ import annotations

from flask import Response, abort
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from crm.attachments import storage
from crm.history.queries import interaction
from crm.inbound import queries
from crm.inbound.formatting import POLICY, document_of, is_formatted
from crm.inbound.parsing import Mail, read
from crm.inbound.views.blueprint import blueprint, message_or_404
from crm.policy import Permission, requires


def _mail(sha256: str) -> Mail | None:
    try:
        return read(storage.path_of(sha256).read_bytes()).message
    except (OSError, ValueError):
        return None


def mail_is_formatted(sha256: str) -> bool:
    """Whether the mail of these bytes can be shown as it was formatted."""
    mail = _mail(sha256)
    return mail is not None and is_formatted(mail)


blueprint.add_app_template_global(mail_is_formatted)


def _document(sha256: str) -> ResponseReturnValue:
    mail = _mail(sha256)
    page = document_of(mail, gettext("The mail"), gettext("What it quotes")) if mail is not None else None
    if page is None:
        abort(404, gettext("This mail came as plain text alone."))
    return Response(
        page, mimetype="text/html", headers={"Content-Security-Policy": POLICY, "X-Frame-Options": "SAMEORIGIN"}
    )


@blueprint.get("/received/<int:inbound_id>/formatted")
@requires(Permission.LOBBY)
def formatted(inbound_id: int) -> ResponseReturnValue:
    """The HTML of a received message, made safe."""
    return _document(message_or_404(inbound_id).sha256)


@blueprint.get("/interactions/<int:interaction_id>/formatted")
@requires(Permission.READ)
def formatted_interaction(interaction_id: int) -> ResponseReturnValue:
    """The HTML of the mail an interaction came by, made safe, for whoever sees the interaction."""
    happened = interaction(interaction_id, current_user.team_id)
    mail = queries.mail_of(interaction_id) if happened else None
    if mail is None:
        abort(404, gettext("There is no mail here."))
    return _document(mail.sha256)
