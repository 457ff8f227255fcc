"""What the reader changed lately, in their words: the deed, whom it was about, and whether it can be taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext, lazy_gettext
from flask_babel.speaklater import LazyString
from flask_login import current_user

from crm.audit import queries as audit
from crm.audit.models import ChangeSet
from crm.audit.privacy import Reader, of_others
from crm.audit.standing import overtaken
from crm.directory.models import Contact, ContactMerge
from crm.extensions import db
from crm.overview.edit_words import edit_label, edited_in_words
from crm.overview.models import BulkAction
from crm.overview.whom import OF_CONTACTS, About, Named, about
from crm.paging import Page
from crm.policy import Permission, actor, can
from crm.roster_import.known import APPLY
from crm.roster_import.models import Import
from crm.timeline.models import EntryKind, TimelineEntry

# Of a deed about many, the names of so many are told.
NAMED = 3
_EDIT = "edit:"
# What a worker does in the reader's name, where it is about many.
_BY_THE_WORKER = [*(f"{action.replace('_', ' ')} contacts" for action in BulkAction), APPLY]
# What is asked on the way to an import; the import itself is told.
_ON_THE_WAY = ("map columns of import",)

DEEDS: dict[str, LazyString] = {
    APPLY: lazy_gettext("Imported"),
    "add contact": lazy_gettext("Contact added"),
    "add target": lazy_gettext("Target added"),
    "add targets": lazy_gettext("Targets added"),
    "add targets contacts": lazy_gettext("Targets added"),
    "add task": lazy_gettext("Task added"),
    "add treaty action": lazy_gettext("Treaty: entry added"),
    "assign contacts": lazy_gettext("Contacts assigned"),
    "place contacts": lazy_gettext("Countries and regions set"),
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
    "finish next step": lazy_gettext("Next step done"),
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
class Merged:
    """A merge: the contact that stayed, if it is there, and whether the two were taken apart since."""

    survivor_id: int | None
    taken_apart: bool


@dataclass(frozen=True)
class Deed:
    """One change set of the reader's own.

    `words` is None where only the trail's own name of it, `action`, is known. `contacts` are ids and names of some of
    the `contact_count` it was about; of one that is gone the id is None. `imported` is the import it was (id, name of
    the file), `merge` the merge: these are taken back on pages of their own. `why_not` says why another one is not.
    """

    id: int
    at: datetime
    action: str
    words: LazyString | str | None
    details: Sequence[str]
    contacts: Sequence[Named]
    contact_count: int
    imported: tuple[int, str] | None
    merge: Merged | None
    undone: bool
    is_undo: bool
    can_go_back: bool
    why_not: str


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


def _pair(row: Any) -> tuple[int, int] | None:
    """The contact that stayed, or was left, and the other one, of a merge or of one taken apart."""
    if found := row.notes.get("merged"):
        return int(found["into"]), int(found["absorbed"])
    found = row.notes.get("unmerged")
    return (int(found["from"]), int(found["restored"])) if found else None


def _imports(ids: Sequence[int]) -> dict[int, tuple[int, str]]:
    """The imports that change sets came of, in one query: id and name of the file."""
    rows = db.session.execute(
        sa.select(Import.change_set_id, Import.id, Import.file_name).where(Import.change_set_id.in_(ids))
    )
    return {row.change_set_id: (row.id, row.file_name) for row in rows}


def _merges(rows: Sequence[Any]) -> dict[int, Merged]:
    """What became of the merges among these deeds, in one query."""
    noted = {row.id: row.notes["merged"]["merge"] for row in rows if "merged" in row.notes}
    found = db.session.execute(
        sa.select(ContactMerge.id, ContactMerge.unmerged_at, Contact.id.label("survivor_id"))
        .outerjoin(Contact, Contact.id == ContactMerge.survivor_id)
        .where(ContactMerge.id.in_(noted.values()))
    )
    by_merge = {row.id: Merged(row.survivor_id, row.unmerged_at is not None) for row in found}
    return {number: by_merge[merge] for number, merge in noted.items() if merge in by_merge}


def _actions(ids: Collection[int]) -> dict[int, str]:
    """What these change sets were called, in one query."""
    return {
        row.id: row.action
        for row in db.session.execute(sa.select(ChangeSet.id, ChangeSet.action).where(ChangeSet.id.in_(ids)))
    }


def _words(action: str) -> LazyString | None:
    return DEEDS.get("edit contact" if action.startswith("edit contact") else action)


@dataclass(frozen=True)
class _Page:
    """What is known of the deeds of one page, by their ids."""

    counts: Mapping[int, Sequence[Any]]
    told: Mapping[int, Sequence[Any]]
    about: Mapping[int, About]
    undone: Mapping[int, str]
    imports: Mapping[int, tuple[int, str]]
    merges: Mapping[int, Merged]
    why_not: Mapping[int, str]

    def deed(self, row: Any) -> Deed:
        """One of them."""
        told, written = self.told.get(row.id, ()), self.counts.get(row.id, ())
        details: Mapping[str, Any] | None = told[0].details if told else None
        named: list[Named] = list(dict.fromkeys((line.contact_id, line.name) for line in told))
        about_whom = self.about.get(row.id, About())
        contacts = named or about_whom.contacts
        # A deed about many writes one row of each.
        many = len(contacts) > NAMED
        counted = max((number for table, _kind, number in written if table in OF_CONTACTS), default=0) if many else 0
        words = edit_label(details) if details else _words(row.action)
        if (of := self.undone.get(row.undoes_id, "")) and (what := _words(of)):
            words = f"{words}: {what}"
        return Deed(
            id=row.id,
            at=row.at,
            action=row.action,
            words=words,
            details=edited_in_words(details) if details else about_whom.lines,
            contacts=contacts[:NAMED],
            contact_count=max(counted, len(contacts)),
            imported=self.imports.get(row.id),
            merge=self.merges.get(row.id),
            undone=row.undone_by_id is not None,
            is_undo=row.action == "undo",
            can_go_back=row.id not in self.why_not,
            why_not=self.why_not.get(row.id, ""),
        )


def _why_not(rows: Sequence[Any], counts: Mapping[int, Collection[Any]]) -> dict[int, str]:
    """Why deeds cannot be taken back, of those that cannot."""
    found: dict[int, str] = {}
    for row in rows:
        if not counts.get(row.id) and not row.notes:
            found[row.id] = gettext("nothing was changed")
        elif row.permission is not None and not can(row.permission):
            found[row.id] = gettext("not within your role")
        elif row.action == APPLY or not audit.can_go_back(row, counts.get(row.id, ())):
            found[row.id] = gettext("cannot be taken back")
    standing = {row.id for row in rows} - found.keys()
    for number in overtaken(standing):
        found[number] = gettext("changed since")
    # Its reader may have gone from one team to another.
    for number in of_others(standing - found.keys(), Reader(current_user.id, current_user.team_id)):
        found[number] = gettext("another team's by now")
    return found


def own_deeds(cursor: str | None) -> tuple[Page, list[Deed]]:
    """One page of what the signed-in reader did, the latest first, in a dozen queries."""
    page = audit.deeds_of(
        actor(), cursor, without=(Permission.SIGNED_IN,), and_actions=_BY_THE_WORKER, but_actions=_ON_THE_WAY
    )
    ids = [row.id for row in page.rows]
    pairs = {row.id: pair for row in page.rows if (pair := _pair(row))}
    counts = audit.counts(ids)
    known = _Page(
        counts=counts,
        told=_told(ids),
        about=about(ids, pairs, current_user.team_id),
        undone=_actions({row.undoes_id for row in page.rows if row.undoes_id}),
        imports=_imports(ids),
        merges=_merges(page.rows),
        why_not=_why_not(page.rows, counts),
    )
    return page, [known.deed(row) for row in page.rows]
