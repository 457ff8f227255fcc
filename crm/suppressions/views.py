"""The pages of addresses that must not be written to."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user
from werkzeug.exceptions import BadRequest

from crm import i18n
from crm.outbox.models import SuppressionReason
from crm.policy import Permission, actor, requires
from crm.spreadsheets import csv_response
from crm.suppressions import actions, queries
from crm.suppressions.forms import SuppressForm
from crm.suppressions.labels import REASONS
from crm.suppressions.reading import HASH_COLUMN, KEY_COLUMN, AddressList
from crm.unit_of_work import unit_of_work
from crm.web import toast

blueprint = Blueprint("suppressions", __name__)

_COLUMNS = ("address", HASH_COLUMN, KEY_COLUMN, "reason", "note", "source", "at")


def _wanted_reason() -> SuppressionReason | None:
    given = request.args.get("reason", "")
    try:
        return SuppressionReason(given) if given else None
    except ValueError:
        raise BadRequest(gettext("There is no such reason: choose one from the list.")) from None


def _page(form: SuppressForm, looked_up: str = "") -> ResponseReturnValue:
    reason = _wanted_reason()
    page = queries.suppressions_page(reason, looked_up, request.args.get("cursor"))
    shown = render_template(
        "suppressions/addresses.html",
        page=page,
        origins=queries.origins(row.source for row in page.rows),
        form=form,
        reason=reason,
        looked_up=looked_up,
        belongs_to=[one for rows in queries.owners_of([looked_up]).values() for one in rows] if looked_up else [],
        total=queries.how_many(),
        reasons=REASONS,
        liftable=actions.LIFTABLE,
    )
    return shown, 422 if form.errors else 200


@blueprint.get("/suppressions")
@requires(Permission.LOBBY)
def addresses() -> ResponseReturnValue:
    """All suppressed addresses by reason, the form for more, and one address looked up."""
    return _page(SuppressForm(formdata=None))


@blueprint.post("/suppressions/look-up")
@requires(Permission.LOBBY)
def look_up() -> ResponseReturnValue:
    """Whether an address may be written to. Posted, so that no log keeps the address."""
    wanted = request.form.get("address", "").strip()[:320]
    return _page(SuppressForm(formdata=None), wanted) if wanted else redirect(url_for("suppressions.addresses"))


def _tell(found: list[AddressList], added: int) -> None:
    listed = sum(len(each.addresses) + len(each.hashes) for each in found)
    words = [
        ngettext(
            "%(num)d address is not written to from now on.",
            "%(num)d addresses are not written to from now on.",
            added,
        )
        if added
        else gettext("Nothing is new: none of them was written to before."),
    ]
    if 0 < added < listed:
        words.append(
            ngettext(
                "%(num)d was known already, or stood in it twice.",
                "%(num)d were known already, or stood in it twice.",
                listed - added,
            )
        )
    if refused := sum(each.refused_lines for each in found):
        lines = "; ".join(f"“{line}”" for each in found for line in each.refused)
        words.append(
            ngettext(
                "%(num)d line held no address, and was left out: %(lines)s",
                "%(num)d lines held no address, and were left out: %(lines)s",
                refused,
                lines=lines,
            )
        )
    if others := sum(each.other_keys for each in found):
        words.append(
            ngettext(
                "%(num)d line was exported under another SECRET_KEY: nobody can tell its address.",
                "%(num)d lines were exported under another SECRET_KEY: nobody can tell their addresses.",
                others,
            )
        )
    toast(" ".join(words), category="warning" if refused or others else "success")


@blueprint.post("/suppressions")
@requires(Permission.LOBBY)
def suppress() -> ResponseReturnValue:
    """Never write to these addresses again."""
    form = SuppressForm()
    if not form.validate_on_submit():
        return _page(form)
    with unit_of_work("suppress addresses", actor=actor()):
        added = actions.suppress_all(
            (address for each in form.found for address in each.addresses),
            (hashed for each in form.found for hashed in each.hashes),
            user_id=current_user.id,
            note=str(form.note.data),
        )
    _tell(form.found, added)
    return redirect(url_for("suppressions.addresses"))


@blueprint.post("/contacts/<int:contact_id>/points/<int:point_id>/stop-letters")
@requires(Permission.LOBBY)
def stop(contact_id: int, point_id: int) -> ResponseReturnValue:
    """Never write to an address of a contact again."""
    address = queries.address_of(contact_id, point_id) or abort(404)
    note = request.form.get("note", "").strip()[: actions.LONGEST_NOTE]
    with unit_of_work("suppress addresses", actor=actor()):
        actions.suppress_all([address], (), user_id=current_user.id, note=note)
    toast(
        gettext(
            "No letter is sent to %(address)s from now on. A lead can lift that under “Do not write”.", address=address
        )
    )
    return redirect(url_for("overview.contact", contact_id=contact_id) + "#points")


@blueprint.post("/suppressions/<int:suppression_id>/lift")
@requires(Permission.LEAD)
def lift(suppression_id: int) -> ResponseReturnValue:
    """Let an address be written to again that one of us has stopped, or that failed and is mended."""
    try:
        with unit_of_work("lift suppression", actor=actor()):
            lifted = actions.lift(suppression_id)
    except actions.NotLiftable:
        toast(
            gettext("They asked for it themselves: only they can take it back, by the link in a letter."),
            category="warning",
        )
    else:
        toast(
            gettext("The address may be written to again.")
            if lifted
            else gettext("The address could be written to already."),
        )
    return redirect(url_for("suppressions.addresses"))


@blueprint.get("/suppressions.csv")
@requires(Permission.EXPORT)
def export() -> Response:
    """The list as a spreadsheet, to keep or for another program; on record."""
    with unit_of_work("export suppressed addresses", actor=actor()) as work:
        work.notes["suppressions"] = {"exported": queries.how_many()}
    rows = [_COLUMNS, *queries.all_suppressions()]
    return csv_response(f"do-not-write-{i18n.today().isoformat()}.csv", rows)


def init_app(app: Flask) -> None:
    """Register the pages, and what other pages ask about addresses."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(suppression_labels=REASONS, suppression_note_length=actions.LONGEST_NOTE)
