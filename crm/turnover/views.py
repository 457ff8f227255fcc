"""The screen of ended mandates: close the target, or hand it over to who came after."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_login import current_user

from crm import i18n
from crm.database import read_id
from crm.directory.queries import whole_contact
from crm.pipeline.actions import MoveRefused, close_target
from crm.pipeline.models import CloseReason, Target
from crm.pipeline.queries import target as target_card
from crm.policy import Permission, actor, requires
from crm.turnover import actions, queries
from crm.turnover.successors import Ground, Successor, successors_of
from crm.unit_of_work import unit_of_work
from crm.web import own_page, toast

blueprint = Blueprint("turnover", __name__)

GROUNDS = {
    Ground.TOLD: lazy_gettext("noted as successor"),
    Ground.SAME_POST: lazy_gettext("holds the same post"),
    Ground.SAME_OFFICE: lazy_gettext("holds the same office"),
    Ground.SAME_SEAT: lazy_gettext("took a seat of the same country and party"),
}


def _whose() -> tuple[str, int | None]:
    wanted = request.args.get("whose", "mine")
    whose: dict[str, int | None] = {"mine": current_user.id, "nobody": queries.NOBODY, "all": None}
    return (wanted, whose[wanted]) if wanted in whose else ("mine", current_user.id)


@blueprint.get("/turnover")
@requires(Permission.LOBBY)
def ended() -> ResponseReturnValue:
    """Open targets whose mandate is over: the reader's own, or all; or those of one contact."""
    contact_id = request.args.get("contact", type=read_id)
    whose, owner = ("all", None) if contact_id is not None else _whose()
    page = queries.left_office(owner, request.args.get("cursor"), contact_id=contact_id)
    contacts = {row.contact_id for row in page.rows}
    return render_template(
        "turnover/ended.html",
        page=page,
        whose=whose,
        contact=whole_contact(contact_id) if contact_id is not None else None,
        successors=successors_of(contacts, i18n.today(), team_id=current_user.team_id) if contacts else {},
        grounds=GROUNDS,
    )


def _back() -> ResponseReturnValue:
    came_from = own_page(request.form.get("next"))
    if came_from:
        return redirect(came_from)
    kept: dict[str, Any] = {name: request.form[name] for name in ("whose", "contact") if request.form.get(name)}
    return redirect(url_for("turnover.ended", **kept))


def _target_or_404(target_id: int) -> Any:
    return target_card(target_id) or abort(404, gettext("There is no such target: it may have been removed."))


@blueprint.post("/turnover/<int:target_id>/close")
@requires(Permission.LOBBY)
def close(target_id: int) -> ResponseReturnValue:
    """Close a target because the mandate has ended."""
    row = _target_or_404(target_id)
    try:
        with unit_of_work("close target", actor=actor()) as work:
            close_target(target_id, CloseReason.MANDATE_ENDED)
    except MoveRefused:
        toast(gettext("%(name)s was closed already.", name=row.name), category="info")
    else:
        toast(gettext("%(name)s is closed.", name=row.name), undo=work.change_set_id)
    return _back()


@blueprint.post("/turnover/<int:target_id>/hand-over/<int:contact_id>")
@requires(Permission.LOBBY)
def hand_over(target_id: int, contact_id: int) -> ResponseReturnValue:
    """Make the successor a target with the same owner and ask, and close the one whose mandate ended."""
    row = _target_or_404(target_id)
    successor = whole_contact(contact_id) or abort(404, gettext("There is no such contact: it may have been removed."))
    name = successor.name
    try:
        with unit_of_work("hand target over", actor=actor()) as work:
            following: Target = actions.hand_over(target_id, contact_id)
            following_id = following.id
    except actions.NoSuchTarget:
        toast(gettext("%(name)s was closed already.", name=row.name), category="info")
        return _back()
    toast(
        gettext("%(successor)s is pursued in the place of %(name)s.", successor=name, name=row.name),
        undo=work.change_set_id,
    )
    return redirect(own_page(request.form.get("next")) or url_for("pipeline.target", target_id=following_id))


def turnover_of(contact: Any) -> list[Successor]:
    """Who came after a contact whose mandate is over, for its page."""
    if contact.mandate_end is None or contact.mandate_end >= i18n.today():
        return []
    return successors_of([contact.id], i18n.today(), team_id=current_user.team_id).get(contact.id, [])


def init_app(app: Flask) -> None:
    """Let the contact's page ask for its notice, templates/turnover/, and others for the words of a successor."""
    app.jinja_env.globals.update(turnover_of=turnover_of, turnover_grounds=GROUNDS)
