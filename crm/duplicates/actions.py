"""What is done with duplicates: merge two contacts, take a merge back, tell two contacts apart for ever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.directory.merging import merge
from crm.directory.models import ContactMerge
from crm.directory.unmerging import Outcome, unmerge
from crm.duplicates.models import DuplicateProposal, ToldApart
from crm.duplicates.queries import are_told_apart
from crm.extensions import db
from crm.timeline.actions import Event, add_events, forget
from crm.timeline.models import EntryKind


def _reference(merge_id: int) -> str:
    return f"{ContactMerge.__tablename__}:{merge_id}"


def merge_contacts(survivor_id: int, absorbed_id: int, values: Mapping[str, Any]) -> ContactMerge:
    """Let the second contact become part of the first, which takes `values`, and note it on the timeline.

    Raises crm.directory.merging.MergeRefused.
    """
    record = merge(survivor_id, absorbed_id, values)
    add_events([Event(survivor_id, record.at, EntryKind.MERGED, _reference(record.id), record.absorbed_name)])
    return record


def take_apart(merge_id: int) -> Outcome:
    """Take a merge back; what came since stays with the survivor. Raises crm.directory.unmerging.UnmergeRefused."""
    outcome = unmerge(merge_id)
    # The search proposes the two anew by itself, perhaps before: nobody has changed anything.
    outcome.stayed.pop(DuplicateProposal.__tablename__, None)
    forget([_reference(merge_id)])
    return outcome


def tell_apart(one_id: int, other_id: int, *, user_id: int | None) -> bool:
    """Remember that the two are not the same; False where that was known."""
    if are_told_apart(one_id, other_id):
        return False
    db.session.add(ToldApart(one_id=min(one_id, other_id), other_id=max(one_id, other_id), user_id=user_id))
    db.session.flush()
    return True
