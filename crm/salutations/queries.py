"""Reads what a salutation rests on: the running mandates of people, and one contact as it is addressed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

import sqlalchemy as sa

from crm import clock
from crm.directory.models import Category, Contact, ContactKind, Membership, Person, Post
from crm.directory.offices import running
from crm.directory.standing import LOYALTIES
from crm.extensions import db
from crm.salutations.names import display_name
from crm.salutations.offices import Held, office_of
from crm.salutations.terms import Addressee

# A seat in a committee is no mandate, belonging to a group or party is no office.
_NO_MANDATES = (Category.COMMITTEE, *LOYALTIES)


def running_mandates(contact_ids: Collection[int]) -> dict[int, list[Held]]:
    """The running mandates of each person, the newest last, in one query."""
    statement = (
        sa.select(Membership.person_id, Membership.role, Post.label, Contact.name, Contact.category)
        .join(Contact, Contact.id == Membership.organization_id)
        .outerjoin(Post, Post.id == Membership.post_id)
        .where(
            Membership.person_id.in_(contact_ids),
            Contact.category.not_in(_NO_MANDATES),
            running(Membership, clock.today()),
        )
        .order_by(Membership.id)
    )
    held: dict[int, list[Held]] = defaultdict(list)
    for person_id, role, post, organization, category in db.session.execute(statement):
        held[person_id].append(Held(role, post or "", organization, category))
    return dict(held)


def addressee_of(contact: Contact) -> Addressee:
    """A contact as letters address it, with its name as they write it; one query for a person, none otherwise."""
    if not isinstance(contact, Person):
        office = office_of(ContactKind.ORGANIZATION, contact.category)
        return Addressee(office, contact.name, country=contact.country, own_forms=contact.forms_of_address)
    return Addressee(
        office=office_of(ContactKind.PERSON, contact.category, running_mandates([contact.id]).get(contact.id, ())),
        name=display_name(contact.name, contact.country),
        family_name=display_name(contact.family_name or "", contact.country),
        gender=contact.gender,
        honorific=contact.honorific_prefix,
        country=contact.country,
        own_forms=contact.forms_of_address,
    )
