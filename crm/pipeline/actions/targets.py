"""Adding targets to a campaign, and changing what is known of them beside their stage."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypedDict, Unpack

import sqlalchemy as sa

from crm import clock
from crm.audit.bulk import RowUpdate, insert_rows, update_rows
from crm.extensions import db
from crm.pipeline.last_contact import follow_contacts
from crm.pipeline.models import Campaign, Priority, Stage, StageMove, Target
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind
from crm.unit_of_work import current_unit_of_work

# Rows of one bulk statement: well under the parameters a database takes at once.
CHUNK = 500


@dataclass(frozen=True)
class Added:
    """What adding targets came to: how many are new, how many were in the campaign before."""

    added: int
    already: int


class TargetChanges(TypedDict, total=False):
    """What may be changed of a target without moving it."""

    owner_id: int | None
    priority: Priority
    ask: str
    next_step: str
    next_step_due: date | None


def chunks(ids: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The ids, or rows, in pieces a database takes at once."""
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


def add_targets(
    campaign_id: int, contact_ids: Collection[int], *, owner_id: int | None = None, priority: Priority = Priority.NORMAL
) -> Added:
    """Add contacts to a campaign as identified, five statements per 500; those already in it are left as they are."""
    # Two people who add at once wait for each other here instead of failing on the same contact.
    campaign = db.session.get_one(Campaign, campaign_id, with_for_update={"of": Campaign})
    wanted = list(dict.fromkeys(contact_ids))
    added = 0
    for chunk in chunks(wanted):
        inside = sa.select(Target.contact_id).where(Target.campaign_id == campaign_id, Target.contact_id.in_(chunk))
        known = set(db.session.scalars(inside))
        new = [contact_id for contact_id in chunk if contact_id not in known]
        same = {"owner_id": owner_id, "priority": priority}
        add_as_identified(campaign, [{"contact_id": contact_id, **same} for contact_id in new])
        added += len(new)
    return Added(added, len(wanted) - added)


def add_as_identified(campaign: Campaign, rows: Sequence[Mapping[str, Any]]) -> None:
    """New targets of a campaign by their columns; none of the contacts may be in it yet."""
    at = clock.now()
    name, campaign_id = campaign.name, campaign.id
    actor = current_unit_of_work().actor
    came = {"from_stage": None, "to_stage": Stage.IDENTIFIED, "stood": None, "at": at, "actor": actor}
    for chunk in chunks(rows):
        same = {"campaign_id": campaign_id, "stage_since": at, "created_at": at, "quiet_since": at}
        target_ids = insert_rows(Target, [{**row, **same} for row in chunk])
        insert_rows(
            StageMove, [{"target_id": target_id, "campaign_id": campaign_id, **came} for target_id in target_ids]
        )
        contacts = [row["contact_id"] for row in chunk]
        add_events(
            [
                Event(contact_id, at, EntryKind.TARGETED, f"target:{target_id}", name)
                for contact_id, target_id in zip(contacts, target_ids, strict=True)
            ]
        )
        follow_contacts(contacts)


def update_target(target_id: int, **changes: Unpack[TargetChanges]) -> Target:
    """Change owner, priority, ask or next step of a target."""
    target = db.session.get_one(Target, target_id, with_for_update=True)
    for name, value in changes.items():
        setattr(target, name, value)
    db.session.flush()
    return target


def assign_targets(target_ids: Collection[int], owner_id: int | None) -> int:
    """Give targets to one owner (or to none) and return how many changed hands; two statements per 500."""
    return _set(target_ids, "owner_id", owner_id)


def prioritize_targets(target_ids: Collection[int], priority: Priority) -> int:
    """Give targets one priority and return how many had another; two statements per 500."""
    return _set(target_ids, "priority", priority)


def _set(target_ids: Collection[int], name: str, value: Any) -> int:
    column = getattr(Target, name)
    changed = 0
    for chunk in chunks(sorted(set(target_ids))):
        others = sa.select(Target.id, column.label("held")).where(Target.id.in_(chunk), column.is_distinct_from(value))
        # One order for everyone, so that two bulk changes cannot lock each other out.
        found = db.session.execute(others.order_by(Target.id).with_for_update()).all()
        update_rows(Target, [RowUpdate(row.id, {name: row.held}, {name: value}) for row in found])
        changed += len(found)
    return changed
