"""A contact's whole page: everything known, from every feature."""

from __future__ import annotations

from collections.abc import Sequence

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm import clock
from crm.directory.filters import ContactFilter
from crm.directory.models import Category, Contact, ContactKind
from crm.directory.queries import (
    MEMBERS_SHOWN,
    AnyRow,
    contact_rows,
    identifiers_of,
    members_of,
    memberships_of,
    points_of,
)
from crm.overview.forms import ContactForm, PointForm, contact_form
from crm.overview.happenings import happenings
from crm.overview.views.blueprint import blueprint, contact_or_404
from crm.pipeline.queries import campaign_names, targets_of_contact
from crm.policy import Permission, can, requires
from crm.timeline.queries import entries_of


def _following(contact: Contact) -> ContactFilter | None:
    """The filter of the list that finds a group's or party's people, whatever office they belong to it in."""
    if contact.category is Category.POLITICAL_GROUP:
        return ContactFilter(group=contact.id)
    return ContactFilter(party=contact.id) if contact.category is Category.PARTY else None


def _other_campaigns(targets: Sequence[AnyRow]) -> list[tuple[int, str]]:
    """Id and name of the campaigns the contact is no target of yet."""
    joined = {target.campaign_id for target in targets}
    return [(campaign_id, name) for campaign_id, name in campaign_names() if campaign_id not in joined]


def contact_page(
    contact: Contact, *, form: ContactForm | None = None, point_form: PointForm | None = None
) -> ResponseReturnValue:
    """The page, with a form on it that is being filled; a refused form comes back with what was typed."""
    is_person = contact.kind is ContactKind.PERSON
    following = _following(contact)
    targets = targets_of_contact(contact.id)
    entries = entries_of(contact.id, current_user.team_id, request.args.get("cursor"))
    refused = (form is not None and form.errors) or (point_form is not None and point_form.errors)
    page = render_template(
        "overview/contact.html",
        contact=contact,
        memberships=memberships_of(contact.id) if is_person else members_of(contact.id),
        members_shown=MEMBERS_SHOWN,
        followers=contact_rows(following, size=MEMBERS_SHOWN) if following else None,
        following=following,
        points=points_of(contact.id),
        identifiers=identifiers_of(contact.id),
        targets=targets,
        campaigns=_other_campaigns(targets) if can(Permission.LOBBY) else [],
        entries=entries,
        happenings=happenings(entries.rows),
        form=form,
        point_form=point_form,
        today=clock.today(),
    )
    return page, 422 if refused else 200


@blueprint.get("/contacts/<int:contact_id>")
@requires(Permission.READ)
def contact(contact_id: int) -> ResponseReturnValue:
    """Everything known of one contact; `edit` opens a form in its place."""
    found = contact_or_404(contact_id)
    edit = request.args.get("edit") if can(Permission.LOBBY) else None
    return contact_page(
        found,
        form=contact_form(found) if edit == "details" else None,
        point_form=PointForm(formdata=None) if edit == "points" else None,
    )
