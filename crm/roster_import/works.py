"""The long works on an import, from end to end: reading, applying, undoing, each in short transactions of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from crm.audit.actions import undo
from crm.extensions import db
from crm.roster_import import actions
from crm.roster_import.applying import Known, Step, carry_out, prepare
from crm.roster_import.known import APPLY
from crm.roster_import.models import Import, ImportState
from crm.roster_import.progress import Phase
from crm.roster_import.spool import Spool
from crm.roster_import.staging import Heading, Tally, compared
from crm.roster_import.touched import mark
from crm.unit_of_work import unit_of_work

Report = Callable[[Phase, int, int], None]


def untold(_phase: Phase, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


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


def apply(import_id: int, *, actor: str, report: Report = untold) -> Tally:
    """Apply a staged import as it was reviewed. Raises actions.MoveRefused, actions.GivenUp."""
    with unit_of_work("take up import", actor=actor):
        actions.take_up(import_id, ImportState.APPLYING)
        since = mark()
    total = sum(db.session.get_one(Import, import_id).counts.values())
    with Spool[Step]() as spool:
        prepare(import_id, spool, lambda done: report(Phase.COMPARED, done, total))
        return write(import_id, spool, since, actor=actor, report=report)


def write(import_id: int, spool: Spool[Step], since: int, *, actor: str, report: Report = untold) -> Tally:
    """Write what was prepared after the mark `since`, in one transaction."""
    total = sum(db.session.get_one(Import, import_id).counts.values())
    with unit_of_work(APPLY, actor=actor):
        return carry_out(import_id, spool, since, lambda done: report(Phase.WRITTEN, done, total))


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
