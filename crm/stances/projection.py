"""The current stances kept beside the statements: which rows follow from them, and writing those anew.

One row for everybody and one for each team with statements of its own is the least that leaks nothing: a figure made of
all statements would tell everybody what a team keeps to itself, and one worked out for each reader could not be
filtered or sorted by in a list of a hundred thousand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from crm.audit.models import Change, ChangeKind
from crm.directory.models import Contact
from crm.extensions import db
from crm.stances.derivation import derive
from crm.stances.models import RANK, SHARED, CurrentStance, SettledContradiction, Statement, Withdrawal
from crm.stances.queries import is_valid

CHUNK = 500
AnyRow = sa.Row[*tuple[Any, ...]]
_COLUMNS = (
    Statement.id,
    Statement.contact_id,
    Contact.sort_name,
    Statement.treaty_id,
    Statement.stance,
    Statement.said_on,
    Statement.confidence,
    Statement.team_id,
)


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    ordered = sorted(set(ids))
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def _scopes(statements: Sequence[AnyRow]) -> Iterator[tuple[int, list[AnyRow]]]:
    """Each scope there is a row for, with the statements that are read in it."""
    shared = [said for said in statements if said.team_id is None]
    if shared:
        yield SHARED, shared
    for team_id in sorted({said.team_id for said in statements if said.team_id is not None}):
        yield team_id, [said for said in statements if said.team_id in (None, team_id)]


def _row(said: AnyRow, scope: int, found: Any) -> dict[str, Any]:
    earlier, later = found.contradictions[-1] if found.contradictions else (None, None)
    return {
        "contact_id": said.contact_id,
        "sort_name": said.sort_name,
        "treaty_id": said.treaty_id,
        "scope": scope,
        "stance": found.stance,
        "rank": RANK[found.stance],
        "statement_id": found.statement.id,
        "said_on": found.statement.said_on,
        "since": found.since,
        "earlier_id": earlier.id if earlier else None,
        "later_id": later.id if later else None,
    }


def project(contact_ids: Iterable[int]) -> None:
    """Write the current stances of these contacts anew, in the running unit of work; four statements per 500."""
    for ids in _chunks(contact_ids):
        valid = sa.select(*_COLUMNS).join(Contact, Contact.id == Statement.contact_id)
        pairs = (
            sa.select(SettledContradiction.earlier_id, SettledContradiction.later_id)
            .join(Statement, Statement.id == SettledContradiction.later_id)
            .where(Statement.contact_id.in_(ids))
        )
        settled = {(pair.earlier_id, pair.later_id) for pair in db.session.execute(pairs)}
        said: dict[tuple[int, int], list[AnyRow]] = defaultdict(list)
        for row in db.session.execute(valid.where(Statement.contact_id.in_(ids), is_valid())):
            said[row.contact_id, row.treaty_id].append(row)
        rows = [
            _row(all_said[0], scope, derive(statements, settled=settled))
            for all_said in said.values()
            for scope, statements in _scopes(all_said)
        ]
        db.session.execute(sa.delete(CurrentStance).where(CurrentStance.contact_id.in_(ids)))
        if rows:
            db.session.execute(sa.insert(CurrentStance), rows)


def follow_names(contact_ids: Iterable[int]) -> None:
    """Repeat the names that these contacts are sorted by now, in the running unit of work; one statement per 500."""
    name = sa.select(Contact.sort_name).where(Contact.id == CurrentStance.contact_id).scalar_subquery()
    for ids in _chunks(contact_ids):
        db.session.execute(
            sa.update(CurrentStance).where(CurrentStance.contact_id.in_(ids)).values(sort_name=name),
            execution_options={"synchronize_session": False},
        )


def rebuild() -> int:
    """Write every current stance anew and return of how many contacts."""
    spoken = sa.union(sa.select(Statement.contact_id), sa.select(CurrentStance.contact_id))
    contact_ids = list(db.session.scalars(spoken))
    project(contact_ids)
    return len(contact_ids)


def _of(changes: Sequence[Change], table: str) -> list[Change]:
    return [change for change in changes if change.table_name == table]


def _values(changes: Sequence[Change], name: str) -> set[int]:
    return {values[name] for change in changes for values in (change.before, change.after) if values.get(name)}


def let_go_of_undone(changes: Sequence[Change]) -> None:
    """Take away the stances that stand on statements about to go; called before the audit's undo."""
    made = [change for change in _of(changes, Statement.__tablename__) if change.kind is ChangeKind.INSERT]
    for ids in _chunks(_values(made, "contact_id")):
        db.session.execute(sa.delete(CurrentStance).where(CurrentStance.contact_id.in_(ids)))


def project_undone(changes: Sequence[Change]) -> None:
    """Write anew the stances of every contact the changes bear on; called after the audit's undo."""
    touched = _values(_of(changes, Statement.__tablename__), "contact_id")
    statements = _values(_of(changes, Withdrawal.__tablename__), "statement_id")
    statements |= _values(_of(changes, SettledContradiction.__tablename__), "later_id")
    for ids in _chunks(statements):
        touched.update(db.session.scalars(sa.select(Statement.contact_id).where(Statement.id.in_(ids))))
    project(touched)
