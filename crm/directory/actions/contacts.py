"""Adding and changing people and organizations."""

from __future__ import annotations

from typing import Any, TypeVar

from crm.directory.models import Category, Contact, Organization, Person
from crm.directory.projection import TOLD_OF_MEMBERS, project, project_members
from crm.directory.sort_names import sort_name_of, sort_name_of_organization
from crm.extensions import db

ContactT = TypeVar("ContactT", bound=Contact)


def create_person(
    *,
    category: Category | None = None,
    given_name: str | None = None,
    family_name: str | None = None,
    name: str | None = None,
    **fields: Any,
) -> Person:
    """A new person; `name` is how the name is written in full, by default given name and family name.

    Without a `category` the person is what the offices held make of them. `fields` are further columns of Person.
    """
    written = name or " ".join(part for part in (given_name, family_name) if part)
    if not written:
        raise ValueError("a person needs a name")
    person = Person(
        category=category or Category.OTHER,
        category_override=category,
        name=written,
        sort_name=sort_name_of(written, given_name, family_name, fields.get("country")),
        given_name=given_name,
        family_name=family_name,
        **fields,
    )
    return _added(person)


def create_organization(
    name: str, *, category: Category, abbreviation: str | None = None, **fields: Any
) -> Organization:
    """A new organization; lists call it by its abbreviation where it has one. `fields` are further columns of it."""
    if not name:
        raise ValueError("an organization needs a name")
    return _added(
        Organization(
            category=category,
            category_override=category,
            name=name,
            sort_name=sort_name_of_organization(name, abbreviation),
            abbreviation=abbreviation,
            **fields,
        )
    )


def _added(contact: ContactT) -> ContactT:
    db.session.add(contact)
    db.session.flush()
    project([contact.id])
    return contact


def update_contact(contact: Contact, **fields: Any) -> bool:
    """Set the given columns and say whether anything changed; a renamed organization is renamed in all its members.

    A person's `name` follows its two parts where one of them changes, unless it is given itself.
    """
    if isinstance(contact, Person) and "name" not in fields:
        known = (contact.given_name, contact.family_name)
        parts = (fields.get("given_name", known[0]), fields.get("family_name", known[1]))
        # The written name has an order and capitals of its own (ORBÁN Viktor): only a new part replaces it.
        if parts != known:
            fields["name"] = " ".join(part for part in parts if part)
    if "name" in fields and not fields["name"]:
        raise ValueError("a contact needs a name")
    changed = {name for name, value in fields.items() if getattr(contact, name) != value}
    for name in changed:
        setattr(contact, name, fields[name])
    if changed:
        db.session.flush()
        project([contact.id])
        if isinstance(contact, Organization) and changed & TOLD_OF_MEMBERS:
            project_members(contact.id)
    return bool(changed)
