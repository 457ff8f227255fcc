"""The long works on an import, from end to end: reading, applying, undoing, each in short transactions of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext

from crm.audit.actions import UndoRefused, undo
from crm.database import large_work
from crm.extensions import db
from crm.roster_import import actions
from crm.roster_import.applying import Known, Step, Writing, prepare
from crm.roster_import.known import APPLY
from crm.roster_import.models import WRITTEN, Import, ImportState
from crm.roster_import.progress import Phase
from crm.roster_import.resemblance import note_resemblance
from crm.roster_import.spool import Spool
from crm.roster_import.staging import Heading, Tally, compared
from crm.roster_import.touched import mark
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
    spool: Spool[Step] | None = None,
    watch: Callable[[Sequence[dict[str, Any]]], None] = lambda _rows: None,
) -> Tally:
    """Compare a file with the directory and keep the outcome for review, batch by batch; the directory stays as it is.

    With a spool, what is to be written is kept there too, for whoever applies it at once; `watch` sees the rows.
    """
    tally = Tally()
    done = 0
    with unit_of_work("compare import", actor=actor, durable=False):
        actions.begin_rows(import_id)
    for batch in compared(heading, tally):
        with unit_of_work("compare import", actor=actor, durable=False):
            ids = actions.keep_rows(import_id, batch.rows)
        watch(batch.rows)
        if spool is not None:
            known = [
                Known(row_id, row["kind"], row["contact_id"], row["reason"])
                for row_id, row in zip(ids, batch.rows, strict=True)
            ]
            spool.add(Step(known, batch.plans))
        done += len(ids)
        report(Phase.COMPARED, done, max(done, heading.survey.rows))
    if spool is None:
        # For those who review it; whoever applies it at once is not asked.
        tally.alike = note_resemblance(import_id, actor=actor, progress=partial(report, Phase.LIKENED))
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


@large_work()
def apply(import_id: int, *, actor: str, report: Report = untold) -> Tally:
    """Apply a staged import as it was reviewed. Raises actions.MoveRefused, actions.GivenUp."""
    with unit_of_work("take up import", actor=actor):
        attempt = actions.take_up(import_id, ImportState.APPLYING)
        since = mark()
    total = sum(db.session.get_one(Import, import_id).counts.values())
    with Spool[Step]() as spool:
        prepare(import_id, spool, lambda done: report(Phase.COMPARED, done, total))
        return write(import_id, spool, since, attempt, actor=actor, report=report)


@large_work()
def write(
    import_id: int, spool: Spool[Step], since: int, attempt: int, *, actor: str, report: Report = untold
) -> Tally:
    """Write what was prepared after the mark `since`, in parts where one transaction would keep others waiting.

    Where it fails for good, call `refuse`, which takes back the parts that were written.
    """
    total = sum(db.session.get_one(Import, import_id).counts.values())
    writing = Writing(import_id, spool, since, attempt, lambda done: report(Phase.WRITTEN, done, total))
    while True:
        with unit_of_work(APPLY, actor=actor):
            is_all = writing.part(LONGEST)
        if is_all:
            return writing.tally
        time.sleep(PAUSE)


@large_work()
def refuse(import_id: int, problem: str, *, actor: str) -> bool:
    """Mark that an import could not be applied, and why; whether nothing of it is left in the directory.

    What was written of it is taken back, unless people have built on it: then it stays, and the import says so.
    """
    try:
        with unit_of_work(actions.TAKE_BACK, actor=actor):
            found = db.session.get_one(Import, import_id)
            if WRITTEN in found.survey and found.change_set_id is not None:
                undo(found.change_set_id)
            actions.refuse(import_id, problem)
    except UndoRefused:
        with unit_of_work(actions.TAKE_BACK, actor=actor):
            actions.refuse(
                import_id,
                gettext(
                    "It failed before its end. The part that was written stays, because contacts of it have changed "
                    "since or are needed elsewhere. Apply it again to write the rest."
                ),
            )
        return False
    return True


@large_work()
def take_back(import_id: int, *, actor: str, report: Report = untold) -> None:
    """Undo an applied import. Raises actions.MoveRefused, actions.GivenUp, crm.audit.actions.UndoRefused."""
    with unit_of_work("take up import", actor=actor):
        actions.take_up(import_id, ImportState.UNDOING)
    change_set_id = db.session.get_one(Import, import_id).change_set_id
    if change_set_id is None:
        with unit_of_work("undo import", actor=actor):
            actions.move(import_id, ImportState.UNDONE)
        return
    with unit_of_work("undo import", actor=actor):
        undo(change_set_id, lambda done, total: report(Phase.UNDONE, done, total))
