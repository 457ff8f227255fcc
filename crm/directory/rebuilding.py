"""Writing anew what is derived of contacts: their columns out of their rows, the search index out of the columns."""

from __future__ import annotations

import sqlalchemy as sa

from crm.directory.models import Contact, ProjectionRules
from crm.directory.projection import RULES, project, remember
from crm.extensions import db
from crm.search_index.actions import empty_index


def rebuild_columns() -> int:
    """Project every contact and return how many there are; only what was wrong is written, and stands in the trail."""
    contact_ids = db.session.scalars(sa.select(Contact.id)).all()
    project(contact_ids)
    db.session.execute(sa.delete(ProjectionRules))
    db.session.add(ProjectionRules(version=RULES))
    return len(contact_ids)


def follows_rules() -> bool:
    """Whether every contact was projected by the rules of this version of the product."""
    return db.session.scalar(sa.select(ProjectionRules.version)) == RULES


def rebuild_index() -> None:
    """Empty the search index and fill it from the contacts' columns; before any other write of its transaction."""
    empty_index()
    remember(db.session.scalars(sa.select(Contact.id)))
