"""Applying: an import prepared beside the directory, outside of any transaction, and written in short ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from crm import clock
from crm.directory.projection import projected_together
from crm.extensions import db
from crm.roster_import.actions import move
from crm.roster_import.diffing import Plan
from crm.roster_import.leases import Lease
from crm.roster_import.lookups import CHUNK
from crm.roster_import.models import WRITTEN, Decision, Import, ImportRow, ImportState, Reason, RowKind
from crm.roster_import.planning import Planner, Ruling
from crm.roster_import.record_json import from_json
from crm.roster_import.records import BadLine, Item, Problem
from crm.roster_import.spool import Spool
from crm.roster_import.staging import Tally, setting_for, source_label
from crm.roster_import.touched import Touched, mark_between
from crm.roster_import.writing import write
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind
from crm.unit_of_work import current_unit_of_work

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Known:
    """What is kept of a row: its id, what it was found to come to, and whether a person has skipped it."""

    id: int
    kind: RowKind
    contact_id: int | None
    reason: str
    skipped: bool = False


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
    columns = [column for column in table.c if column.name not in ("search_text", "candidates")]
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


def _as_reviewed(row: Any, plan: Plan) -> Plan:
    """The plan, if it is what a person has seen; otherwise a plan to leave the row to a person."""
    seen = [{**difference, "held": None} for difference in row.diff]
    now = [{**difference.as_json(), "held": None} for difference in plan.differences]
    if seen == now or plan.kind in (RowKind.UNCHANGED, RowKind.UNREADABLE) or row.decision is Decision.ACCEPT:
        return plan
    return _moved_on(plan)


def _moved_on(plan: Plan) -> Plan:
    moved_on = Plan(RowKind.SUSPICIOUS, plan.contact_id, Reason.MOVED_ON, (), plan.differences)
    return replace(moved_on, about=plan.about, ref=plan.ref)


def _step(rows: Sequence[Any], fresh: Sequence[Plan]) -> Step:
    plans = [_as_reviewed(row, plan) for row, plan in zip(rows, fresh, strict=True)]
    known = [Known(row.id, row.kind, row.contact_id, row.reason, skipped=row.decision is Decision.SKIP) for row in rows]
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
    done = 0
    for rows in _batches(import_id, ImportRow.line > 0):
        rulings = {position: Ruling(row.decision, row.chosen_id) for position, row in enumerate(rows) if row.decision}
        spool.add(_step(rows, planner.plan_batch([_item(row) for row in rows], rulings)))
        done += len(rows)
        progress(done)
    for rows in _batches(import_id, ImportRow.line == 0):
        by_contact = {row.contact_id: row for row in rows}
        decided = {row.contact_id: Ruling(row.decision) for row in rows if row.decision}
        ends = {known.id: plan for known, plan in planner.plan_ends(institution, decided, by_contact)}
        spool.add(_step(rows, [ends.get(row.contact_id) or Plan(RowKind.UNCHANGED, row.contact_id) for row in rows]))
        done += len(rows)
        progress(done)


class Writing:
    """A prepared import on its way into the directory: in one transaction, or, where that would take long, in parts.

    `since` is the mark (`touched.mark`) set before the preparation: rows about contacts that somebody has changed
    after it are left alone and marked. The lease is renewed with every part. All parts are one change set, so one
    undo; an import whose worker died goes on where the last part ended.
    """

    def __init__(self, lease: Lease, spool: Spool[Step], since: int, progress: Progress) -> None:
        self.tally = Tally()
        self._lease = lease
        self._steps = iter(spool)
        self._since = since
        self._progress = progress
        self._done = 0
        self._written_before = 0
        self._touched = Touched.nobody()
        self._refs: dict[str, int] = {}

    def part(self, seconds: float) -> bool:
        """Write in the running unit of work until about so many seconds are over; whether nothing is left then.

        Raises actions.MoveRefused where another worker has taken the import up.
        """
        until = time.monotonic() + seconds
        wanted = self._take_up()
        self._touched |= Touched.since(self._since, but_for=wanted.change_set_id)
        with projected_together():
            for step in self._steps:
                skipped = self._skipped(step)
                self._refs |= {
                    plan.ref: plan.contact_id for plan in step.plans[:skipped] if plan.ref and plan.contact_id
                }
                plans = [_moved_on(plan) if self._touched.bears_on(plan) else plan for plan in step.plans[skipped:]]
                _write_step(wanted, step.rows[skipped:], plans, self.tally, self._refs)
                self._done += len(step.rows)
                self._progress(self._done)
                if self._done > self._written_before and time.monotonic() > until:
                    self._pause(wanted)
                    return False
        self._finish(wanted)
        return True

    def _take_up(self) -> Import:
        # First, because it locks: of two workers, one has lost its lease.
        self._lease.renew()
        wanted = db.session.get_one(Import, self._lease.import_id)
        written = wanted.survey.get(WRITTEN)
        if written is not None:
            current_unit_of_work().change_set_id = wanted.change_set_id
        if written is not None and not self._done:
            self._written_before = written["rows"]
            self.tally = Tally.of(written["counts"])
        return wanted

    def _skipped(self, step: Step) -> int:
        """How many rows of the step an earlier attempt has written."""
        return max(0, min(len(step.rows), self._written_before - self._done))

    def _pause(self, wanted: Import) -> None:
        written = {"rows": self._done, "counts": self.tally.by_kind()}
        move(
            wanted.id,
            ImportState.APPLYING,
            change_set_id=current_unit_of_work().change_set_id,
            survey={**wanted.survey, WRITTEN: written},
        )
        self._since = mark_between(self._since)

    def _finish(self, wanted: Import) -> None:
        move(
            wanted.id,
            ImportState.APPLIED,
            applied_at=clock.now(),
            attempts=0,
            counts=self.tally.by_kind(),
            change_set_id=current_unit_of_work().change_set_id,
            survey={name: value for name, value in wanted.survey.items() if name != WRITTEN},
        )


def _write_step(
    wanted: Import, rows: Sequence[Known], plans: Sequence[Plan], tally: Tally, refs: dict[str, int]
) -> None:
    contact_ids = write(plans, source_label(wanted.file_name, wanted.as_of), wanted.as_of, refs)
    now = clock.now()
    settled: list[dict[str, Any]] = []
    events: list[Event] = []
    reference = f"import:{wanted.id}"
    as_of = wanted.as_of.isoformat()
    for row, plan, contact_id in zip(rows, plans, contact_ids, strict=True):
        tally.add(plan, skipped=row.skipped)
        reason = plan.reason or ""
        if (plan.kind, contact_id, reason) != (row.kind, row.contact_id, row.reason):
            settled.append({"the_row": row.id, "kind": plan.kind, "contact_id": contact_id, "reason": reason})
        if contact_id is not None and plan.writes.anything:
            details = {"kind": plan.kind.value, "as_of": as_of}
            events.append(Event(contact_id, now, EntryKind.IMPORTED, reference, wanted.file_name, details))
    if settled:
        table = ImportRow.__table__
        values = {name: sa.bindparam(name, type_=table.c[name].type) for name in ("kind", "contact_id", "reason")}
        statement = sa.update(ImportRow).where(table.c.id == sa.bindparam("the_row")).values(values)
        db.session.connection().execute(statement, settled)
    add_events(events)
