"""A contact found by the name somebody typed into a form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from crm.directory.models import Contact, ContactKind, Organization
from crm.extensions import db
from crm.text import fold

CANDIDATES = 12


def contacts_called(text: str, kind: ContactKind | None = None) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """The contacts a typed name may mean, in one query: id, name, abbreviation, category, country.

    Only those called just so, by their name or short name, where there are any; otherwise those with such words.
    """
    words = fold(text).split()
    if not words:
        return []
    name = Contact.sort_name
    statement = (
        sa.select(
            Contact.id,
            Contact.name,
            Organization.__table__.c.abbreviation,
            Contact.category,
            Contact.country,
        )
        .select_from(Contact.__table__)
        .where(*(name.contains(word, autoescape=True) for word in words))
        # What has little beside these words is what was meant.
        .order_by(sa.func.length(name), name, Contact.id)
        .limit(CANDIDATES)
    )
    found = db.session.execute(statement if kind is None else statement.where(Contact.kind == kind)).all()
    meant = " ".join(words)
    exact = [row for row in found if meant in (fold(row.name), fold(row.abbreviation or ""))]
    return exact or found


def contact_chosen(contact_id: int, name: str, kind: ContactKind | None = None) -> sa.Row[*tuple[Any, ...]] | None:
    """The contact of this id, if it is still called so: id, name."""
    statement = sa.select(Contact.id, Contact.name).where(Contact.id == contact_id, Contact.name == name)
    return db.session.execute(statement if kind is None else statement.where(Contact.kind == kind)).first()
