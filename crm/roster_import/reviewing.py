"""What the review of an import reads beside its rows: what waits for a person, which lines are alike, who is new."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm.directory.models import Category, Contact
from crm.extensions import db
from crm.roster_import.models import Decision, ImportRow, RowKind
from crm.roster_import.queries import IS_ALIKE, IS_JOINED, AnyRow

# More lines than these are not named one by one.
_LINES_NAMED = 500
_APART = sa.and_(ImportRow.kind == RowKind.NEW, sa.or_(ImportRow.twin_id.is_not(None), IS_ALIKE))


@dataclass(frozen=True)
class Undecided:
    """Rows on which nobody has decided: with a twin in the file, like somebody known, held back for whatever reason.

    `apart` are those of the first two that would become contacts of their own if they were applied as they are.
    `partly` are those of which only some values wait. `decided` are the others, `joined` those of them that are part of
    another line: of `joined_new`, a new one.
    """

    twins: int
    alike: int
    held: int
    apart: int
    partly: int
    decided: int
    joined: int
    joined_new: int


def lines_of(row_ids: Iterable[int]) -> dict[int, AnyRow]:
    """Id, line, name and decision of rows, for naming the twins of others."""
    ids = list(row_ids)
    columns = (ImportRow.id, ImportRow.line, ImportRow.name, ImportRow.decision)
    found = db.session.execute(sa.select(*columns).where(ImportRow.id.in_(ids))) if ids else ()
    return {row.id: row for row in found}


def joined_to(row_ids: Sequence[int]) -> dict[int, list[int]]:
    """The lines a person has joined to each of these rows; of very many, the first."""
    found: dict[int, list[int]] = {}
    rows = db.session.execute(
        sa.select(ImportRow.twin_id, ImportRow.line)
        .where(ImportRow.twin_id.in_(row_ids), ImportRow.decision == Decision.JOIN)
        .order_by(ImportRow.line)
        .limit(_LINES_NAMED)
    )
    for twin_id, line in rows:
        if twin_id is not None:
            found.setdefault(twin_id, []).append(line)
    return found


def undecided(import_id: int) -> Undecided:
    """How many rows wait for a person, and why."""
    has_twin = ImportRow.twin_id.is_not(None)
    # Without a reason, only values of it are held back.
    suspicious = ImportRow.kind == RowKind.SUSPICIOUS
    nobody = ImportRow.decision.is_(None)
    conditions = (
        sa.and_(has_twin, nobody),
        sa.and_(IS_ALIKE, nobody, sa.not_(has_twin)),
        sa.and_(suspicious, ImportRow.reason != "", nobody),
        sa.and_(_APART, nobody),
        sa.and_(suspicious, ImportRow.reason == "", nobody),
        sa.not_(nobody),
        IS_JOINED,
        sa.and_(IS_JOINED, ImportRow.kind == RowKind.NEW),
    )
    rows = sa.select(*(sa.func.count().filter(condition) for condition in conditions))
    return Undecided(*map(int, db.session.execute(rows.where(ImportRow.import_id == import_id)).one()))


def open_questions(import_id: int) -> int:
    """How many new rows may be somebody of another line, or somebody known, and nobody has said whether they are."""
    rows = sa.select(sa.func.count()).where(ImportRow.import_id == import_id, ImportRow.decision.is_(None), _APART)
    return db.session.scalar(rows) or 0


def questions(import_id: int, limit: int) -> list[str]:
    """The first open questions in words that name line and name: who looks like which line, or like whom we know."""
    twin = aliased(ImportRow)
    rows = db.session.execute(
        sa.select(
            ImportRow.line, ImportRow.name, ImportRow.candidates, twin.line.label("twin"), twin.name.label("other")
        )
        .outerjoin(twin, twin.id == ImportRow.twin_id)
        .where(ImportRow.import_id == import_id, ImportRow.decision.is_(None), _APART)
        .order_by(ImportRow.line, ImportRow.id)
        .limit(limit)
    ).all()
    wanted = {one for row in rows for one in row.candidates}
    known = dict(db.session.execute(sa.select(Contact.id, Contact.name).where(Contact.id.in_(wanted))).all())
    asked = []
    for row in rows:
        like = [f"line {row.twin}, {row.other}"] if row.twin is not None else []
        like += [f"{known[one]} (contact {one})" for one in row.candidates if one in known]
        asked.append(f"line {row.line}, {row.name}: the same as {' or '.join(like)}?")
    return asked


def categories(import_id: int) -> list[tuple[Category, int]]:
    """What the new people of an import are, and how many; the most first. Those joined to others are no people more."""
    number = sa.func.count()
    counted = (
        sa.select(ImportRow.category, number)
        .where(
            ImportRow.import_id == import_id,
            ImportRow.kind == RowKind.NEW,
            ImportRow.category.is_not(None),
            sa.or_(ImportRow.decision.is_(None), ImportRow.decision == Decision.ACCEPT),
        )
        .group_by(ImportRow.category)
        .order_by(number.desc(), ImportRow.category)
    )
    return [(category, found) for category, found in db.session.execute(counted) if category is not None]
