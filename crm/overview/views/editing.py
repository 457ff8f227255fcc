"""Changing the directory from its pages: add a contact by hand, edit its basic fields, its contact points."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from crm.directory import actions
from crm.directory.models import Contact, ContactKind, ContactPoint, PointKind, PointStatus
from crm.directory.projection import projected_together, sort_name_of, sort_name_of_organization
from crm.directory.queries import possible_duplicates
from crm.extensions import db
from crm.overview.forms import NEW_FORMS, ContactForm, PointForm, contact_form
from crm.overview.views.blueprint import blueprint, contact_or_404
from crm.overview.views.contact import contact_page
from crm.policy import Permission, actor, requires
from crm.unit_of_work import unit_of_work
from crm.web import toast

BY_HAND = "entered by hand"


def _kind() -> ContactKind:
    kind = request.args.get("kind", ContactKind.PERSON)
    return ContactKind(kind) if kind in set(ContactKind) else abort(404)


@blueprint.get("/contacts/new")
@requires(Permission.LOBBY)
def new_contact() -> ResponseReturnValue:
    """The form of a new person or organization."""
    kind = _kind()
    return render_template("overview/new_contact.html", form=NEW_FORMS[kind](), kind=kind, duplicates=[])


@blueprint.post("/contacts/new")
@requires(Permission.LOBBY)
def create_contact() -> ResponseReturnValue:
    """Add the contact, unless somebody like it is there already and nobody said to add it all the same."""
    kind = _kind()
    form = NEW_FORMS[kind]()
    duplicates: Any = []
    if form.validate_on_submit():
        if "anyway" not in request.form:
            duplicates = possible_duplicates([form.email.data] if form.email.data else [], _sort_name(form))
        if not duplicates:
            contact_id = _create(form)
            return redirect(url_for("overview.contact", contact_id=contact_id))
    page = render_template("overview/new_contact.html", form=form, kind=kind, duplicates=duplicates)
    return page, 409 if duplicates else 422


def _sort_name(form: ContactForm) -> str:
    values = form.values()
    if form.kind is ContactKind.PERSON:
        return sort_name_of("", values["given_name"], values["family_name"])
    return sort_name_of_organization(values["name"], values["abbreviation"])


def _create(form: ContactForm) -> int:
    create = actions.create_person if form.kind is ContactKind.PERSON else actions.create_organization
    with unit_of_work("add contact", actor=actor()) as work, projected_together():
        values = form.values()
        contact: Contact = create(category=values.pop("category_override"), **values)
        if form.email.data:
            actions.add_point(contact, PointKind.EMAIL, form.email.data, source=BY_HAND)
        contact_id, name = contact.id, contact.name
    toast(gettext("%(name)s is in the directory.", name=name), undo=work.change_set_id)
    return contact_id


@blueprint.post("/contacts/<int:contact_id>")
@requires(Permission.LOBBY)
def edit_contact(contact_id: int) -> ResponseReturnValue:
    """Change the basic fields."""
    contact = contact_or_404(contact_id)
    form = contact_form(contact)
    if not form.validate_on_submit():
        return contact_page(contact, form=form)
    with unit_of_work("edit contact", actor=actor()) as work:
        changed = actions.update_contact(contact_or_404(contact_id), **form.values())
    toast(gettext("Saved.") if changed else gettext("Nothing was changed."), undo=work.change_set_id)
    return redirect(url_for("overview.contact", contact_id=contact_id))


@blueprint.post("/contacts/<int:contact_id>/points")
@requires(Permission.LOBBY)
def add_point(contact_id: int) -> ResponseReturnValue:
    """Add a way to reach the contact."""
    contact = contact_or_404(contact_id)
    form = PointForm()
    if not form.validate_on_submit():
        return contact_page(contact, point_form=form)
    with unit_of_work("add contact point", actor=actor()) as work:
        point = actions.add_point(contact_or_404(contact_id), form.kind.data, str(form.value.data), source=BY_HAND)
        value = point.value
    if work.change_set_id is None:
        toast(gettext("%(value)s is there already.", value=value), category="info")
    else:
        toast(gettext("%(value)s added.", value=value), undo=work.change_set_id)
    return redirect(url_for("overview.contact", contact_id=contact_id))


@blueprint.post("/contacts/<int:contact_id>/points/<int:point_id>/<any(current, retired):status>")
@requires(Permission.LOBBY)
def set_point_status(contact_id: int, point_id: int, status: str) -> ResponseReturnValue:
    """Take a contact point out of use, or back into it."""
    with unit_of_work("set contact point status", actor=actor()) as work:
        point = db.session.get(ContactPoint, point_id)
        if point is None or point.contact_id != contact_id:
            abort(404, gettext("There is no such address or number: it may have been removed."))
        actions.set_point_status(point, PointStatus(status))
        value = point.value
    said = (
        gettext("%(value)s is in use again.") if status == PointStatus.CURRENT else gettext("%(value)s is out of use.")
    )
    toast(said % {"value": value}, undo=work.change_set_id)
    return redirect(url_for("overview.contact", contact_id=contact_id))
