"""What only our own exports tell besides: where facts of a contact were read, its ties, what it said; a query each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from crm.directory.models import ContactSource, Relationship, RelationshipKind
from crm.extensions import db
from crm.policy import visible_to
from crm.roster_import.lookups import chunked
from crm.stances.models import Stance
from crm.stances.queries import shared_statements

Tie = tuple[int, int, RelationshipKind, date | None]


@dataclass(frozen=True)
class KnownFacts:
    """Label and address of each source; subject, object, kind and beginning of each tie everybody sees.

    Of each statement that everybody may read, withdrawn or not: the treaty's code, the stance, the day and the link.
    """

    sources: frozenset[tuple[str, str]] = frozenset()
    ties: frozenset[Tie] = frozenset()
    statements: frozenset[tuple[str, Stance, date, str]] = frozenset()


def load_facts(contact_ids: Collection[int]) -> dict[int, KnownFacts]:
    """The sources, ties and statements of these contacts."""
    sources: dict[int, set[tuple[str, str]]] = defaultdict(set)
    ties: dict[int, set[Tie]] = defaultdict(set)
    said: dict[int, set[tuple[str, Stance, date, str]]] = defaultdict(set)
    for chunk in chunked(contact_ids):
        for contact_id, statements in shared_statements(chunk).items():
            said[contact_id] = {(one.treaty_code, one.stance, one.said_on, one.source_url) for one in statements}
        told = sa.select(ContactSource.contact_id, ContactSource.label, ContactSource.url)
        for row in db.session.execute(told.where(ContactSource.contact_id.in_(chunk))):
            sources[row.contact_id].add((row.label, row.url))
        tied = sa.select(
            Relationship.subject_id, Relationship.object_id, Relationship.kind, Relationship.start_date
        ).where(
            visible_to(Relationship.team_id, None),
            sa.or_(Relationship.subject_id.in_(chunk), Relationship.object_id.in_(chunk)),
        )
        for tie in db.session.execute(tied):
            for contact_id in (tie.subject_id, tie.object_id):
                ties[contact_id].add((tie.subject_id, tie.object_id, tie.kind, tie.start_date))
    return {one: KnownFacts(frozenset(sources[one]), frozenset(ties[one]), frozenset(said[one])) for one in contact_ids}
