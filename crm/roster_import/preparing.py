"""Preparing: every row of a reviewed import compared anew beside the directory, outside of any transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from crm.extensions import db
from crm.roster_import.diffing import Plan
from crm.roster_import.joining import Joined, joined, merged
from crm.roster_import.lookups import CHUNK, chunked
from crm.roster_import.models import Decision, Import, ImportRow, Reason, RowKind
from crm.roster_import.planning import Planner, Ruling
from crm.roster_import.record_json import from_json
from crm.roster_import.records import BadLine, Item, Problem, Record
from crm.roster_import.spool import Spool
from crm.roster_import.staging import setting_for, source_label

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Known:
    """What is kept of a row: its id, what it was found to come to, and whether a person has skipped it.

    `head` is the row it has become part of, where a person has said that both are about the same.
    """

    id: int
    kind: RowKind
    contact_id: int | None
    reason: str
    skipped: bool = False
    head: int | None = None


@dataclass(frozen=True)
class Step:
    """A batch of rows with the plan of each."""

    rows: Sequence[Known]
    plans: Sequence[Plan]


def _item(row: Any) -> Item:
    if row.kind is RowKind.UNREADABLE:
        return BadLine(row.line, row.name, Problem(row.reason))
    return from_json(row.record)


def _batches(import_id: int, *conditions: sa.ColumnElement[bool]) -> Iterator[Sequence[Any]]:
    """The rows of an import in their order, columns only."""
    table = ImportRow.__table__
    columns = [column for column in table.c if column.name != "search_text"]
    last = 0
    while True:
        rows = db.session.execute(
            sa.select(*columns)
            .where(ImportRow.import_id == import_id, ImportRow.id > last, *conditions)
            .order_by(ImportRow.id)
            .limit(CHUNK)
        ).all()
        if not rows:
            return
        yield rows
        last = rows[-1].id


def joined_rows(import_id: int) -> Joined:
    """Which rows a person has joined to which."""
    twins = {
        row.id: row.twin_id
        for row in db.session.execute(
            sa.select(ImportRow.id, ImportRow.twin_id).where(
                ImportRow.import_id == import_id,
                ImportRow.twin_id.is_not(None),
                ImportRow.decision == Decision.JOIN,
            )
        )
    }
    skipped: set[int] = set()
    for ids in chunked(set(twins.values())):
        left_out = sa.select(ImportRow.id).where(ImportRow.id.in_(ids), ImportRow.decision == Decision.SKIP)
        skipped.update(db.session.scalars(left_out))
    return joined(twins, skipped)


def _said_by(members: Sequence[int]) -> list[Record]:
    found: dict[int, Item] = {}
    for ids in chunked(members):
        rows = db.session.execute(sa.select(ImportRow.id, ImportRow.record).where(ImportRow.id.in_(ids)))
        found |= {row.id: from_json(row.record) for row in rows}
    return [item for row_id in members if isinstance(item := found.get(row_id), Record)]


def _whole(row: Any, members: Sequence[int]) -> Item:
    """What a row says together with those that are part of it."""
    item = _item(row)
    return merged([item, *_said_by(members)]) if members and isinstance(item, Record) else item


def _ruling(row: Any) -> Ruling:
    """What a person has decided; a row that was joined to one that is skipped stands for itself."""
    if row.decision is not Decision.JOIN:
        return Ruling(row.decision, row.chosen_id)
    known = row.candidates[0] if row.reason == Reason.REPEATED and row.candidates else None
    return Ruling(Decision.ACCEPT, known)


def _planned(planner: Planner, rows: Sequence[Any], together: Joined) -> list[Plan]:
    """The plan of each row; one that is part of another has none of its own."""
    heads = [row for row in rows if row.id not in together.into]
    rulings = {position: _ruling(row) for position, row in enumerate(heads) if row.decision}
    plans = planner.plan_batch([_whole(row, together.members.get(row.id, ())) for row in heads], rulings)
    own = dict(zip((row.id for row in heads), plans, strict=True))
    return [own.get(row.id) or Plan(RowKind.UNCHANGED, None) for row in rows]


def _as_reviewed(row: Any, plan: Plan, *, is_head: bool) -> Plan:
    """The plan, if it is what a person has seen; otherwise a plan to leave the row to a person.

    Of one that others are part of, a person has seen its own part, and theirs beside it.
    """
    seen = [{**difference, "held": None} for difference in row.diff]
    now = [{**difference.as_json(), "held": None} for difference in plan.differences]
    if row.decision is Decision.JOIN or (is_head and all(one in now for one in seen)):
        return plan
    if seen == now or plan.kind in (RowKind.UNCHANGED, RowKind.UNREADABLE) or row.decision is Decision.ACCEPT:
        return plan
    return moved_on(plan)


def moved_on(plan: Plan) -> Plan:
    """The row left to a person, because somebody has changed what it is about."""
    moved_on = Plan(RowKind.SUSPICIOUS, plan.contact_id, Reason.MOVED_ON, (), plan.differences)
    return replace(moved_on, about=plan.about, ref=plan.ref)


def _step(rows: Sequence[Any], fresh: Sequence[Plan], together: Joined) -> Step:
    plans = [_as_reviewed(row, plan, is_head=row.id in together.members) for row, plan in zip(rows, fresh, strict=True)]
    known = [
        Known(
            row.id,
            row.kind,
            row.contact_id,
            row.reason,
            skipped=row.decision is Decision.SKIP,
            head=together.into.get(row.id),
        )
        for row in rows
    ]
    return Step(known, [_to_be_written(plan) for plan in plans])


def _to_be_written(plan: Plan) -> Plan:
    """The plan without the words of its differences, which are on the row already."""
    names = [one for one in plan.differences if one.field == "name"]
    return replace(plan, differences=names, candidates=plan.candidates)


def prepare(import_id: int, spool: Spool[Step], progress: Progress) -> None:
    """Compare every row of a staged import anew, as people have decided; what is to be written goes into the spool.

    What somebody has changed since the review is left alone and marked. Nothing is written, and no lock is held.
    """
    wanted = db.session.get_one(Import, import_id)
    planner = Planner(setting_for(wanted.as_of, wanted.institution, source_label(wanted.file_name, wanted.as_of)))
    institution = wanted.institution
    together = joined_rows(import_id)
    done = 0
    for rows in _batches(import_id, ImportRow.line > 0):
        spool.add(_step(rows, _planned(planner, rows, together), together))
        done += len(rows)
        progress(done)
    for rows in _batches(import_id, ImportRow.line == 0):
        by_contact = {row.contact_id: row for row in rows}
        decided = {row.contact_id: Ruling(row.decision) for row in rows if row.decision}
        ends = {known.id: plan for known, plan in planner.plan_ends(institution, decided, by_contact)}
        plans = [ends.get(row.contact_id) or Plan(RowKind.UNCHANGED, row.contact_id) for row in rows]
        spool.add(_step(rows, plans, together))
        done += len(rows)
        progress(done)
