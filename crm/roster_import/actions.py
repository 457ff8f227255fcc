"""What is done with an import: stage it, decide on its rows, ask for it, apply it, discard it, and what undo means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from crm import clock
from crm.audit.actions import Refusal, UndoRefused
from crm.audit.models import Change, ChangeSet
from crm.directory.projection import projected_together
from crm.extensions import db
from crm.roster_import.changes import Setting
from crm.roster_import.diffing import Plan
from crm.roster_import.lookups import CHUNK
from crm.roster_import.models import (
    MOVES,
    REVIEWED,
    WHO_IS_IT,
    Decision,
    Import,
    ImportRow,
    ImportState,
    Reason,
    RowKind,
)
from crm.roster_import.planning import Planner, Ruling
from crm.roster_import.records import BadLine, Problem, Record
from crm.roster_import.staging import RECORD, Heading, Tally, setting_for, staged_rows
from crm.roster_import.writing import write
from crm.timeline.actions import Event, add_events, forget
from crm.timeline.models import EntryKind
from crm.unit_of_work import current_unit_of_work

APPLY_JOB = "crm.roster_import.jobs.apply_queued"
Progress = Callable[[int, int], None]


class MoveRefused(Exception):
    """The import is not in a state that allows this; `state` is where it stands."""

    def __init__(self, state: ImportState) -> None:
        super().__init__(state.value)
        self.state = state


class AlarmUnconfirmed(Exception):
    """The import looks wrong as a whole and nobody has confirmed it."""


def stage(heading: Heading, *, user_id: int | None = None, stored_name: str | None = None) -> tuple[Import, Tally]:
    """Compare a file with the directory and keep the outcome for review; the directory stays as it is."""
    staged = Import(file_name=heading.file_name, file_hash=heading.file_hash, stored_name=stored_name, user_id=user_id)
    return staged, _compare(staged, heading)


def stage_again(import_id: int, heading: Heading) -> Tally:
    """Compare the same file anew, as of another day perhaps; decisions on its rows are forgotten."""
    _move(import_id, ImportState.STAGED, problem="", alarms_confirmed=False, change_set_id=None, applied_at=None)
    db.session.execute(sa.delete(ImportRow).where(ImportRow.import_id == import_id))
    return _compare(db.session.get_one(Import, import_id), heading)


def _compare(staged: Import, heading: Heading) -> Tally:
    found = heading.survey
    staged.format = found.format
    staged.institution = found.institution
    staged.as_of, staged.as_of_source = heading.as_of, heading.as_of_source
    staged.complete = found.complete
    db.session.add(staged)
    db.session.flush()
    tally = Tally()
    for rows in staged_rows(heading, tally):
        db.session.execute(sa.insert(ImportRow), [{**row, "import_id": staged.id} for row in rows])
    staged.counts = tally.by_kind()
    staged.survey = {
        "unread_columns": list(found.unread_columns),
        "unknown_groups": list(found.unknown_groups),
        "alarms": tally.alarms(),
        **tally.seen(),
    }
    db.session.flush()
    return tally


def _move(import_id: int, to: ImportState, **values: Any) -> None:
    """Change the state where that is allowed; the row is locked until the unit of work ends."""
    allowed = [state for state, moves in MOVES.items() if to in moves]
    moved = db.session.execute(
        sa.update(Import)
        .where(Import.id == import_id, Import.state.in_(allowed))
        .values(state=to, state_since=clock.now(), **values)
        .execution_options(synchronize_session="fetch")
    )
    if not moved.rowcount:  # type: ignore[attr-defined]  # an update has one
        raise MoveRefused(db.session.get_one(Import, import_id).state)


def request_application(import_id: int, *, confirmed: bool) -> None:
    """Ask the desk worker to apply an import. Raises AlarmUnconfirmed where it needs a confirmation it has not got."""
    wanted = db.session.get_one(Import, import_id)
    if wanted.survey.get("alarms") and not confirmed:
        raise AlarmUnconfirmed
    _move(import_id, ImportState.QUEUED, alarms_confirmed=confirmed, problem="")
    current_unit_of_work().ring(APPLY_JOB, import_id)


def discard(import_id: int) -> None:
    """Drop an import nobody has applied, with what its file said of people."""
    _move(import_id, ImportState.DISCARDED)
    db.session.execute(sa.delete(ImportRow).where(ImportRow.import_id == import_id))


def begin(import_id: int) -> None:
    """Mark that the worker has taken the import up."""
    _move(import_id, ImportState.APPLYING)


def refuse(import_id: int, problem: str) -> None:
    """Mark that an import could not be applied, and why."""
    _move(import_id, ImportState.REFUSED, problem=problem[:500])


def decide(row_id: int, decision: Decision | None, contact_id: int | None = None) -> ImportRow:
    """Take a person's decision on a row down; where it says whom the row is about, the row is compared with them.

    `contact_id` is one of the row's candidates, None for somebody new. Raises MoveRefused once the import is queued.
    """
    row = db.session.get_one(ImportRow, row_id)
    staged = db.session.get_one(Import, row.import_id)
    if staged.state not in REVIEWED:
        raise MoveRefused(staged.state)
    row.decision = decision
    row.chosen_id = contact_id if decision is Decision.ACCEPT and contact_id in row.candidates else None
    if row.reason in WHO_IS_IT:
        ruling = {0: Ruling(decision, row.chosen_id)} if decision is Decision.ACCEPT else {}
        compared = Planner(_setting(staged)).plan_batch([RECORD.validate_python(row.record)], ruling)[0]
        row.diff = [difference.as_json() for difference in compared.differences]
    db.session.flush()
    return row


def decide_all(import_id: int, decision: Decision | None) -> int:
    """Decide at once on every suspicious row whose person is certain; how many those were."""
    staged = db.session.get_one(Import, import_id)
    if staged.state not in REVIEWED:
        raise MoveRefused(staged.state)
    done = db.session.execute(
        sa.update(ImportRow)
        .where(
            ImportRow.import_id == import_id,
            ImportRow.kind == RowKind.SUSPICIOUS,
            ImportRow.reason.not_in([*WHO_IS_IT, Reason.REPEATED]),
        )
        .values(decision=decision)
    )
    return done.rowcount  # type: ignore[attr-defined,no-any-return]  # an update has one


def _setting(wanted: Import) -> Setting:
    return setting_for(wanted.as_of, wanted.institution, f"{wanted.file_name}, {wanted.as_of.isoformat()}"[:200])


def _item(row: Any) -> Record | BadLine:
    if row.kind is RowKind.UNREADABLE:
        return BadLine(row.line, row.name, Problem(row.reason))
    return RECORD.validate_python(row.record)


def _batches(import_id: int, *conditions: sa.ColumnElement[bool]) -> Iterator[Sequence[Any]]:
    """The rows of an import in their order, columns only."""
    last = 0
    while True:
        rows = db.session.execute(
            sa.select(*ImportRow.__table__.c)
            .where(ImportRow.import_id == import_id, ImportRow.id > last, *conditions)
            .order_by(ImportRow.id)
            .limit(CHUNK)
        ).all()
        if not rows:
            return
        yield rows
        last = rows[-1].id


def apply(import_id: int, progress: Progress = lambda _done, _total: None) -> Tally:
    """Carry an import out in the running unit of work, as it was reviewed; the directory's part is one undo.

    Every row is compared anew: what somebody has changed since the review is left alone and marked.
    """
    # First, because it locks: of two workers, the second finds it done.
    _move(import_id, ImportState.APPLYING)
    wanted = db.session.get_one(Import, import_id)
    total = sum(wanted.counts.values())
    planner = Planner(_setting(wanted))
    tally = Tally()
    done = 0
    with projected_together():
        for rows in _batches(import_id, ImportRow.line > 0):
            rulings = {
                position: Ruling(row.decision, row.chosen_id) for position, row in enumerate(rows) if row.decision
            }
            plans = planner.plan_batch([_item(row) for row in rows], rulings)
            _carry_out(wanted, planner, rows, plans, tally)
            done += len(rows)
            progress(done, total)
        for rows in _batches(import_id, ImportRow.line == 0):
            by_contact = {row.contact_id: row for row in rows}
            decided = {row.contact_id: Ruling(row.decision) for row in rows if row.decision}
            ends = {known.id: plan for known, plan in planner.plan_ends(wanted.institution, decided, by_contact)}
            plans = [ends.get(row.contact_id) or Plan(RowKind.UNCHANGED, row.contact_id) for row in rows]
            _carry_out(wanted, planner, rows, plans, tally)
            done += len(rows)
            progress(done, total)
    _move(
        import_id,
        ImportState.APPLIED,
        applied_at=clock.now(),
        counts=tally.by_kind(),
        change_set_id=current_unit_of_work().change_set_id,
    )
    return tally


def _as_reviewed(row: Any, plan: Plan) -> Plan:
    """The plan, if it is what a person has seen; otherwise a plan to leave the row to a person."""
    seen = [{**difference, "held": None} for difference in row.diff]
    now = [{**difference.as_json(), "held": None} for difference in plan.differences]
    if seen == now or plan.kind in (RowKind.UNCHANGED, RowKind.UNREADABLE) or row.decision is Decision.ACCEPT:
        return plan
    return Plan(RowKind.SUSPICIOUS, plan.contact_id, Reason.MOVED_ON, (), plan.differences)


def _carry_out(wanted: Import, planner: Planner, rows: Sequence[Any], fresh: Sequence[Plan], tally: Tally) -> None:
    plans = [_as_reviewed(row, plan) for row, plan in zip(rows, fresh, strict=True)]
    contact_ids = write(plans, planner.setting.source, planner.setting.as_of)
    now = clock.now()
    settled: list[dict[str, Any]] = []
    events: list[Event] = []
    for row, plan, contact_id in zip(rows, plans, contact_ids, strict=True):
        tally.add(plan, skipped=row.decision is Decision.SKIP)
        if plan.contact_id is None and contact_id is not None:
            planner.created.add(contact_id)
        if (plan.kind, contact_id, plan.reason or "") != (row.kind, row.contact_id, row.reason):
            columns = {"kind": plan.kind, "contact_id": contact_id, "reason": plan.reason or ""}
            settled.append({"the_row": row.id, **columns})
        if contact_id is not None and plan.writes.anything:
            details = {"kind": plan.kind.value, "as_of": wanted.as_of.isoformat()}
            reference = f"import:{wanted.id}"
            events.append(Event(contact_id, now, EntryKind.IMPORTED, reference, wanted.file_name, details))
    if settled:
        table = ImportRow.__table__
        values = {name: sa.bindparam(name, type_=table.c[name].type) for name in ("kind", "contact_id", "reason")}
        statement = sa.update(ImportRow).where(table.c.id == sa.bindparam("the_row")).values(values)
        db.session.connection().execute(statement, settled)
    add_events(events)


def follow_undo(changes: Sequence[Change]) -> None:
    """When the change set of an import is undone, so is the import; called by the audit's undo.

    An import is not done again by undoing its undo: it is compared and applied anew, on its own page.
    """
    touched = {change.change_set_id for change in changes}
    for import_id in db.session.scalars(sa.select(Import.id).where(Import.change_set_id.in_(touched))).all():
        _move(import_id, ImportState.UNDONE)
        forget([f"import:{import_id}"])
    undone = sa.select(ChangeSet.undoes_id).where(ChangeSet.id.in_(touched))
    if db.session.scalar(sa.select(Import.id).where(Import.change_set_id.in_(undone)).limit(1)) is not None:
        raise UndoRefused(Refusal.KEPT)
