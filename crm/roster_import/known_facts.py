"""What only our own exports tell besides: where facts of a contact were read, and its ties, a query each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from crm.directory.models import ContactSource, Relationship, RelationshipKind
from crm.extensions import db
from crm.roster_import.lookups import chunked

Tie = tuple[int, int, RelationshipKind, date | None]


@dataclass(frozen=True)
class KnownFacts:
    """Label and address of each source; subject, object, kind and beginning of each tie everybody sees."""

    sources: frozenset[tuple[str, str]] = frozenset()
    ties: frozenset[Tie] = frozenset()


def load_facts(contact_ids: Collection[int]) -> dict[int, KnownFacts]:
    """The sources and ties of these contacts."""
    sources: dict[int, set[tuple[str, str]]] = defaultdict(set)
    ties: dict[int, set[Tie]] = defaultdict(set)
    for chunk in chunked(contact_ids):
        told = sa.select(ContactSource.contact_id, ContactSource.label, ContactSource.url)
        for row in db.session.execute(told.where(ContactSource.contact_id.in_(chunk))):
            sources[row.contact_id].add((row.label, row.url))
        tied = sa.select(
            Relationship.subject_id, Relationship.object_id, Relationship.kind, Relationship.start_date
        ).where(
            Relationship.team_id.is_(None),
            sa.or_(Relationship.subject_id.in_(chunk), Relationship.object_id.in_(chunk)),
        )
        for tie in db.session.execute(tied):
            for contact_id in (tie.subject_id, tie.object_id):
                ties[contact_id].add((tie.subject_id, tie.object_id, tie.kind, tie.start_date))
    return {one: KnownFacts(frozenset(sources[one]), frozenset(ties[one])) for one in contact_ids}
