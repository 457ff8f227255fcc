"""Editing a contact in its own page: every part of it by a small form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from crm import i18n
from crm.audit.models import ChangeKind
from crm.directory import actions
from crm.directory.actions import AlreadyKnown
from crm.directory.models import ContactPoint, Membership, PointStatus
from crm.directory.queries import names_at
from crm.extensions import db
from crm.meanwhile import SEEN, meet_others
from crm.overview.editors import Editor, editor_of
from crm.overview.saving import REMOVE, SAVE, Saved
from crm.overview.views.blueprint import blueprint, contact_or_404
from crm.overview.views.contact import contact_page
from crm.policy import Permission, actor, requires
from crm.timeline.edits import tell_edit
from crm.unit_of_work import UnitOfWork, unit_of_work
from crm.web import own_page, toast

_PARTS = ", ".join(SAVE)
_ROWS = ", ".join(REMOVE)


def _back(contact_id: int, part: str) -> ResponseReturnValue:
    """The page at the part, or, where the heading tells what was saved, at its beginning."""
    return redirect(url_for("overview.contact", contact_id=contact_id, _anchor=None if part == "details" else part))


def _tell(saved: Saved, part: str, deed: ChangeKind) -> None:
    tell_edit(saved.contact_ids, part, deed, saved.label, fields=saved.fields, team_id=saved.team_id)


def _toast(work: UnitOfWork, was_called: str = "", is_called: str = "", others: Sequence[str] = ()) -> None:
    """Say what was saved; `others` have the address that was, too."""
    if work.change_set_id is None:
        toast(gettext("Nothing was changed."), category="info")
    elif was_called != is_called:
        said = gettext("%(before)s is now %(after)s.", before=was_called, after=is_called)
        toast(said, undo=work.change_set_id)
    elif others:
        said = gettext("Saved. This is the address of %(names)s, too.", names=", ".join(others))
        toast(said, undo=work.change_set_id, category="warning")
    else:
        toast(gettext("Saved."), undo=work.change_set_id)


def _refused(editor: Editor, known: AlreadyKnown, contact_id: int) -> None:
    field: Any = next(field for field in editor.form if field.type not in ("CSRFTokenField", "HiddenField"))
    if known.contact_id == contact_id:
        words = gettext("This is there already.")
    else:
        words = gettext("This belongs to another contact: see %(address)s") % {
            "address": url_for("overview.contact", contact_id=known.contact_id)
        }
    field.errors = [*field.errors, words]


def _opened(contact_id: int, part: str, row_id: int | None) -> ResponseReturnValue:
    """The address of a refused form, loaded again: the page with that form open."""
    contact_or_404(contact_id)
    return redirect(url_for("overview.contact", contact_id=contact_id, edit=part, row=row_id, _anchor=part))


def _save(contact_id: int, part: str, row_id: int | None) -> ResponseReturnValue:
    if request.method == "GET":
        return _opened(contact_id, part, row_id)
    contact = contact_or_404(contact_id)
    was_called = contact.name
    editor = editor_of(contact, part, row_id) or abort(404)
    if editor.form.validate_on_submit() and meet_others(editor.form, request.form.get(SEEN, "")):
        try:
            with unit_of_work(f"edit contact {part}", actor=actor()) as work:
                saved = SAVE[part](contact_or_404(contact_id), row_id, editor.form)
                adds = row_id is None and part in REMOVE
                _tell(saved, part, ChangeKind.INSERT if adds else ChangeKind.UPDATE)
        except AlreadyKnown as known:
            _refused(editor, known, contact_id)
        else:
            others = names_at(saved.label, but_not=contact_id) if part == "points" and "@" in saved.label else ()
            _toast(work, was_called, contact_or_404(contact_id).name, others)
            return _back(contact_id, part)
    return contact_page(contact_or_404(contact_id), editor), 422


@blueprint.route(f"/contacts/<int:contact_id>/<any({_PARTS}):part>", methods=["GET", "POST"])
@requires(Permission.LOBBY)
def save_part(contact_id: int, part: str) -> ResponseReturnValue:
    """Save a part that is one, or add a row to a part that is many."""
    return _save(contact_id, part, None)


@blueprint.route(f"/contacts/<int:contact_id>/<any({_ROWS}):part>/<int:row_id>", methods=["GET", "POST"])
@requires(Permission.LOBBY)
def save_row(contact_id: int, part: str, row_id: int) -> ResponseReturnValue:
    """Change one row of a part."""
    return _save(contact_id, part, row_id)


@blueprint.post(f"/contacts/<int:contact_id>/<any({_ROWS}):part>/<int:row_id>/remove")
@requires(Permission.LOBBY)
def remove_row(contact_id: int, part: str, row_id: int) -> ResponseReturnValue:
    """Take out a row that should never have been there; undo brings it back."""
    with unit_of_work(f"edit contact {part}", actor=actor()) as work:
        _tell(REMOVE[part](contact_or_404(contact_id), row_id), part, ChangeKind.DELETE)
    toast(gettext("Removed."), undo=work.change_set_id)
    return _back(contact_id, part)


@blueprint.post("/contacts/<int:contact_id>/memberships/<int:row_id>/end")
@requires(Permission.LOBBY)
def end_membership(contact_id: int, row_id: int) -> ResponseReturnValue:
    """Let an office end yesterday: whoever held it holds it no more."""
    with unit_of_work("edit contact memberships", actor=actor()) as work:
        membership = db.session.get(Membership, row_id)
        if membership is None or contact_id not in (membership.person_id, membership.organization_id):
            abort(404, gettext("There is no such entry: it may have been removed."))
        yesterday = i18n.today() - timedelta(days=1)
        actions.change_membership(membership, end_date=max(yesterday, membership.start_date or yesterday))
        label = contact_or_404(membership.organization_id).name
        tell_edit([membership.person_id, contact_id], "memberships", ChangeKind.UPDATE, label)
    _toast(work)
    return _back(contact_id, request.form.get("part", "memberships"))


@blueprint.post("/contacts/<int:contact_id>/points/<int:point_id>/<any(current, retired):status>")
@requires(Permission.LOBBY)
def set_point_status(contact_id: int, point_id: int, status: str) -> ResponseReturnValue:
    """Take a contact point out of use, or back into it."""
    with unit_of_work("edit contact points", actor=actor()) as work:
        point = db.session.get(ContactPoint, point_id)
        if point is None or point.contact_id != contact_id:
            abort(404, gettext("There is no such address or number: it may have been removed."))
        actions.set_point_status(point, PointStatus(status))
        tell_edit([contact_id], "points", ChangeKind.UPDATE, point.value)
        value = point.value
    said = (
        gettext("%(value)s is in use again.") if status == PointStatus.CURRENT else gettext("%(value)s is out of use.")
    )
    toast(said % {"value": value}, undo=work.change_set_id)
    return redirect(back) if (back := own_page(request.form.get("next"))) else _back(contact_id, "points")
