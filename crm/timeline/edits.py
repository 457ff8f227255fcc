"""Changes made by hand, told on the timeline: what changed from what to what, for screens to put into words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from crm import clock
from crm.accounts.models import User
from crm.audit.models import Change, ChangeKind, ChangeSet
from crm.database import Base
from crm.directory.models import Contact, Post
from crm.extensions import db
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind, TimelineEntry
from crm.unit_of_work import current_unit_of_work

# Columns that hold the id of a row, and what that row is called.
_NAMES = {
    "parent_id": Contact.name,
    "organization_id": Contact.name,
    "person_id": Contact.name,
    "on_behalf_of_id": Contact.name,
    "subject_id": Contact.name,
    "object_id": Contact.name,
    "owner_id": User.name,
    "post_id": Post.label,
}
# Follow from others (a name from its parts), or say nothing to a reader.
_UNTOLD = {"id", "updated_at", "ended_by", "team_id", "rank", "membership_id", "bounced_at", "bounced_with"}
_NAME_PARTS = {"given_name", "family_name"}

Field = list[Any]  # the column, what it held, what it holds now


def _named(column: str, value: Any) -> Any:
    """The name of the row an id stands for, as it is called now."""
    if column not in _NAMES or value is None:
        return value
    name = _NAMES[column]
    return db.session.scalar(sa.select(name).where(name.class_.id == value))


def _fields(change: Change) -> list[Field]:
    table = Base.metadata.tables[change.table_name]
    told = [
        name
        for name in change.after
        if name not in _UNTOLD and not table.c[name].info.get("derived") and table.c[name].onupdate is None
    ]
    if "name" in told:
        told = [name for name in told if name not in _NAME_PARTS]
    return [[name, _named(name, change.before.get(name)), _named(name, change.after[name])] for name in told]


def tell_edit(
    contact_ids: Iterable[int],
    part: str,
    deed: ChangeKind,
    label: str = "",
    *,
    fields: Sequence[Field] | None = None,
    team_id: int | None = None,
) -> None:
    """Tell on the timelines of these contacts what the running unit of work has changed, if it has changed anything.

    `part` names what was edited, `label` the row of it (an office, an address). `fields` replace what the trail says;
    with a `team_id` only that team reads it.
    """
    work = current_unit_of_work()
    db.session.flush()
    if work.change_set_id is None:
        return
    if fields is None and deed is ChangeKind.UPDATE:
        changes = db.session.scalars(
            sa.select(Change)
            .where(Change.change_set_id == work.change_set_id, Change.kind == ChangeKind.UPDATE)
            .order_by(Change.id)
        ).all()
        fields = [field for change in changes for field in _fields(change)]
        if not fields:
            return
    details = {"part": part, "deed": deed.value, "of": label, "fields": list(fields or ())}
    reference = f"edit:{work.change_set_id}"
    add_events(
        [
            Event(contact_id, clock.now(), EntryKind.EDITED, reference, "", details, team_id)
            for contact_id in dict.fromkeys(contact_ids)
        ]
    )


def hide_undone_edits(changes: Sequence[Change]) -> None:
    """Take what is being undone off the timelines, and put back what is done again; called before an undo."""
    root, stands = changes[0].change_set_id, False
    while (undone := db.session.scalar(sa.select(ChangeSet.undoes_id).where(ChangeSet.id == root))) is not None:
        root, stands = undone, not stands
    entry = TimelineEntry
    db.session.execute(
        sa.update(entry)
        .where(entry.reference == f"edit:{root}", entry.kind.in_((EntryKind.EDITED, EntryKind.EDIT_UNDONE)))
        .values(kind=EntryKind.EDITED if stands else EntryKind.EDIT_UNDONE)
    )
    # A contact that goes altogether takes with it what was kept for a redo.
    made = [
        change.row_id
        for change in changes
        if change.table_name == Contact.__tablename__ and change.kind is ChangeKind.INSERT
    ]
    for start in range(0, len(made), 500):
        gone = entry.contact_id.in_(made[start : start + 500])
        db.session.execute(sa.delete(entry).where(gone, entry.kind == EntryKind.EDIT_UNDONE))
