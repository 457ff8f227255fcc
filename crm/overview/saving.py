"""What each small form of a contact's page writes, and whose timelines tell of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import abort
from flask_babel import gettext
from flask_login import current_user

from crm.database import Base
from crm.directory import actions
from crm.directory.models import (
    Contact,
    ContactLanguage,
    ContactPoint,
    ContactSource,
    Identifier,
    Membership,
    Organization,
    OtherName,
    Person,
    Post,
    Relationship,
)
from crm.extensions import db

BY_HAND = "entered by hand"
RowT = TypeVar("RowT", bound=Base)


@dataclass(frozen=True)
class Saved:
    """What was written: the row in words (data, not ours), and the contacts whose timelines tell of it."""

    label: str
    contact_ids: Sequence[int]
    team_id: int | None = None
    fields: list[list[Any]] | None = field(default=None)


Save = Callable[[Contact, int | None, Any], Saved]
Remove = Callable[[Contact, int], Saved]


def _own(model: type[RowT], row_id: int, contact: Contact, *owners: str) -> RowT:
    """The row, if one of these columns of it names the contact; the page for 404 otherwise."""
    row = db.session.get(model, row_id)
    if row is None or contact.id not in [getattr(row, owner) for owner in owners]:
        abort(404, gettext("There is no such entry: it may have been removed."))
    return row


def _contact(contact_id: int) -> Any:
    return db.session.get(Contact, contact_id) or abort(404)


def _save_details(contact: Contact, _row_id: int | None, form: Any) -> Saved:
    actions.update_contact(contact, **form.values())
    return Saved("", [contact.id])


def _save_languages(contact: Contact, _row_id: int | None, form: Any) -> Saved:
    rows = sa.select(ContactLanguage.language).where(ContactLanguage.contact_id == contact.id)
    before = db.session.scalars(rows.order_by(ContactLanguage.rank)).all()
    actions.set_languages(contact, form.values()["languages"])
    after = db.session.scalars(rows.order_by(ContactLanguage.rank)).all()
    return Saved("", [contact.id], fields=[["languages", list(before), list(after)]])


def _save_point(contact: Contact, row_id: int | None, form: Any) -> Saved:
    values = form.values()
    office = values.get("membership_id")
    if office is not None:
        _own(Membership, office, contact, "person_id")
    if row_id is None:
        point = actions.add_point(contact, values.pop("kind"), values.pop("value"), **values, source=BY_HAND)
    else:
        point = _own(ContactPoint, row_id, contact, "contact_id")
        actions.change_point(point, **values)
    return Saved(point.value, [contact.id])


def _remove_point(contact: Contact, row_id: int) -> Saved:
    point = _own(ContactPoint, row_id, contact, "contact_id")
    label = point.value
    actions.remove_point(point)
    return Saved(label, [contact.id])


def _description(row: Any) -> str:
    if isinstance(row, Identifier):
        return f"{row.scheme} {row.value}"
    return str(row.name if isinstance(row, OtherName) else row.label)


def _saves(model: type[Any], add: Callable[..., Any]) -> Save:
    def save(contact: Contact, row_id: int | None, form: Any) -> Saved:
        if row_id is None:
            row = add(contact, **form.values())
        else:
            row = _own(model, row_id, contact, "contact_id")
            actions.change_row(row, **form.values())
        return Saved(_description(row), [contact.id])

    return save


def _removes(model: type[Any]) -> Remove:
    def remove(contact: Contact, row_id: int) -> Saved:
        row = _own(model, row_id, contact, "contact_id")
        label = _description(row)
        actions.remove_row(row)
        return Saved(label, [contact.id])

    return remove


def _told_of(contact: Contact, membership: Membership) -> Saved:
    """The person's timeline tells of an office, and the page it was written on."""
    label = _contact(membership.organization_id).name
    if contact.id == membership.organization_id:
        label = f"{_contact(membership.person_id).name} – {label}"
    return Saved(label, [membership.person_id, contact.id])


