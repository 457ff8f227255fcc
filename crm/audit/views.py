"""Screens of the trail: who did what, what was there before, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from crm.audit import actions, queries
from crm.audit.actions import Refusal, UndoRefused
from crm.audit.models import ChangeKind
from crm.audit.privacy import Reader, is_of_others, of_others, shown_to
from crm.audit.queries import TrailFilter
from crm.audit.standing import overtaken
from crm.policy import Permission, actor, can, requires
from crm.unit_of_work import unit_of_work
from crm.web import own_page, own_route, toast

blueprint = Blueprint("audit", __name__)

_UNDO = "undo"
_Row = sa.Row[*tuple[Any, ...]]
ActorNames = Callable[[], dict[str, str]]


def _names() -> dict[str, str]:
    """The people behind `user:7`; accounts stand above the audit and lend it their names."""
    names: ActorNames = current_app.extensions["actor_names"]
    return names()


def _may_undo(change_set: _Row) -> bool:
    """Whether the reader may try: their own deeds, or anybody's for a lead, and never more than they may do."""
    allowed = change_set.permission is None or can(change_set.permission)
    return bool(allowed and (change_set.actor == actor() or can(Permission.LEAD)))


def _reader() -> Reader:
    return Reader(current_user.id, current_user.team_id)


def _reason(refusal: Refusal) -> str:
    reasons: dict[Refusal, str] = {
        Refusal.MISSING: gettext("There is nothing to undo in this."),
        Refusal.UNDONE: gettext("This was undone already."),
        Refusal.CHANGED: gettext("It cannot be undone: somebody has changed the same thing since."),
        Refusal.NEEDED: gettext("It cannot be undone: other records have come to depend on it."),
        Refusal.GONE: gettext(
            "It cannot come back: what it belonged to is gone since, or something else stands in its place."
        ),
        Refusal.SECRET: gettext("It cannot be undone: the trail does not keep secrets."),
        Refusal.BULK: gettext("It cannot be undone: part of it was written for many records at once."),
        Refusal.LARGE: gettext("It is too large to be undone from here: undo it on its own page."),
        Refusal.KEPT: gettext("It cannot be undone from here: change it back on its own page."),
    }
    return reasons[refusal]


def _that_can_go_back(rows: Sequence[_Row], counts: Mapping[int, Collection[tuple[str, ChangeKind, int]]]) -> set[int]:
    """Those of the change sets, by their `counts`, that the reader may take back and that still stand."""
    allowed = {row.id for row in rows if queries.can_go_back(row, counts.get(row.id, ())) and _may_undo(row)}
    standing = allowed - overtaken(allowed)
    return standing - of_others(standing, _reader())


@blueprint.get("/audit")
@requires(Permission.LEAD)
def trail() -> ResponseReturnValue:
    """Everything that was done, the latest first; of one record, by its table and row."""
    wanted = TrailFilter.from_args(request.args)
    page = queries.trail(wanted, request.args.get("cursor"))
    counts = queries.counts([row.id for row in page.rows])
    return render_template(
        "audit/trail.html",
        page=page,
        wanted=wanted,
        counts=counts,
        names=_names(),
        tables=queries.audited_tables(),
        can_go_back=_that_can_go_back(page.rows, counts),
    )


@blueprint.get("/audit/<int:change_set_id>")
@requires(Permission.LEAD)
def change_set(change_set_id: int) -> ResponseReturnValue:
    """One deed, row by row, before and after."""
    found = queries.change_set(change_set_id) or abort(404)
    page = queries.changes(change_set_id, request.args.get("cursor"))
    rows = shown_to(_reader(), page.rows)
    offers_undo = change_set_id in _that_can_go_back([found], queries.counts([change_set_id]))
    return render_template(
        "audit/change_set.html", change_set=found, page=page, rows=rows, names=_names(), offers_undo=offers_undo
    )


def _where_from() -> str:
    """The page the button was pressed on."""
    came_from = urlsplit(request.referrer or "")
    return own_page(f"{came_from.path}?{came_from.query}".rstrip("?")) or "/"


def _is_gone(candidate: str, change_set_id: int) -> bool:
    """Whether the page shows a row that the undone change set had made: `contact_id` names a row of `contact`."""
    _endpoint, arguments = own_route(candidate) or ("", {})
    return any(
        queries.inserted(change_set_id, name.removesuffix("_id"), value)
        for name, value in arguments.items()
        if isinstance(value, int)
    )


def _still_there(candidate: str, change_set_id: int) -> str:
    """The page, or where its record is gone the nearest one above it: the list of such records."""
    while _is_gone(candidate, change_set_id):
        above = urlsplit(candidate).path
        while own_route(above := above.rpartition("/")[0]) is None and above:
            pass
        candidate = above or "/"
    return candidate


@blueprint.post("/audit/<int:change_set_id>/undo")
@requires(Permission.SIGNED_IN)
def undo(change_set_id: int) -> ResponseReturnValue:
    """Take a change set back, or say why it has to stay. The answer offers the way forth again."""
    found = queries.change_set(change_set_id) or abort(404)
    if not _may_undo(found):
        abort(403)
    back, landing = found.action != _UNDO, _where_from()
    if is_of_others(change_set_id, _reader()):
        toast(gettext("It cannot be undone by you: others keep to themselves what was written here."), category="error")
        return redirect(landing)
    try:
        with unit_of_work(_UNDO if back else "redo", actor=actor()) as work:
            actions.undo(change_set_id)
    except UndoRefused as refused:
        toast(_reason(refused.reason), category="error")
    else:
        landing = _still_there(landing, change_set_id)
        toast(gettext("Undone.") if back else gettext("Done again."), undo=work.change_set_id, redo=back)
    return redirect(landing)


def init_app(app: Flask, names: ActorNames) -> None:
    """Lend the screens the names of actors."""
    app.extensions["actor_names"] = names
