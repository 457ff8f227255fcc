"""What an undo means to an import: its state, and its entries on the timelines of contacts."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from crm import clock
from crm.audit.actions import Refusal, UndoRefused
from crm.audit.models import Change, ChangeKind, ChangeSet
from crm.directory.models import Contact
from crm.extensions import db
from crm.roster_import.actions import move
from crm.roster_import.lookups import chunked
from crm.roster_import.models import WITHDRAWN, WORKED_ON, WRITTEN, Import, ImportRow, ImportState, RowKind
from crm.timeline.actions import Event, add_events, forget
from crm.timeline.models import EntryKind, TimelineEntry
from crm.unit_of_work import current_unit_of_work

# The action of the units of work that take back what was written of an import, part by part.
WITHDRAW = "take back part of import"
# The columns by which rows of the directory say whose they are.
_ABOUT = ("contact_id", "person_id", "organization_id")


def follow_undo(changes: Sequence[Change]) -> None:
    """When the change set of an import is undone, so is the import; called by the audit's undo.

    An import is not done again by undoing its undo: it is compared and applied anew, on its own page.
    """
    touched = {change.change_set_id for change in changes}
    in_parts = current_unit_of_work().action == WITHDRAW
    for found in db.session.scalars(sa.select(Import).where(Import.change_set_id.in_(touched))).all():
        if in_parts:
            _leave_timelines(found.id, changes)
        elif found.state is ImportState.APPLIED:
            move(found.id, ImportState.UNDONE)
            forget([reference_of(found.id)])
        elif found.state in WORKED_ON:
            # Its worker writes on.
            raise UndoRefused(Refusal.KEPT)
        else:
            unwritten(found.id)
    undone = sa.select(ChangeSet.undoes_id).where(ChangeSet.id.in_(touched))
    again = db.session.scalars(sa.select(Import).where(Import.change_set_id.in_(undone))).all()
    if again and not in_parts:
        raise UndoRefused(Refusal.KEPT)


def undone(import_id: int) -> None:
    """Mark that everything an import has changed was taken back."""
    found = db.session.get_one(Import, import_id)
    survey = {name: value for name, value in found.survey.items() if name != WITHDRAWN}
    move(import_id, ImportState.UNDONE, survey=survey)
    forget([reference_of(import_id)])


def unwritten(import_id: int) -> None:
    """Note that nothing of an import is in the directory any more: to apply it begins anew."""
    found = db.session.get_one(Import, import_id)
    found.change_set_id = None
    found.survey = {name: value for name, value in found.survey.items() if name not in (WRITTEN, WITHDRAWN)}
    db.session.flush()
    forget([reference_of(import_id)])


def reference_of(import_id: int) -> str:
    """How entries of timelines name an import."""
    return f"import:{import_id}"


def contacts_of(changes: Sequence[Change], most: int) -> list[int]:
    """The contacts (by id) that changes are about, each once, and no more than `most`."""
    found: dict[int, None] = {}
    for change in changes:
        values = {**change.before, **change.after}
        is_contact = change.table_name == Contact.__tablename__
        about = change.row_id if is_contact else next(filter(None, map(values.get, _ABOUT)), None)
        if about is not None:
            found[about] = None
    return list(found)[:most]


def _leave_timelines(import_id: int, changes: Sequence[Change]) -> None:
    """Take the entries of contacts off that a part of the undo removes; others go when all is done."""
    made = [
        change.row_id
        for change in changes
        if change.table_name == Contact.__tablename__ and change.kind is ChangeKind.INSERT
    ]
    for ids in chunked(made):
        of_import = TimelineEntry.reference == reference_of(import_id)
        db.session.execute(sa.delete(TimelineEntry).where(of_import, TimelineEntry.contact_id.in_(ids)))


def return_to_timelines(import_id: int) -> None:
    """Put the entries of the contacts an import has made back, where a part of its undo took them off."""
    found = db.session.get_one(Import, import_id)
    listed = sa.exists().where(
        TimelineEntry.reference == reference_of(import_id), TimelineEntry.contact_id == ImportRow.contact_id
    )
    made = sa.select(ImportRow.contact_id).where(
        ImportRow.import_id == import_id, ImportRow.kind == RowKind.NEW, ImportRow.contact_id.is_not(None), ~listed
    )
    # Several lines may be about one contact.
    made = made.distinct()
    details = {"kind": RowKind.NEW.value, "as_of": found.as_of.isoformat()}
    at = found.applied_at or clock.now()
    add_events(
        [
            Event(contact_id, at, EntryKind.IMPORTED, reference_of(import_id), found.file_name, details)
            for contact_id in db.session.scalars(made)
            if contact_id is not None
        ]
    )
