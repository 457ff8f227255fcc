"""What undo leaves to duplicates: proposals about contacts that go with it."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from crm.audit.models import Change, ChangeKind
from crm.directory.models import Contact
from crm.duplicates.models import DuplicateProposal
from crm.extensions import db

_CHUNK = 500


def let_go_of_undone(changes: Sequence[Change]) -> None:
    """Drop what is proposed of contacts about to go, so that a mere proposal holds no undo back; called before one."""
    made = [
        change.row_id
        for change in changes
        if change.table_name == Contact.__tablename__ and change.kind is ChangeKind.INSERT
    ]
    for start in range(0, len(made), _CHUNK):
        ids = made[start : start + _CHUNK]
        gone = sa.or_(DuplicateProposal.one_id.in_(ids), DuplicateProposal.other_id.in_(ids))
        db.session.execute(sa.delete(DuplicateProposal).where(gone))
