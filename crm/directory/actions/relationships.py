"""Ties between contacts."""

from __future__ import annotations

from typing import Any

from crm.directory.actions.known import assign, refuse_known
from crm.directory.models import DIRECTED, Contact, Relationship, RelationshipKind
from crm.extensions import db


def _refuse_known(row: Relationship, **values: Any) -> None:
    """Refuse a second tie of the same kind, begin and team, for ties without a direction from whichever side.

    What another team keeps to itself is not looked at: a refusal would tell of it.
    """
    columns = ("subject_id", "object_id", "kind", "start_date", "team_id")
    known = {name: values.get(name, getattr(row, name)) for name in columns}
    refuse_known(row, "subject_id", **known)
    if known["kind"] not in DIRECTED:
        refuse_known(row, "subject_id", **{**known, "subject_id": known["object_id"], "object_id": known["subject_id"]})


def add_relationship(subject: Contact, other: Contact, kind: RelationshipKind, **fields: Any) -> Relationship:
    """What `subject` is to `other`; `fields` are dates, note, source and the team that alone may see it.

    Raises AlreadyKnown, and ValueError for a tie of a contact with itself.
    """
    if subject.id == other.id:
        raise ValueError("a tie needs two contacts")
    row = Relationship(subject_id=subject.id, object_id=other.id, kind=kind, **fields)
    _refuse_known(row)
    db.session.add(row)
    db.session.flush()
    return row


def change_relationship(row: Relationship, **values: Any) -> bool:
    """Set columns of a tie and say whether any changed. Raises AlreadyKnown."""
    _refuse_known(row, **values)
    return assign(row, values)


def remove_relationship(row: Relationship) -> None:
    """Take out a tie that never was."""
    db.session.delete(row)
    db.session.flush()
