"""Mending one fact of one contact in its place in the list: a small form, then the fact as it is now."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import abort, get_flashed_messages, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext

from crm import i18n
from crm.accounts.queries import active_users
from crm.audit.models import ChangeKind
from crm.directory.actions import update_contact
from crm.directory.labels import category_label
from crm.directory.listing import Column, described_rows
from crm.directory.models import ORGANIZATION_CATEGORIES, PERSON_CATEGORIES, Category, Contact, ContactKind
from crm.directory.tagging import NoTag, set_tags
from crm.exports.list_columns import COLUMNS
from crm.overview.views.blueprint import blueprint, contact_or_404
from crm.places.countries import countries_by_name
from crm.policy import Permission, actor, requires
from crm.timeline.edits import tell_edit
from crm.unit_of_work import unit_of_work
from crm.web import is_partial, own_page, toast

# The cells that are mended here, and the column of the contact each of them is.
_FIELDS = {"category": "category_override", "country": "country", "owner": "owner_id"}
_CELLS = "category, country, owner, tags"


def _choices(contact: Contact, name: str) -> list[tuple[str, str]]:
    """Value and words of everything the cell may hold; none for one that is written freely."""
    if name == "category":
        if contact.kind is ContactKind.PERSON:
            told = [("", gettext("What the mandates tell"))]
            return told + [(category.value, category_label(category)) for category in PERSON_CATEGORIES]
        return [(category.value, category_label(category)) for category in ORGANIZATION_CATEGORIES]
    if name == "country":
        return [("", gettext("None or several")), *countries_by_name(get_locale())]
    if name == "owner":
        return [("", gettext("Nobody")), *((str(number), label) for number, label in active_users())]
    return []


def _held(contact: Contact, name: str) -> str:
    if name == "tags":
        (row,) = described_rows([contact.id], [Column.TAGS])
        return ", ".join(sorted((row.tags or "").split(",")))
    value = getattr(contact, _FIELDS[name])
    return "" if value is None else str(value)


def _form(contact: Contact, name: str, value: str, *, error: str = "") -> ResponseReturnValue:
    page = render_template(
        "overview/cell_form.html" if is_partial() else "overview/cell_page.html",
        contact=contact,
        name=name,
        label=COLUMNS[name],
        value=value,
        choices=_choices(contact, name),
        error=error,
        back=own_page(request.values.get("next")) or _came_from(),
    )
    return page, 422 if error else 200


def _came_from() -> str:
    """The list as it was when the link in it was followed."""
    page = urlsplit(request.referrer or "")
    whole = own_page(f"{page.path}?{page.query}".rstrip("?"))
    return whole if whole and page.path == url_for("overview.contacts") else url_for("overview.contacts")


@blueprint.get(f"/contacts/<int:contact_id>/cells/<any({_CELLS}):name>")
@requires(Permission.LOBBY)
def cell(contact_id: int, name: str) -> ResponseReturnValue:
    """The form: a piece for the page's script, a page of its own without it."""
    contact = contact_or_404(contact_id)
    return _form(contact, name, _held(contact, name))


def _save(contact: Contact, name: str, value: str) -> None:
    if name == "tags":
        set_tags(contact.id, value)
        return
    new: object = value or None
    if name == "category":
        new = Category(value) if value else None
    elif name == "owner":
        new = int(value) if value else None
    update_contact(contact, **{_FIELDS[name]: new})
    tell_edit([contact.id], "owner" if name == "owner" else "details", ChangeKind.UPDATE)


@blueprint.post(f"/contacts/<int:contact_id>/cells/<any({_CELLS}):name>")
@requires(Permission.LOBBY)
def save_cell(contact_id: int, name: str) -> ResponseReturnValue:
    """Save it; the script gets the cell as it is now and the message with its undo."""
    contact = contact_or_404(contact_id)
    value = request.form.get("value", "").strip()
    offered = dict(_choices(contact, name))
    if offered and value not in offered:
        return _form(contact, name, value, error=gettext("Choose from the list."))
    try:
        with unit_of_work(f"edit contact {name}", actor=actor()) as work:
            _save(contact_or_404(contact_id), name, value)
    except NoTag:
        return _form(contact, name, value, error=gettext("A tag needs a letter or a digit."))
    if work.change_set_id is None:
        toast(gettext("Nothing was changed."), category="info")
    else:
        toast(gettext("Saved."), undo=work.change_set_id)
    if not is_partial():
        return redirect(own_page(request.form.get("next")) or url_for("overview.contacts"))
    found = described_rows([contact_id], [Column(name)])
    if not found:
        abort(404)
    toasts = get_flashed_messages(with_categories=True)
    part = render_template("overview/cell.html", name=name, row=found[0], label=COLUMNS[name], today=i18n.today())
    return jsonify(cell=part, toasts=render_template("toasts.html", toasts=toasts))