def _save_membership(contact: Contact, row_id: int | None, form: Any) -> Saved:
    values = form.values()
    other = _contact(form[form.first].data.id)
    ends: tuple[Any, Any] = (contact, other) if isinstance(contact, Person) else (other, contact)
    person, organization = ends
    post_id = values.get("post_id")
    if post_id is not None:
        _own(Post, post_id, organization, "organization_id")
    if row_id is None:
        behalf = values.pop("on_behalf_of_id")
        membership = actions.add_membership(
            person, organization, on_behalf_of=_contact(behalf) if behalf else None, **values
        )
    else:
        membership = _own(Membership, row_id, contact, "person_id", "organization_id")
        # A post is one of the organization's own.
        if membership.organization_id != organization.id:
            values["post_id"] = None
        actions.change_membership(membership, person_id=person.id, organization_id=organization.id, **values)
    return _told_of(contact, membership)


def _remove_membership(contact: Contact, row_id: int) -> Saved:
    membership = _own(Membership, row_id, contact, "person_id", "organization_id")
    saved = _told_of(contact, membership)
    actions.remove_membership(membership)
    return saved


def _save_post(contact: Contact, row_id: int | None, form: Any) -> Saved:
    if not isinstance(contact, Organization):
        abort(404)
    if row_id is None:
        post = actions.add_post(contact, **form.values())
    else:
        post = _own(Post, row_id, contact, "organization_id")
        actions.change_post(post, **form.values())
    return Saved(post.label, [contact.id])


def _remove_post(contact: Contact, row_id: int) -> Saved:
    post = _own(Post, row_id, contact, "organization_id")
    label = post.label
    actions.remove_post(post)
    return Saved(label, [contact.id])


def _tie(contact: Contact, row_id: int) -> Relationship:
    row = _own(Relationship, row_id, contact, "subject_id", "object_id")
    if row.team_id not in (None, current_user.team_id):
        abort(404, gettext("There is no such entry: it may have been removed."))
    return row


def _told_of_tie(row: Relationship) -> Saved:
    names = [_contact(end).name for end in (row.subject_id, row.object_id)]
    return Saved(" – ".join(names), [row.subject_id, row.object_id], row.team_id)


def _save_tie(contact: Contact, row_id: int | None, form: Any) -> Saved:
    other = _contact(form.other.data.id)
    subject, target = (other, contact) if form.backwards else (contact, other)
    values = {**form.values(), "team_id": current_user.team_id if form.private.data else None}
    if row_id is None:
        row = actions.add_relationship(subject, target, values.pop("kind"), **values)
    else:
        row = _tie(contact, row_id)
        # What a team kept to itself is told to nobody else on the day it is opened or closed.
        told = _told_of_tie(row)
        actions.change_relationship(row, subject_id=subject.id, object_id=target.id, **values)
        if told.team_id != row.team_id:
            return Saved(told.label, told.contact_ids, current_user.team_id)
    return _told_of_tie(row)


def _remove_tie(contact: Contact, row_id: int) -> Saved:
    row = _tie(contact, row_id)
    saved = _told_of_tie(row)
    actions.remove_relationship(row)
    return saved


SAVE: dict[str, Save] = {
    "details": _save_details,
    "owner": _save_details,
    "addressing": _save_details,
    "languages": _save_languages,
    "points": _save_point,
    "identifiers": _saves(Identifier, actions.add_identifier),
    "names": _saves(OtherName, actions.add_other_name),
    "sources": _saves(ContactSource, actions.add_source),
    "memberships": _save_membership,
    "posts": _save_post,
    "ties": _save_tie,
}
REMOVE: dict[str, Remove] = {
    "points": _remove_point,
    "identifiers": _removes(Identifier),
    "names": _removes(OtherName),
    "sources": _removes(ContactSource),
    "memberships": _remove_membership,
    "posts": _remove_post,
    "ties": _remove_tie,
}
