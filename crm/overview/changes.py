"""What the reader changed lately, in their words: the deed, whom it was about, and whether it can be taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

from crm.audit import queries as audit
from crm.audit.models import Change, ChangeSet
from crm.directory.models import Contact, ContactTag
from crm.extensions import db
from crm.overview.edit_words import edit_label, edited_in_words
from crm.overview.models import BulkAction
from crm.paging import Page
from crm.pipeline.models import Target
from crm.policy import Permission, actor, can
from crm.timeline.models import EntryKind, TimelineEntry

# Of a deed about many, the names of so many are told.
NAMED = 3
# So many rows of a deed are looked at for them: several may be of one contact.
_LOOKED_AT = 12
# Tables whose rows are contacts, or of one each.
_OF_CONTACTS = (Contact.__tablename__, ContactTag.__tablename__, Target.__tablename__)
_EDIT = "edit:"
# What a worker does in the reader's name, where it is about many.
_BY_THE_WORKER = [f"{action.replace('_', ' ')} contacts" for action in BulkAction]

DEEDS: dict[str, LazyString] = {
    "add contact": lazy_gettext("Contact added"),
    "add target": lazy_gettext("Target added"),
    "add targets": lazy_gettext("Targets added"),
    "add targets contacts": lazy_gettext("Targets added"),
    "add task": lazy_gettext("Task added"),
    "add treaty action": lazy_gettext("Treaty: entry added"),
    "assign contacts": lazy_gettext("Contacts assigned"),
    "assign targets": lazy_gettext("Targets assigned"),
    "export timeline": lazy_gettext("Timeline exported"),
    "change campaign": lazy_gettext("Campaign changed"),
    "change mailing": lazy_gettext("Mailing changed"),
    "change target": lazy_gettext("Target changed"),
    "change interaction": lazy_gettext("Entry changed"),
    "change task": lazy_gettext("Task changed"),
    "change view": lazy_gettext("View changed"),
    "close target": lazy_gettext("Target closed"),
    "correct treaty action": lazy_gettext("Treaty: entry corrected"),
    "create campaign": lazy_gettext("Campaign started"),
    "create mailing": lazy_gettext("Mailing planned"),
    "delete view": lazy_gettext("View deleted"),
    "edit contact": lazy_gettext("Contact changed"),
    "hand target over": lazy_gettext("Target handed over"),
    "log interaction": lazy_gettext("Logged"),
    "record statement": lazy_gettext("Stance recorded"),
    "withdraw statement": lazy_gettext("Statement withdrawn"),
    "settle contradiction": lazy_gettext("Contradiction settled"),
    "mark task": lazy_gettext("Task ticked off or taken up again"),
    "merge contacts": lazy_gettext("Contacts merged"),
    "move target": lazy_gettext("Target moved"),
    "move targets": lazy_gettext("Targets moved"),
    "redo": lazy_gettext("Done again"),
    "remove treaty action": lazy_gettext("Treaty: entry removed"),
    "reopen target": lazy_gettext("Target reopened"),
    "save view": lazy_gettext("View saved"),
    "tag contacts": lazy_gettext("Contacts tagged"),
    "tell contacts apart": lazy_gettext("Contacts told apart"),
    "undo": lazy_gettext("Undone"),
    "unmerge contacts": lazy_gettext("Contacts taken apart"),
    "untag contacts": lazy_gettext("Tags taken off"),
    "withdraw interaction": lazy_gettext("Entry withdrawn"),
    "write letter": lazy_gettext("Letter written"),
}


@dataclass(frozen=True)
class Deed:
    """One change set of the reader's own.

    `words` is None where only the trail's own name of it, `action`, is known. `contacts` are ids and names of some of
    the `contact_count` it was about.
    """

    id: int
    at: datetime
    action: str
    words: LazyString | str | None
    details: Sequence[str]
    contacts: Sequence[tuple[int, str]]
    contact_count: int
    undone: bool
    is_undo: bool
    can_go_back: bool


def _told(ids: Sequence[int]) -> dict[int, list[Any]]:
    """What timelines tell of edits, by the change set, in one query."""
    entry = TimelineEntry
    rows = db.session.execute(
        sa.select(entry.reference, entry.contact_id, entry.details, Contact.name)
        .join(Contact, Contact.id == entry.contact_id)
        .where(
            entry.reference.in_([f"{_EDIT}{number}" for number in ids]),
            entry.kind.in_((EntryKind.EDITED, EntryKind.EDIT_UNDONE)),
        )
        .order_by(entry.id)
    )
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[int(row.reference.removeprefix(_EDIT))].append(row)
    return found


def _contact_of(change: Any) -> int | None:
    """The contact a row is of, or is."""
    if change.table_name == Contact.__tablename__:
        return int(change.row_id)
    found = {**change.before, **change.after}.get("contact_id")
    return int(found) if found is not None else None


def _about(ids: Sequence[int]) -> dict[int, list[tuple[int, str]]]:
    """The first contacts whose rows each change set wrote, those that are there, in two queries."""
    rank = sa.func.row_number().over(partition_by=Change.change_set_id, order_by=Change.id).label("rank")
    columns = (Change.change_set_id, Change.table_name, Change.row_id, Change.before, Change.after)
    rows = (
        sa.select(*columns, rank).where(Change.change_set_id.in_(ids), Change.table_name.in_(_OF_CONTACTS)).subquery()
    )
    changes = db.session.execute(sa.select(rows).where(rows.c.rank <= _LOOKED_AT).order_by(rows.c.rank)).all()
    about: dict[int, dict[int, None]] = defaultdict(dict)
    for change in changes:
        contact_id = _contact_of(change)
        if contact_id is not None:
            about[change.change_set_id][contact_id] = None
    wanted = {contact_id for found in about.values() for contact_id in found}
    named = db.session.execute(sa.select(Contact.id, Contact.name).where(Contact.id.in_(wanted)))
    names = {row.id: row.name for row in named}
    return {
        number: [(contact_id, names[contact_id]) for contact_id in found if contact_id in names]
        for number, found in about.items()
    }


def _actions(ids: Collection[int]) -> dict[int, str]:
    """What these change sets were called, in one query."""
    return {
        row.id: row.action
        for row in db.session.execute(sa.select(ChangeSet.id, ChangeSet.action).where(ChangeSet.id.in_(ids)))
    }


def _words(action: str) -> LazyString | None:
    return DEEDS.get("edit contact" if action.startswith("edit contact") else action)


def _deed(row: Any, written: Sequence[Any], told: Sequence[Any], about: Sequence[tuple[int, str]], of: str) -> Deed:
    details: Mapping[str, Any] | None = told[0].details if told else None
    contacts = list(dict.fromkeys((line.contact_id, line.name) for line in told)) or list(about)
    # A deed about many writes one row of each.
    many = len(contacts) > NAMED
    counted = max((number for table, _kind, number in written if table in _OF_CONTACTS), default=0) if many else 0
    words = edit_label(details) if details else _words(row.action)
    if of and (what := _words(of)):
        words = f"{words}: {what}"
    return Deed(
        id=row.id,
        at=row.at,
        action=row.action,
        words=words,
        details=edited_in_words(details) if details else (),
        contacts=contacts[:NAMED],
        contact_count=max(counted, len(contacts)),
        undone=row.undone_by_id is not None,
        is_undo=row.action == "undo",
        can_go_back=audit.can_go_back(row, written) and (row.permission is None or can(row.permission)),
    )


def own_deeds(cursor: str | None) -> tuple[Page, list[Deed]]:
    """One page of what the signed-in reader did, the latest first, in six queries."""
    page = audit.deeds_of(actor(), cursor, without=(Permission.SIGNED_IN,), and_actions=_BY_THE_WORKER)
    ids = [row.id for row in page.rows]
    counts, told, about = audit.counts(ids), _told(ids), _about(ids)
    undone = _actions({row.undoes_id for row in page.rows if row.undoes_id})
    none: list[Any] = []
    deeds = [
        _deed(
            row,
            counts.get(row.id, none),
            told.get(row.id, none),
            about.get(row.id, none),
            undone.get(row.undoes_id, ""),
        )
        for row in page.rows
    ]
    return page, deeds
