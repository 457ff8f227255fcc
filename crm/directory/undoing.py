"""What undo leaves to the directory: the derived columns of every contact that a change set taken back bears on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa

from crm.audit.models import Change, ChangeKind
from crm.directory.models import Contact, ContactKind, ContactPoint, Membership, OtherName
from crm.directory.projection import CHUNK, TOLD_OF_MEMBERS, forget, project, remember
from crm.extensions import db

# The tables whose rows say something of a contact, and the column that names it.
_OWNERS = {
    ContactPoint.__tablename__: (ContactPoint.id, ContactPoint.contact_id),
    Membership.__tablename__: (Membership.id, Membership.person_id),
    OtherName.__tablename__: (OtherName.id, OtherName.contact_id),
}


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    ordered = sorted(set(ids))
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def _of(changes: Sequence[Change], table: str) -> list[Change]:
    return [change for change in changes if change.table_name == table]


def let_go_of_undone(changes: Sequence[Change]) -> None:
    """Take contacts about to go out of the search index, and organizations among them out of contacts.

    Called before an undo. Contacts that hold one as institution, group or party do so by a membership, which goes too,
    or else the database refuses the undo for the membership's sake.
    """
    made = [change for change in _of(changes, Contact.__tablename__) if change.kind is ChangeKind.INSERT]
    forget(change.row_id for change in made)
    for ids in _chunks(change.row_id for change in made if change.after["kind"] == ContactKind.ORGANIZATION):
        for column in (Contact.institution_id, Contact.group_id, Contact.party_id):
            db.session.execute(sa.update(Contact).where(column.in_(ids)).values({column: None}))


def project_undone(changes: Sequence[Change]) -> None:
    """Write anew the derived columns of every contact the changes bear on; called after the audit's undo."""
    contacts = _of(changes, Contact.__tablename__)
    remember(change.row_id for change in contacts if change.kind is ChangeKind.DELETE)
    touched = {change.row_id for change in contacts}
    for table, (row_id, owner) in _OWNERS.items():
        rows = _of(changes, table)
        for values in [values for change in rows for values in (change.before, change.after)]:
            if owner.key in values:
                touched.add(values[owner.key])
        for ids in _chunks(change.row_id for change in rows if change.kind is ChangeKind.UPDATE):
            touched.update(db.session.scalars(sa.select(owner).where(row_id.in_(ids))))
    # Whoever joined since carries the organization's name too.
    renamed = [change.row_id for change in contacts if TOLD_OF_MEMBERS & set(change.before)]
    for ids in _chunks(renamed):
        members = sa.or_(Membership.organization_id.in_(ids), Membership.on_behalf_of_id.in_(ids))
        touched.update(db.session.scalars(sa.select(Membership.person_id).where(members)))
    project(touched)
