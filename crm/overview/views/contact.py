"""A contact's whole page: everything known, from every feature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm import i18n
from crm.accounts.queries import actor_names
from crm.database import read_id
from crm.directory.filters import ContactFilter
from crm.directory.labels import office_label
from crm.directory.listing import contact_rows
from crm.directory.models import Category, Contact, ContactKind, Person
from crm.directory.offices import MEMBERS_SHOWN, Mandate, members_of, offices_of
from crm.directory.queries import AnyRow
from crm.directory.record import PARTS_SHOWN, record_of
from crm.directory.sort_names import listed_as
from crm.history.queries import open_tasks_of_contact
from crm.overview.editors import Editor, editor_of
from crm.overview.happenings import FILTERS, happenings, kinds_shown
from crm.overview.lifelines import lifelines
from crm.overview.provenance import facts_of
from crm.overview.saving import SAVE
from crm.overview.views.blueprint import blueprint, contact_or_404
from crm.pipeline.queries import campaign_names, commitments_of_contact, targets_of_contact
from crm.policy import Permission, can, requires
from crm.stances.queries import shown_stances, treaty_stances
from crm.timeline.queries import entries_of


def _following(contact: Contact) -> ContactFilter | None:
    """The filter of the list that finds a group's or party's people, whatever office they belong to it in."""
    if contact.category is Category.POLITICAL_GROUP:
        return ContactFilter(group=(contact.id,))
    return ContactFilter(party=(contact.id,)) if contact.category is Category.PARTY else None


def _other_campaigns(targets: Sequence[AnyRow]) -> list[tuple[int, str]]:
    """Id and name of the campaigns the contact is no target of yet."""
    joined = {target.campaign_id for target in targets}
    return [(campaign_id, name) for campaign_id, name in campaign_names() if campaign_id not in joined]


def _why(contact: Contact, offices: Sequence[Mandate]) -> Mandate | None:
    """The office that makes a person what they are; None where it was set by hand, or nothing tells it."""
    if not isinstance(contact, Person) or contact.category_override is not None:
        return None
    return next((line for line in offices if line.organization_id == contact.institution_id), None)


def _held(contact: Contact, offices: Sequence[Mandate]) -> Mandate | None:
    """The running office a person is known by; None where the category says as much."""
    running = (line for line in offices if line.organization_id == contact.institution_id and not line.ended)
    return next((line for line in running if office_label(line.post or line.role, line.organization)), None)


def _listed(contact: Contact) -> str | None:
    """What the list files a person as of whom nobody has told the family name; None where there is nothing to tell."""
    if not isinstance(contact, Person) or contact.family_name or " " not in contact.name:
        return None
    return listed_as(contact.name, contact.given_name, None, contact.country)


def contact_page(contact: Contact, editor: Editor | None = None) -> str:
    """The page, with one small form of it open; a refused form comes back with what was typed."""
    is_person = contact.kind is ContactKind.PERSON
    following = _following(contact)
    former = request.args.get("members") == "former"
    offices = offices_of(contact.id) if is_person else []
    targets = targets_of_contact(contact.id)
    shown = request.args.get("show", "")
    kinds = kinds_shown(shown)
    entries = entries_of(contact.id, current_user.team_id, request.args.get("cursor"), kinds=kinds)
    names = actor_names()
    return render_template(
        "overview/contact.html",
        contact=contact,
        person=is_person,
        record=record_of(contact.id, current_user.team_id),
        offices=offices,
        lifelines=lifelines(offices),
        why=_why(contact, offices),
        held=_held(contact, offices),
        listed=_listed(contact),
        owner=names.get(f"user:{contact.owner_id}"),
        members=[] if is_person or following else members_of(contact.id, former=former),
        former=former,
        members_shown=MEMBERS_SHOWN,
        parts_shown=PARTS_SHOWN,
        followers=contact_rows(following, size=MEMBERS_SHOWN) if following else None,
        following=following,
        stances=shown_stances(treaty_stances(contact, current_user.team_id, i18n.today())),
        targets=targets,
        commitments=commitments_of_contact(contact.id) if targets else [],
        campaigns=_other_campaigns(targets) if can(Permission.LOBBY) else [],
        entries=entries,
        happenings=happenings(entries.rows, names),
        filters=FILTERS,
        shown=shown if shown in FILTERS else "",
        tasks=open_tasks_of_contact(contact.id, current_user.team_id),
        editor=editor,
        today=i18n.today(),
    )


@blueprint.get("/contacts/<int:contact_id>")
@requires(Permission.READ)
def contact(contact_id: int) -> Any:
    """Everything known of one contact; `edit` (and `row`) open a small form in its place."""
    found = contact_or_404(contact_id)
    part = request.args.get("edit", "")
    if part not in SAVE or not can(Permission.LOBBY):
        return contact_page(found)
    return contact_page(found, editor_of(found, part, request.args.get("row", type=read_id)) or abort(404))


@blueprint.get("/contacts/<int:contact_id>/sources")
@requires(Permission.READ)
def sources(contact_id: int) -> ResponseReturnValue:
    """Where each thing the contact's page says comes from, and as of when."""
    found = contact_or_404(contact_id)
    record = record_of(found.id, current_user.team_id)
    offices = offices_of(found.id) if found.kind is ContactKind.PERSON else []
    return render_template(
        "overview/sources.html", contact=found, record=record, parts=facts_of(found, record, offices)
    )
