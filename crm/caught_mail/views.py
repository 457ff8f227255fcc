"""Pages of caught mail, for everyone who is signed in: a catcher runs only where nothing is secret."""

from __future__ import annotations

import base64
import hashlib
from email.message import EmailMessage
from pathlib import Path

import nh3
from flask import Blueprint, Response, abort, current_app, render_template, request
from flask.typing import ResponseReturnValue

from config import Settings
from crm.caught_mail import maildir
from crm.policy import Permission, requires

blueprint = Blueprint("caught_mail", __name__)

SHOWN_HEADERS = ("From", "To", "Reply-To", "Date", "Message-ID", "List-Unsubscribe", "X-MailFrom", "X-RcptTo")
_STYLE = "body{margin:1rem;font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}img{max-width:100%}"
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
# The letter is a stranger's text: it loads nothing, runs nothing, and has an origin of its own even if opened alone.
_LETTER_POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{_STYLE_HASH}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
        "sandbox allow-popups allow-popups-to-escape-sandbox",
    )
)


def _folder() -> Path:
    settings: Settings = current_app.extensions["settings"]
    return settings.caught_mail


def _source_or_404(key: str) -> bytes:
    raw = maildir.source(_folder(), key)
    if raw is None:
        abort(404)
    return raw


def _message_or_404(key: str) -> EmailMessage:
    return maildir.parse(_source_or_404(key))


@blueprint.get("/caught-mail")
@requires(Permission.READ)
def messages() -> ResponseReturnValue:
    """The list, newest first."""
    return render_template("caught_mail/messages.html", page=maildir.letters(_folder(), request.args.get("cursor")))


@blueprint.get("/caught-mail/<key>")
@requires(Permission.READ)
def message(key: str) -> ResponseReturnValue:
    """One letter: headers, text and HTML."""
    letter = _message_or_404(key)
    return render_template(
        "caught_mail/message.html",
        key=key,
        subject=maildir.header(letter, "Subject"),
        headers=[(name, maildir.header(letter, name)) for name in SHOWN_HEADERS if name in letter],
        text=maildir.body(letter, "plain"),
        has_html=maildir.body(letter, "html") is not None,
        attachments=maildir.attachments(letter),
    )


@blueprint.get("/caught-mail/<key>/html")
@requires(Permission.READ)
def message_html(key: str) -> ResponseReturnValue:
    """The letter's HTML part, sanitised, for the frame of its page."""
    html = maildir.body(_message_or_404(key), "html")
    if html is None:
        abort(404)
    safe = nh3.clean(
        html,
        clean_content_tags={"script", "style", "title"},
        link_rel="noopener noreferrer",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    page = f"<!doctype html><meta charset=utf-8><title>HTML</title><style>{_STYLE}</style><body>{safe}"
    return Response(
        page,
        mimetype="text/html",
        headers={"Content-Security-Policy": _LETTER_POLICY, "X-Frame-Options": "SAMEORIGIN"},
    )


@blueprint.get("/caught-mail/<key>/source")
@requires(Permission.READ)
def message_source(key: str) -> ResponseReturnValue:
    """The letter as it came, to open in a mail program."""
    raw = _source_or_404(key)
    return Response(raw, mimetype="message/rfc822", headers={"Content-Disposition": "attachment; filename=letter.eml"})
