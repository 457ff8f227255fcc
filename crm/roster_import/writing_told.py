"""Writing what only our own exports tell: what organizations are part of, their posts, sources and ties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crm.audit.bulk import RowUpdate
from crm.directory.bulk import add_posts, add_relationships, add_sources, update_organizations, update_posts
from crm.roster_import.diffing import Plan
from crm.stances.bulk import NewStatement, add_statements


def write_structure(written: Sequence[tuple[Plan, int]], refs: Mapping[str, int]) -> None:
    """Parents and posts of the organizations of a batch; `refs` has the contacts behind the document's ids."""
    update_organizations(
        [
            RowUpdate(contact_id, {"parent_id": plan.writes.parent[1]}, {"parent_id": refs[plan.writes.parent[0]]})
            for plan, contact_id in written
            # One that was left out has no place above others.
            if plan.writes.parent is not None and refs.get(plan.writes.parent[0], contact_id) != contact_id
        ]
    )
    add_posts(
        [
            {
                "organization_id": contact_id,
                "label": post.label,
                "country": post.country or None,
                "region": post.region or None,
            }
            for plan, contact_id in written
            for post in plan.writes.posts
        ]
    )
    update_posts([update for plan, _id in written for update in plan.writes.post_updates])


def write_facts(written: Sequence[tuple[Plan, int]], refs: Mapping[str, int]) -> None:
    """Sources, and ties to contacts of this batch or earlier ones."""
    add_sources(
        [
            {"contact_id": contact_id, "label": source.label, "url": source.url, "as_of": source.as_of}
            for plan, contact_id in written
            for source in plan.writes.sources
        ]
    )
    ties = [
        (tie, contact_id, refs[tie.other])
        for plan, contact_id in written
        for tie in plan.writes.ties
        if tie.other in refs
    ]
    add_relationships(
        [
            {
                "subject_id": other if tie.is_object else contact_id,
                "object_id": contact_id if tie.is_object else other,
                "kind": tie.kind,
                "start_date": tie.start,
                "end_date": tie.end,
                "note": tie.note,
                "source": tie.source,
            }
            for tie, contact_id, other in ties
        ]
    )


def write_statements(written: Sequence[tuple[Plan, int]]) -> None:
    """What contacts said of treaties; none that is known is touched."""
    add_statements(
        [
            NewStatement(
                contact_id,
                said.treaty,
                said.stance,
                said.said_on,
                said.confidence,
                said.source_url,
                said.quote,
                said.withdrawn,
            )
            for plan, contact_id in written
            for said in plan.writes.statements
        ]
    )
