"""What people decide on the rows of an import: whom a line is about, whether it counts; kept when it is read anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import sqlalchemy as sa

from crm.extensions import db
from crm.roster_import.actions import MoveRefused, forget_rows
from crm.roster_import.models import (
    REVIEWED,
    WHO_IS_IT,
    Decision,
    Import,
    ImportRow,
    Reason,
    RowKind,
)
from crm.roster_import.planning import Planner, Ruling
from crm.roster_import.queries import present
from crm.roster_import.record_json import from_json
from crm.roster_import.staging import setting_for, source_label
from crm.unit_of_work import unit_of_work

# A line by its number and name: files without line breaks have many on one. Of ends, which no line names, by contact.
Line: TypeAlias = tuple[int, str, int | None]
_AT_ONCE = 500


def decide(row_id: int, decision: Decision | None, contact_id: int | None = None) -> ImportRow:
    """Take a person's decision on a row down; where it says whom the row is about, the row is compared with them.

    `contact_id` is one of the row's candidates (as they stand now), None for somebody new. A row without a twin cannot
    be joined to it. Raises MoveRefused once the import is queued.
    """
    row = db.session.get_one(ImportRow, row_id)
    staged = db.session.get_one(Import, row.import_id)
    if staged.state not in REVIEWED:
        raise MoveRefused(staged.state)
    _decide(row, staged, decision, contact_id)
    db.session.flush()
    return row


def _decide(row: ImportRow, staged: Import, decision: Decision | None, contact_id: int | None) -> None:
    if decision is Decision.JOIN and row.twin_id is None:
        decision = None
    row.decision = decision
    row.candidates = present(row.candidates)
    row.chosen_id = contact_id if decision is Decision.ACCEPT and contact_id in row.candidates else None
    if row.reason == Reason.REPEATED and decision is not Decision.ACCEPT:
        row.diff = []
    elif row.reason in WHO_IS_IT or row.candidates:
        ruling = {0: Ruling(decision, row.chosen_id)} if decision is Decision.ACCEPT else {}
        setting = setting_for(staged.as_of, staged.institution, source_label(staged.file_name, staged.as_of))
        compared = Planner(setting).plan_batch([from_json(row.record)], ruling)[0]
        row.diff = [difference.as_json() for difference in compared.differences]


def decide_all(import_id: int, decision: Decision | None, conditions: Sequence[sa.ColumnElement[bool]] = ()) -> int:
    """Decide at once on the rows that meet the conditions; how many those were.

    Only what waits for a decision can be accepted, and only where it is certain whom the row is about, or where all
    that makes it doubtful is another line of the file. Only what has a twin can be joined to it.
    """
    staged = db.session.get_one(Import, import_id)
    if staged.state not in REVIEWED:
        raise MoveRefused(staged.state)
    changing = ImportRow.kind.not_in((RowKind.UNCHANGED, RowKind.UNREADABLE))
    settled = sa.and_(ImportRow.kind == RowKind.SUSPICIOUS, ImportRow.reason.not_in([*WHO_IS_IT, Reason.REPEATED]))
    has_twin = ImportRow.twin_id.is_not(None)
    new = ImportRow.reason.in_(("", Reason.REPEATED)) & (sa.cast(ImportRow.candidates, sa.Text) == "[]")
    meant: dict[Decision | None, sa.ColumnElement[bool]] = {
        Decision.ACCEPT: sa.or_(settled, sa.and_(has_twin, new)),
        Decision.JOIN: has_twin,
    }
    done = db.session.execute(
        sa.update(ImportRow)
        .where(ImportRow.import_id == import_id, meant.get(decision, changing), *conditions)
        .values(decision=decision, chosen_id=None)
        .execution_options(synchronize_session=False)
    )
    return done.rowcount  # type: ignore[attr-defined,no-any-return]  # an update has one


@dataclass
class Kept:
    """The decisions on the rows of an import, to be given to the rows of its next reading.

    One that can stand no more is dropped, and the row waits for a person again: its contact resembles it no longer, or
    the line it was joined to is not there.
    """

    decided: Mapping[Line, tuple[Decision, int | None, Line | None]]
    _lines: Mapping[Line, int] = field(default_factory=dict)

    @classmethod
    def of(cls, import_id: int) -> Kept:
        """What people had decided when the reading began: see `actions.begin_rows`."""
        table = ImportRow.__table__
        twin = table.alias()
        rows = db.session.execute(
            sa.select(
                *(table.c[name] for name in ("line", "name", "contact_id", "decision", "chosen_id")),
                twin.c.line.label("twin_line"),
                twin.c.name.label("twin_name"),
            )
            .outerjoin(twin, sa.and_(twin.c.id == table.c.twin_id, table.c.decision == Decision.JOIN))
            .where(table.c.import_id == import_id, table.c.line < 0, table.c.decision.is_not(None))
        )
        return cls(
            {
                _line(row, -1 - row.line): (
                    row.decision,
                    row.chosen_id,
                    (-1 - row.twin_line, row.twin_name, None) if row.twin_line is not None else None,
                )
                for row in rows
            }
        )

    def give(self, import_id: int, *, actor: str) -> None:
        """Put them on the rows of the new reading."""
        if not self.decided:
            return
        wanted = {line for _decision, _chosen, line in self.decided.values() if line} | self.decided.keys()
        table = ImportRow.__table__
        rows = db.session.execute(
            sa.select(*(table.c[name] for name in ("id", "line", "name", "contact_id"))).where(
                table.c.import_id == import_id, table.c.line >= 0
            )
        )
        found = {_line(row, row.line): row.id for row in rows if _line(row, row.line) in wanted}
        plain: dict[Decision, list[int]] = {Decision.SKIP: []}
        others: list[tuple[int, Decision, int | None, int | None]] = []
        for line, (decision, chosen_id, twin) in self.decided.items():
            if line not in found:
                continue
            if decision is Decision.SKIP:
                plain[decision].append(found[line])
            else:
                others.append((found[line], decision, chosen_id, found.get(twin) if twin else None))
        with unit_of_work("keep decisions", actor=actor, durable=False):
            for start in range(0, len(plain[Decision.SKIP]), _AT_ONCE):
                ids = plain[Decision.SKIP][start : start + _AT_ONCE]
                db.session.execute(sa.update(ImportRow).where(ImportRow.id.in_(ids)).values(decision=Decision.SKIP))
        for start in range(0, len(others), _AT_ONCE):
            with unit_of_work("keep decisions", actor=actor, durable=False):
                self._put(import_id, others[start : start + _AT_ONCE])
        with unit_of_work("keep decisions", actor=actor, durable=False):
            forget_rows(import_id, ImportRow.line < 0)

    @staticmethod
    def _put(import_id: int, decided: Sequence[tuple[int, Decision, int | None, int | None]]) -> None:
        staged = db.session.get_one(Import, import_id)
        rows = {
            row.id: row
            for row in db.session.scalars(sa.select(ImportRow).where(ImportRow.id.in_([one[0] for one in decided])))
        }
        for row_id, decision, chosen_id, twin_id in decided:
            row = rows[row_id]
            if decision is Decision.JOIN:
                if twin_id is None:
                    continue
                row.twin_id = twin_id
            elif chosen_id is not None and chosen_id not in present(row.candidates):
                continue
            _decide(row, staged, decision, chosen_id)
        db.session.flush()


def _line(row: Any, number: int) -> Line:
    return number, row.name, None if number else row.contact_id
