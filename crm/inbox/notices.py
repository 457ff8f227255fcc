"""The mail that tells one of us what a reader has asked for, in our own language."""

from __future__ import annotations

from flask import current_app
from flask_babel import force_locale, gettext

from config import Settings
from crm import clock, i18n
from crm.accounts.models import User
from crm.extensions import db
from crm.inbox.labels import CONSEQUENCES, REQUESTS
from crm.inbox.models import ReaderRequest
from crm.inbox.queries import LetterBehind
from crm.outbox.actions import Draft, open_batch, post, release
from crm.outbox.models import BatchState

_KIND = "notice"


def tell_owner(request: ReaderRequest | None, letter: LetterBehind) -> None:
    """Post the notice of a request, or (None) of one that was taken back, behind the mails people wait for."""
    owner = db.session.get_one(User, letter.owner_id)
    if not owner.active:
        return
    settings: Settings = current_app.extensions["settings"]
    page = f"{settings.base_url}/contacts/{letter.contact_id}"
    with force_locale(i18n.locale_of(owner.language)):
        if request is None:
            said = gettext("May be written to again")
            follows = gettext("They took back themselves that they wanted no letters.")
        else:
            said, follows = str(REQUESTS[request.kind]), str(CONSEQUENCES[request.kind])
        lines = [
            gettext("Hello %(name)s,", name=owner.name),
            gettext("%(who)s (%(campaign)s): %(what)s.", who=letter.contact, campaign=letter.campaign, what=said),
            *([f"> {line}" for line in request.words.splitlines()] if request and request.words else []),
            follows,
            page,
        ]
        subject = f"{letter.contact}: {said}"
    batch = open_batch(_KIND, "standing")
    if batch.state is BatchState.UNRELEASED:
        release(batch.id)
    named = f"request:{request.id}" if request else f"again:{letter.letter_id}:{clock.now().timestamp():.0f}"
    if batch.state is not BatchState.CANCELLED:
        post(batch.id, [Draft(named, owner.email, owner.name, subject, "\n\n".join(lines) + "\n")])
