"""Applying: an import that was prepared beside the directory, written in short transactions."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from crm import clock
from crm.directory.projection import projected_together
from crm.extensions import db
from crm.roster_import.actions import move
from crm.roster_import.diffing import Plan
from crm.roster_import.leases import Lease
from crm.roster_import.lookups import chunked
from crm.roster_import.models import WRITTEN, Import, ImportRow, ImportState
from crm.roster_import.preparing import Known, Step, joined_rows, moved_on
from crm.roster_import.spool import Spool
from crm.roster_import.staging import source_label
from crm.roster_import.tally import Tally
from crm.roster_import.touched import Touched, mark_between
from crm.roster_import.writing import write
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind
from crm.unit_of_work import current_unit_of_work

Progress = Callable[[int], None]


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
                plans = [moved_on(plan) if self._touched.bears_on(plan) else plan for plan in step.plans[skipped:]]
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
        _settle_joined(wanted.id)
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
        tally.add(plan, skipped=row.skipped, joined=row.head is not None)
        if row.head is not None:
            continue
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


def _settle_joined(import_id: int) -> None:
    """Note on the rows that have become part of others whom those are about."""
    table = ImportRow.__table__
    statement = (
        sa.update(ImportRow).where(table.c.id == sa.bindparam("the_row")).values(contact_id=sa.bindparam("whom"))
    )
    for chunk in chunked(joined_rows(import_id).into.items()):
        heads = sa.select(ImportRow.id, ImportRow.contact_id).where(ImportRow.id.in_({head for _row_id, head in chunk}))
        about = {row.id: row.contact_id for row in db.session.execute(heads)}
        values = [{"the_row": row_id, "whom": about.get(head)} for row_id, head in chunk]
        db.session.connection().execute(statement, values)
