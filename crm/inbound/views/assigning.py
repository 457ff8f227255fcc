"""Saying whose a received message is, that it is nobody's, and thinking better of either."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from crm.database import read_id
from crm.directory.actions import InvalidAddress, add_point
from crm.directory.finding import contacts_named
from crm.directory.models import Contact, PointKind
from crm.directory.naming import contacts_called
from crm.extensions import db
from crm.inbound import actions, queries
from crm.inbound.models import InboundMessage
from crm.inbound.placing import MoveRefused
from crm.inbound.views.blueprint import blueprint, message_or_404, message_page
from crm.policy import Permission, actor, requires
from crm.unit_of_work import UnitOfWork, unit_of_work
from crm.web import toast


def _change(inbound_id: int, name: str, write: Callable[[InboundMessage], None]) -> UnitOfWork | None:
    """Do something about a message; None, with a word of why, where somebody was faster."""
    try:
        with unit_of_work(name, actor=actor()) as work:
            found = db.session.get(InboundMessage, inbound_id, with_for_update=True)
            if found is None:
                abort(404)
            write(found)
    except MoveRefused:
        toast(gettext("Somebody has seen to it already."), category="warning")
        return None
    return work


def _chosen(typed: str) -> tuple[int | None, str, list[Any]]:
    """Whom the form means: their id, or what is wrong and who may be meant."""
    given = request.form.get("contact", "")
    if given:
        try:
            contact = db.session.get(Contact, read_id(given))
        except ValueError:
            contact = None
        if contact is not None:
            return contact.id, "", []
    if not typed:
        return None, gettext("Type a name, and choose who it is."), []
    called = contacts_called(typed)
    if len(called) == 1:
        return called[0].id, "", []
    candidates = list(called or contacts_named(typed))
    if candidates:
        return None, gettext("Choose who is meant below, or type more of the name."), candidates
    return None, gettext("Nobody in the directory is called that: check the spelling, or add them first."), []


@blueprint.post("/received/<int:inbound_id>/contact")
@requires(Permission.LOBBY)
def assign(inbound_id: int) -> ResponseReturnValue:
    """Put it on the timeline of the contact it is from."""
    found, typed = message_or_404(inbound_id), request.form.get("who", "").strip()
    contact_id, error, candidates = _chosen(typed)
    if contact_id is None:
        return message_page(found, who=typed, error=error, candidates=candidates, status=422)
    work = _change(inbound_id, "assign received message", lambda message: actions.assign(message, contact_id))
    if work is not None:
        toast(gettext("It stands on their timeline now."), undo=work.change_set_id)
    return redirect(url_for("inbound.message", inbound_id=inbound_id))


@blueprint.post("/received/<int:inbound_id>/address")
@requires(Permission.LOBBY)
def keep_address(inbound_id: int) -> ResponseReturnValue:
    """Keep the address it came from with the contact it is from."""
    found = message_or_404(inbound_id)
    if queries.may_keep_address(found):
        try:
            with unit_of_work("keep address", actor=actor()) as work:
                add_point(db.session.get_one(Contact, found.contact_id), PointKind.EMAIL, found.from_address)
            toast(gettext("The address stands with them now."), undo=work.change_set_id)
        except InvalidAddress:
            toast(gettext("This is no address that mail can be sent to."), category="warning")
    return redirect(url_for("inbound.message", inbound_id=inbound_id))


@blueprint.post("/received/<int:inbound_id>/dismissed")
@requires(Permission.LOBBY)
def dismiss(inbound_id: int) -> ResponseReturnValue:
    """Note that it is not for us."""
    message_or_404(inbound_id)
    user_id = current_user.id
    if _change(inbound_id, "dismiss received message", lambda message: actions.dismiss(message, user_id)):
        toast(gettext("Not for us: it stays under “Done”, and can be taken up again there."))
    return redirect(url_for("inbound.messages"))


@blueprint.post("/received/<int:inbound_id>/again")
@requires(Permission.LOBBY)
def try_again(inbound_id: int) -> ResponseReturnValue:
    """Have the worker look at it once more."""
    message_or_404(inbound_id)
    if _change(inbound_id, "try received message again", actions.try_again):
        toast(gettext("The worker looks at it once more."))
    return redirect(url_for("inbound.messages"))


@blueprint.post("/received/<int:inbound_id>/taken-up")
@requires(Permission.LOBBY)
def take_up(inbound_id: int) -> ResponseReturnValue:
    """Let what was dismissed, or brought to the wrong contact, wait anew."""
    message_or_404(inbound_id)
    if _change(inbound_id, "take up received message", actions.take_up):
        toast(gettext("It waits for somebody to say whose it is."))
    return redirect(url_for("inbound.message", inbound_id=inbound_id))
