"""The long works on an import, from end to end: reading, applying, undoing, each in short transactions of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext

from crm.audit.actions import UndoRefused
from crm.database import large_work
from crm.extensions import db
from crm.roster_import import actions, undoing
from crm.roster_import.applying import Writing
from crm.roster_import.decisions import Kept
from crm.roster_import.known import APPLY
from crm.roster_import.leases import Lease, seize, take_up
from crm.roster_import.models import WRITTEN, Import, ImportState
from crm.roster_import.preparing import Known, Step, prepare
from crm.roster_import.progress import Phase
from crm.roster_import.resemblance import note_resemblance
from crm.roster_import.spool import Spool
from crm.roster_import.staging import Heading, compared
from crm.roster_import.tally import Tally
from crm.roster_import.touched import mark
from crm.roster_import.twins import Lines, note_twins
from crm.roster_import.withdrawing import Withdrawal
from crm.unit_of_work import unit_of_work

# Seconds an import holds SQLite's one place for a writer: a sixth of what the others wait for it (BUSY_TIMEOUT).
LONGEST = 5.0
# Seconds between two parts: who waits for that place looks every tenth of a second whether it is free.
PAUSE = 0.25
Report = Callable[[Phase, int, int], None]


def untold(_phase: Phase, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


@large_work()
def compare(
    import_id: int,
    heading: Heading,
    *,
    actor: str,
    report: Report = untold,
    lease: Lease | None = None,
    spool: Spool[Step] | None = None,
    asking: bool = True,
    watch: Callable[[Sequence[dict[str, Any]]], None] = lambda _rows: None,
) -> Tally:
    """Compare a file with the directory and keep the outcome for review, batch by batch; the directory stays as it is.

    With a lease, it is renewed with every batch. With a spool, what is to be written is kept there too, for whoever
    applies it at once; `watch` sees the rows. Unless `asking`, nobody is asked about lines that look alike. What people
    have decided on rows of an earlier reading is kept.
    """
    tally = Tally()
    done = 0
    lines = Lines()
    with unit_of_work("compare import", actor=actor, durable=False):
        actions.begin_rows(import_id)
    decided = Kept.of(import_id)
    for batch in compared(heading, tally):
        with unit_of_work("compare import", actor=actor, durable=False):
            if lease is not None:
                lease.renew()
            ids = actions.keep_rows(import_id, batch.rows)
        watch(batch.rows)
        if asking:
            for row_id, item, plan in zip(ids, batch.items, batch.plans, strict=False):
                lines.add(row_id, item, plan.contact_id)
        if spool is not None:
            known = [
                Known(row_id, row["kind"], row["contact_id"], row["reason"])
                for row_id, row in zip(ids, batch.rows, strict=True)
            ]
            spool.add(Step(known, batch.plans))
        done += len(ids)
        report(Phase.COMPARED, done, max(done, heading.survey.rows))
    if asking:
        tally.twins = note_twins(lines, actor=actor)
        del lines
        tally.alike = note_resemblance(import_id, actor=actor, progress=_beating(report, Phase.LIKENED, lease))
    if spool is None:
        decided.give(import_id, actor=actor)
    is_older = bool(described_after(heading))
    with unit_of_work("stage import", actor=actor):
        actions.put_up(import_id, heading, tally, is_older=is_older)
    return tally


def described_after(heading: Heading) -> bool:
    """Whether an applied roster of the same institution describes a later day: this one only fills gaps then."""
    later = sa.select(Import.id).where(
        Import.institution == heading.survey.institution,
        Import.institution != "",
        Import.state == ImportState.APPLIED,
        Import.as_of > heading.as_of,
    )
    return db.session.scalar(later.limit(1)) is not None


def _beating(report: Report, phase: Phase, lease: Lease | None) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        report(phase, done, total)
        if lease is not None:
            lease.beat()

    return tell


@large_work()
def apply(import_id: int, *, actor: str, report: Report = untold) -> Tally:
    """Apply a staged import as it was reviewed. Raises actions.MoveRefused, leases.GivenUp."""
    with unit_of_work("take up import", actor=actor):
        lease = take_up(import_id, ImportState.APPLYING, actor=actor)
        since = mark()
    total = sum(db.session.get_one(Import, import_id).counts.values())
    tell = _beating(report, Phase.COMPARED, lease)
    with Spool[Step]() as spool:
        prepare(import_id, spool, lambda done: tell(done, total))
        return write(lease, spool, since, actor=actor, report=report)


@large_work()
def write(lease: Lease, spool: Spool[Step], since: int, *, actor: str, report: Report = untold) -> Tally:
    """Write what was prepared after the mark `since`, in parts where one transaction would keep others waiting.

    Where it fails for good, call `refuse`, which takes back the parts that were written.
    """
    total = sum(db.session.get_one(Import, lease.import_id).counts.values())
    writing = Writing(lease, spool, since, lambda done: report(Phase.WRITTEN, done, total))
    while True:
        with unit_of_work(APPLY, actor=actor):
            is_all = writing.part(LONGEST)
        if is_all:
            return writing.tally
        time.sleep(PAUSE)


@large_work()
def refuse(import_id: int, problem: str, *, actor: str, report: Report = untold) -> bool:
    """Mark that an import could not be applied, and why; whether nothing of it is left in the directory.

    What was written of it is taken back, unless people have built on it: then it stays, and the import says so.
    """
    with unit_of_work("take up import", actor=actor):
        lease = seize(import_id, actor=actor)
        found = db.session.get_one(Import, import_id)
        written = found.change_set_id if WRITTEN in found.survey else None
        found.problem = problem[:500]
    if written is not None:
        try:
            _withdraw(lease, written, report)
        except UndoRefused:
            problem = gettext(
                "It failed before its end. The part that was written stays, because contacts of it have changed "
                "since or are needed elsewhere. Apply it again to write the rest."
            )
            with unit_of_work("refuse import", actor=actor):
                actions.refuse(import_id, problem)
            return False
    with unit_of_work("refuse import", actor=actor):
        lease.renew()
        if written is not None:
            undoing.unwritten(import_id)
        actions.refuse(import_id, problem)
    return True


def _withdraw(lease: Lease, change_set_id: int, report: Report) -> None:
    Withdrawal(lease, change_set_id, report, seconds=LONGEST, pause=PAUSE).run()


@large_work()
def take_back(import_id: int, *, actor: str, report: Report = untold) -> None:
    """Undo an applied import. Raises actions.MoveRefused, leases.GivenUp, crm.audit.actions.UndoRefused."""
    with unit_of_work("take up import", actor=actor):
        lease = take_up(import_id, ImportState.UNDOING, actor=actor)
    change_set_id = db.session.get_one(Import, import_id).change_set_id
    if change_set_id is not None:
        _withdraw(lease, change_set_id, report)
    with unit_of_work("undo import", actor=actor):
        lease.renew()
        undoing.undone(import_id)
