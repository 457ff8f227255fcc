"""Writing anew what is derived of contacts: their columns out of their rows, the search index out of the columns."""

from __future__ import annotations

import sqlalchemy as sa

from crm.directory.models import Contact
from crm.directory.projection import project, remember
from crm.extensions import db
from crm.search_index.actions import empty_index


def rebuild_columns() -> int:
    """Project every contact and return how many there are; only what was wrong is written, and stands in the trail."""
    contact_ids = db.session.scalars(sa.select(Contact.id)).all()
    project(contact_ids)
    return len(contact_ids)


def rebuild_index() -> None:
    """Empty the search index and fill it from the contacts' columns; before any other write of its transaction."""
    empty_index()
    remember(db.session.scalars(sa.select(Contact.id)))
