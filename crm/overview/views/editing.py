"""Adding a contact by hand."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from crm import i18n
from crm.directory import actions
from crm.directory.likeness import PLAIN_ROLE
from crm.directory.models import Category, Contact, ContactKind, Organization, Person, PointKind
from crm.directory.projection import projected_together
from crm.directory.queries import possible_duplicates
from crm.directory.sort_names import sort_name_of, sort_name_of_organization
from crm.extensions import db
from crm.overview.forms.contacts import NEW_FORMS, ContactForm
from crm.overview.saving import BY_HAND
from crm.overview.views.blueprint import blueprint
from crm.policy import Permission, actor, requires
from crm.unit_of_work import unit_of_work
from crm.web import toast

# Whoever holds an office there is of its country, which says nothing of who works for an association.
_OF_A_STATE = frozenset({Category.PARLIAMENT, Category.GOVERNMENT, Category.REGIONAL_GOVERNMENT})


def _kind() -> ContactKind:
    kind = request.args.get("kind", ContactKind.PERSON)
    return ContactKind(kind) if kind in set(ContactKind) else abort(404)


@blueprint.get("/contacts/new")
@requires(Permission.LOBBY)
def new_contact() -> ResponseReturnValue:
    """The form of a new person or organization."""
    kind = _kind()
    return render_template(
        "overview/new_contact.html", form=NEW_FORMS[kind](), kind=kind, duplicates=[], today=i18n.today()
    )


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
    page = render_template("overview/new_contact.html", form=form, kind=kind, duplicates=duplicates, today=i18n.today())
    return page, 409 if duplicates else 422


def _sort_name(form: ContactForm) -> str:
    values = form.values()
    if form.kind is ContactKind.PERSON:
        return sort_name_of("", values["given_name"], values["family_name"])
    return sort_name_of_organization(values["name"], values["abbreviation"])


def _institution(form: ContactForm) -> Organization | None:
    """Where the new person holds an office, or just belongs; None for an organization too."""
    chosen = form.organization.data if form.kind is ContactKind.PERSON else None
    return db.session.get_one(Organization, chosen.id) if chosen is not None else None


def _create(form: ContactForm) -> int:
    create = actions.create_person if form.kind is ContactKind.PERSON else actions.create_organization
    with unit_of_work("add contact", actor=actor()) as work, projected_together():
        values = form.values()
        institution = _institution(form)
        if institution is not None and institution.category in _OF_A_STATE and not values["country"]:
            # As with the lines of a table that tell none.
            region = institution.effective_region or ""
            values["country"] = institution.country or region.partition("-")[0] or None
        contact: Contact = create(category=values.pop("category_override"), **values)
        if form.email.data:
            actions.add_point(contact, PointKind.EMAIL, form.email.data, source=BY_HAND)
        if form.phone.data:
            actions.add_point(contact, PointKind.PHONE, form.phone.data, source=BY_HAND)
        if isinstance(contact, Person) and institution is not None:
            actions.add_membership(contact, institution, role=form.role.data or PLAIN_ROLE, source=BY_HAND)
        contact_id, name = contact.id, contact.name
        where = institution.name if institution is not None else ""
    if where:
        # A part of its name was enough to find it by.
        said = gettext("%(name)s is in the directory, at %(institution)s.", name=name, institution=where)
    else:
        said = gettext("%(name)s is in the directory.", name=name)
    toast(said, undo=work.change_set_id)
    return contact_id
