"""Changing the chosen contacts of the list at once: a few while one waits, many by the desk worker."""

from __future__ import annotations

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from crm.database import read_id
from crm.directory.comparison import row_count, rows_of
from crm.exports.list_columns import read_columns
from crm.exports.views import choice
from crm.extensions import db
from crm.overview import actions
from crm.overview.bulk import AT_ONCE, CannotDo, Chosen, named, outcome, perform
from crm.overview.filters import ListFilter
from crm.overview.models import BulkAction, BulkChange, BulkState
from crm.overview.views.blueprint import blueprint
from crm.policy import Permission, actor, requires
from crm.progress import progress_of
from crm.unit_of_work import unit_of_work
from crm.web import own_page, toast

# Counting before the work stops here; the work itself takes all.
_COUNTED = 1_000_000
_IDS_IN_ADDRESS = 300
_TWO = 2
# Fields of the form beside those of the filter, which have these names already.
_FIELDS = {
    BulkAction.TAG: "the_tag",
    BulkAction.UNTAG: "the_tag",
    BulkAction.ASSIGN: "the_owner",
    BulkAction.PLACE: "the_place",
    BulkAction.ADD_TARGETS: "the_campaign",
}
# The list's script forgets the choice where it comes back to this part of the page.
CHANGED = "changed"


def _chosen() -> Chosen:
    """The ticked contacts, or all that pass the filter in the form."""
    if request.form.get("all"):
        return Chosen(wanted=ListFilter.from_args(request.form, current_user.team_id))
    try:
        return Chosen(ids=tuple(dict.fromkeys(read_id(value) for value in request.form.getlist("contact"))))
    except ValueError:
        abort(400)


def _back(*, done: bool = False) -> ResponseReturnValue:
    page = own_page(request.form.get("next")) or url_for("overview.contacts")
    return redirect(f"{page}#{CHANGED}" if done else page)


@blueprint.post("/contacts/bulk/<any(tag, untag, assign, place, add_targets):action>")
@requires(Permission.LOBBY)
def change_many(action: str) -> ResponseReturnValue:
    """Tag, untag, assign, put into a country or region, or add to a campaign."""
    wanted = BulkAction(action)
    value = request.form.get(_FIELDS[wanted], "").strip()
    chosen = _chosen()
    expected = chosen.count(_COUNTED)
    try:
        name = named(wanted, value)
    except CannotDo as reason:
        toast(str(reason), category="error")
        return _back()
    if not expected:
        toast(gettext("Nothing was changed: tick the contacts first."), category="error")
        return _back()
    said = f"{wanted.replace('_', ' ')} contacts"
    if expected > AT_ONCE:
        came_from = own_page(request.form.get("next")) or ""
        with unit_of_work("ask for bulk change", actor=actor()):
            change_id = actions.request_change(
                current_user.id,
                wanted,
                value[:80],
                chosen,
                expected=expected,
                came_from=came_from if len(came_from) <= 2000 else "",
            )
        return redirect(url_for("overview.bulk_change", change_id=change_id))
    with unit_of_work(said, actor=actor()) as work:
        ids = chosen.resolved()
        changed = perform(wanted, value, ids)
    toast(outcome(wanted, name, changed, len(ids)), undo=work.change_set_id, category="success" if changed else "info")
    return _back(done=True)


@blueprint.post("/contacts/bulk/compare")
@requires(Permission.LOBBY)
def compare_two() -> ResponseReturnValue:
    """Go to the two ticked contacts side by side; of which more is known stands first, and would stay."""
    ids = _chosen().resolved() if not request.form.get("all") else []
    if len(ids) != _TWO:
        toast(gettext("To compare and merge, tick exactly two contacts."), category="error")
        return _back()
    if len({row["kind"] for row in rows_of(*ids).values()}) != 1:
        toast(gettext("A person and an organization cannot become one."), category="error")
        return _back()
    first, second = sorted(ids, key=lambda each: row_count(each, current_user.team_id), reverse=True)
    return redirect(url_for("duplicates.comparison", contact_id=first, other_id=second))


@blueprint.post("/contacts/bulk/export")
@requires(Permission.EXPORT)
def export_many() -> ResponseReturnValue:
    """Go to the export of the chosen contacts."""
    chosen, columns = _chosen(), request.form.get("shown") or None
    wanted = chosen.wanted
    if wanted is not None and wanted.asks_directory_alone:
        return redirect(url_for("exports.contacts", **wanted.contact.to_args(), columns=columns))  # type: ignore[arg-type]
    ids = chosen.resolved()
    if not ids:
        toast(gettext("Nothing to export: tick the contacts first."), category="error")
        return _back()
    if len(ids) > _IDS_IN_ADDRESS:
        return choice({"ids": ids}, ids, read_columns(columns or ""))
    return redirect(url_for("exports.contacts", ids=",".join(map(str, ids)), columns=columns))


@blueprint.get("/contacts/bulk/<int:change_id>")
@requires(Permission.LOBBY)
def bulk_change(change_id: int) -> ResponseReturnValue:
    """How far a change of many contacts has come, live until it is done."""
    change = db.session.get(BulkChange, change_id)
    if change is None or change.user_id != current_user.id:
        abort(404, gettext("There is no such change."))
    waiting = change.state is BulkState.WAITING
    try:
        name = named(change.action, change.value)
    except CannotDo:
        name = change.value
    return render_template(
        "overview/bulk_change.html",
        change=change,
        waiting=waiting,
        progress=progress_of(f"bulk:{change_id}") if waiting else None,
        said=outcome(change.action, name, change.changed or 0, change.expected),
        refused=change.state is BulkState.REFUSED,
        back=own_page(change.came_from) or url_for("overview.contacts"),
        done_mark=CHANGED,
    )


@blueprint.get("/contacts/bulk/<int:change_id>/progress")
@requires(Permission.LOBBY)
def bulk_progress(change_id: int) -> ResponseReturnValue:
    """The bar alone, while the worker is at it."""
    change = db.session.get(BulkChange, change_id)
    if change is None or change.user_id != current_user.id:
        abort(404)
    waiting = change.state is BulkState.WAITING
    part = render_template("overview/bulk_progress.html", change=change, progress=progress_of(f"bulk:{change_id}"))
    return part, 200, {} if waiting else {"X-Poll": "stop"}
