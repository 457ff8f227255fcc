"""Identifiers, other names, sources and languages of a contact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import sqlalchemy as sa

from crm.directory.actions.known import assign, refuse_known
from crm.directory.models import Contact, ContactLanguage, ContactSource, Identifier, OtherName
from crm.directory.projection import project
from crm.extensions import db

Description: TypeAlias = Identifier | OtherName | ContactSource

# What no two rows of a table share, and so who has the row already is asked by.
_ONLY_ONCE: dict[type[Description], tuple[str, ...]] = {
    Identifier: ("scheme", "value"),
    OtherName: ("contact_id", "name"),
    ContactSource: ("contact_id", "label", "url"),
}


def _kept(row: Description) -> Description:
    refuse_known(row, "contact_id", **{name: getattr(row, name) for name in _ONLY_ONCE[type(row)]})
    db.session.add(row)
    db.session.flush()
    if isinstance(row, OtherName):
        project([row.contact_id])
    return row


def add_identifier(contact: Contact, scheme: str, value: str) -> Description:
    """The contact's name in a register. Raises AlreadyKnown where anybody has it."""
    return _kept(Identifier(contact_id=contact.id, scheme=scheme, value=value))


def add_other_name(contact: Contact, name: str, **fields: Any) -> Description:
    """One more name of the contact; searches find it. `fields` are further columns. Raises AlreadyKnown."""
    return _kept(OtherName(contact_id=contact.id, name=name, **fields))


def add_source(contact: Contact, label: str, **fields: Any) -> Description:
    """Where something was read; `fields` are `url` and `as_of`. Raises AlreadyKnown."""
    return _kept(ContactSource(contact_id=contact.id, label=label, **fields))


def change_row(row: Description, **values: Any) -> bool:
    """Set columns of an identifier, other name or source; say whether any changed. Raises AlreadyKnown."""
    columns = {name: values.get(name, getattr(row, name)) for name in _ONLY_ONCE[type(row)]}
    refuse_known(row, "contact_id", **columns)
    changed = assign(row, values)
    if changed and isinstance(row, OtherName):
        project([row.contact_id])
    return changed


def remove_row(row: Description) -> None:
    """Take it out of the directory."""
    contact_id = row.contact_id
    db.session.delete(row)
    db.session.flush()
    if isinstance(row, OtherName):
        project([contact_id])


def set_languages(contact: Contact, languages: Sequence[str]) -> bool:
    """The languages (BCP 47) the contact reads, best first; say whether that changed anything."""
    wanted = {language: rank for rank, language in enumerate(dict.fromkeys(languages))}
    rows = list(db.session.scalars(sa.select(ContactLanguage).where(ContactLanguage.contact_id == contact.id)))
    changed = {row.language: row.rank for row in rows} != wanted
    for row in rows:
        if row.language in wanted:
            row.rank = wanted.pop(row.language)
        else:
            db.session.delete(row)
    for language, rank in wanted.items():
        db.session.add(ContactLanguage(contact_id=contact.id, language=language, rank=rank))
    db.session.flush()
    return changed
