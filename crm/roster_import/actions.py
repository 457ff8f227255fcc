"""What is done with an import: bring it, ask for its application or its undo, discard it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from crm import clock, i18n
from crm.audit.bulk import RowUpdate
from crm.directory.bulk import update_organizations
from crm.directory.models import Category, OtherName
from crm.directory.projection import project
from crm.extensions import db
from crm.many_rows import insert_columns, new_ids
from crm.roster_import.institutions import CATEGORY_OF, SAME_AS, SAME_AS_KNOWN, Kind, to_be_said
from crm.roster_import.lookups import institutions_called
from crm.roster_import.models import (
    MOVES,
    REVIEWED,
    WORKED_ON,
    AsOfSource,
    ColumnMapping,
    Decision,
    Import,
    ImportRow,
    ImportState,
)
from crm.roster_import.readers.columns import header_hash
from crm.roster_import.reviewing import open_questions
from crm.roster_import.staging import Heading, Layout
from crm.roster_import.tally import Tally
from crm.text import fold
from crm.unit_of_work import current_unit_of_work

READ_JOB = "crm.roster_import.jobs.read_queued"
APPLY_JOB = "crm.roster_import.jobs.apply_queued"
UNDO_JOB = "crm.roster_import.jobs.undo_queued"


class MoveRefused(Exception):
    """The import is not in a state that allows this; `state` is where it stands."""

    def __init__(self, state: ImportState) -> None:
        super().__init__(state.value)
        self.state = state


class QuestionsOpen(Exception):
    """Nobody has said of `number` new rows whether they are about somebody of another line, or somebody known."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class AlarmUnconfirmed(Exception):
    """The import looks wrong as a whole and nobody has confirmed it."""


def bring(
    file_name: str, *, stored_name: str | None, asked: dict[str, Any], user_id: int | None, ring: bool = True
) -> Import:
    """Note a file that is to be read; see `Import.asked`. The desk worker reads it, or with `ring=False` the caller."""
    brought = Import(
        file_name=file_name,
        file_hash="",
        stored_name=stored_name,
        user_id=user_id,
        state=ImportState.READING,
        as_of=i18n.today(),
        as_of_source=AsOfSource.TODAY,
        complete=False,
        asked=asked,
    )
    db.session.add(brought)
    db.session.flush()
    if ring:
        current_unit_of_work().ring(READ_JOB, brought.id)
    return brought


def read_again(import_id: int, asked: dict[str, Any]) -> None:
    """Ask for the same file to be compared anew, read in another way perhaps.

    Decisions on its rows are kept where they can stand: see `decisions.Kept`.
    """
    move(
        import_id,
        ImportState.READING,
        asked=asked,
        problem="",
        attempts=0,
        alarms_confirmed=False,
        change_set_id=None,
        applied_at=None,
    )
    current_unit_of_work().ring(READ_JOB, import_id)


def save_mapping(header: Sequence[str], fields: Sequence[str], file_name: str, user_id: int | None) -> None:
    """Keep what the columns of a table hold for the next file with this header."""
    key = header_hash(header)
    kept = db.session.scalars(sa.select(ColumnMapping).where(ColumnMapping.header_hash == key)).one_or_none()
    if kept is None:
        kept = ColumnMapping(header_hash=key)
        db.session.add(kept)
    kept.fields, kept.file_name, kept.user_id = list(fields), file_name[:200], user_id
    db.session.flush()


def say_institutions(import_id: int, kinds: Mapping[str, str], same: Mapping[str, int]) -> int:
    """Note what institutions are (as `institutions.settle` has it, by label), and ask for the file to be compared anew.

    One that the directory has and knows nothing of gets the category there, its people with it; to those that are the
    `same` as an organization of it (by label) it keeps the label for another name. Returns how many it has noted.
    """
    for label, organization_id in same.items():
        add_alias(organization_id, label)
    own = {label: kind for label, kind in kinds.items() if not kind.startswith(SAME_AS)}
    known = institutions_called(own)
    updates = []
    for label, kind in own.items():
        category, holders = CATEGORY_OF[Kind(kind)]
        for one in known.get(fold(label), ()):
            if one.category is Category.OTHER and (category is not Category.OTHER):
                before = {"category_override": Category.OTHER, "holders_are": None}
                updates.append(RowUpdate(one.id, before, {"category_override": category, "holders_are": holders}))
    update_organizations(updates)
    asked = db.session.get_one(Import, import_id).asked
    told = {**(asked.get("institutions") or {}), **{fold(label): kind for label, kind in kinds.items()}}
    known_as = {**(asked.get(SAME_AS_KNOWN) or {}), **same}
    read_again(import_id, {**asked, "institutions": told, SAME_AS_KNOWN: known_as})
    return len(updates) + len(same)


def take_back_institution(import_id: int, label: str) -> bool:
    """Forget that an institution of the file is one of the directory, and compare anew; False if nobody has said so."""
    asked = db.session.get_one(Import, import_id).asked
    known_as = dict(asked.get(SAME_AS_KNOWN) or {})
    if label not in known_as:
        return False
    organization_id = known_as.pop(label)
    name = label[:300]
    found = sa.select(OtherName).where(OtherName.contact_id == organization_id, OtherName.name == name)
    for other_name in db.session.scalars(found):
        db.session.delete(other_name)
    db.session.flush()
    project([organization_id])
    read_again(import_id, {**asked, SAME_AS_KNOWN: known_as})
    return True


def add_alias(organization_id: int, label: str) -> None:
    """Note on an organization's page one more name that files have for it."""
    known = sa.select(OtherName.id).where(OtherName.contact_id == organization_id, OtherName.name == label)
    if db.session.scalar(known) is None:
        db.session.add(OtherName(contact_id=organization_id, name=label[:300]))
        db.session.flush()
        project([organization_id])


def move(import_id: int, to: ImportState, *only_if: sa.ColumnElement[bool], **values: Any) -> None:
    """Change the state where that is allowed; the row is locked until the unit of work ends. Raises MoveRefused.

    Nobody's turn it is any more in a state in which no worker has anything to do.
    """
    allowed = [state for state, moves in MOVES.items() if to in moves]
    if to not in WORKED_ON:
        values |= {"lease_token": None, "lease_until": None}
    moved = db.session.execute(
        sa.update(Import)
        .where(Import.id == import_id, Import.state.in_(allowed), *only_if)
        .values(state=to, state_since=clock.now(), **values)
        .execution_options(synchronize_session="fetch")
    )
    if not moved.rowcount:  # type: ignore[attr-defined]  # an update has one
        raise MoveRefused(db.session.get_one(Import, import_id).state)


def begin_rows(import_id: int) -> None:
    """Remove what an earlier reading left, before the rows of a new one are kept.

    Rows that people have decided on, and those they were joined to, are put aside under lines below zero, until their
    decisions are given to the new rows: see `decisions.Kept`. A worker that dies meanwhile loses none.
    """
    of_import = sa.and_(ImportRow.import_id == import_id, ImportRow.line >= 0)
    joined = sa.select(ImportRow.twin_id).where(
        ImportRow.import_id == import_id, ImportRow.twin_id.is_not(None), ImportRow.decision == Decision.JOIN
    )
    undecided = sa.and_(ImportRow.decision.is_(None), ImportRow.id.not_in(joined))
    options = {"synchronize_session": False}
    db.session.execute(sa.delete(ImportRow).where(of_import, undecided), execution_options=options)
    aside = sa.update(ImportRow).where(of_import).values(line=-1 - ImportRow.line)
    db.session.execute(aside, execution_options=options)


def forget_rows(import_id: int, *only: sa.ColumnElement[bool]) -> None:
    """Remove the rows of an import, or those that meet the condition."""
    db.session.execute(sa.delete(ImportRow).where(ImportRow.import_id == import_id, *only))


def keep_rows(import_id: int, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Keep a batch of rows; their ids in the same order."""
    table: sa.Table = ImportRow.__table__  # type: ignore[assignment]  # it is a table
    connection = db.session.connection()
    ids = new_ids(connection, table, len(rows))
    columns: dict[str, Sequence[Any]] = {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
    columns |= {"id": ids, "import_id": [import_id] * len(rows)}
    columns |= {name: [None] * len(rows) for name in ("decision", "chosen_id", "twin_id")}
    insert_columns(connection, table, columns)
    return ids


def ask_for_mapping(import_id: int, layout: Layout) -> None:
    """Stop until a person has said what the columns of the table hold."""
    move(import_id, ImportState.MAPPING, format=layout.format, survey=layout.as_json(), attempts=0)


def cannot_read(import_id: int, problem: str, layout: Layout | None = None) -> None:
    """Mark that the file cannot be read, and why; a table's layout is kept for whoever mends its mapping."""
    survey = layout.as_json() if layout else {}
    move(import_id, ImportState.UNREADABLE, problem=problem[:500], survey=survey, counts={}, attempts=0)


def put_up(import_id: int, heading: Heading, tally: Tally, *, is_older: bool) -> None:
    """Open an import for review whose rows are all kept."""
    found = heading.survey
    move(
        import_id,
        ImportState.STAGED,
        format=found.format,
        institution=found.institution,
        file_hash=heading.file_hash,
        as_of=heading.as_of,
        as_of_source=heading.as_of_source,
        complete=found.complete,
        counts=tally.by_kind(),
        attempts=0,
        survey={
            "unread_columns": list(found.unread_columns),
            "unknown_groups": list(found.unknown_groups),
            "institutions": to_be_said(heading.institutions.values(), heading.likely),
            "alarms": tally.alarms(),
            "older": is_older,
            **tally.seen(),
            **(heading.layout.as_json() if heading.layout else {}),
        },
    )


def request_application(import_id: int, *, confirmed: bool, apart: bool = False) -> None:
    """Ask the desk worker to apply an import. Raises AlarmUnconfirmed where it needs a confirmation it has not got.

    Raises QuestionsOpen where nobody has said of new rows whether they are somebody else's, unless they are to stay
    `apart`, each a contact of its own.
    """
    wanted = db.session.get_one(Import, import_id)
    if wanted.survey.get("alarms") and not confirmed:
        raise AlarmUnconfirmed
    if not apart and wanted.state in REVIEWED and (number := open_questions(import_id)):
        raise QuestionsOpen(number)
    move(import_id, ImportState.QUEUED, alarms_confirmed=confirmed, problem="", attempts=0)
    current_unit_of_work().ring(APPLY_JOB, import_id)


def drop(import_id: int) -> None:
    """Leave nothing of an import that a command could not carry out; one that was applied stays."""
    forget_rows(import_id)
    db.session.execute(sa.delete(Import).where(Import.id == import_id, Import.state != ImportState.APPLIED))


def discard(import_id: int) -> None:
    """Drop an import nobody has applied, with what its file said of people."""
    move(import_id, ImportState.DISCARDED)
    forget_rows(import_id)


def refuse(import_id: int, problem: str) -> None:
    """Mark that an import could not be applied, and why."""
    move(import_id, ImportState.REFUSED, problem=problem[:500], attempts=0)


def request_undo(import_id: int, user_id: int) -> None:
    """Ask the desk worker to take back what an import has changed, in the name of this user."""
    asked = {**db.session.get_one(Import, import_id).asked, "undo_by": user_id}
    move(import_id, ImportState.UNDOING, asked=asked, problem="", attempts=0)
    current_unit_of_work().ring(UNDO_JOB, import_id)


def keep_applied(import_id: int, problem: str, in_the_way: Sequence[int] = ()) -> None:
    """Mark that an import could not be undone, and why; `in_the_way` are the contacts that keep it from that."""
    survey = {**db.session.get_one(Import, import_id).survey, "in_the_way": list(in_the_way)}
    move(import_id, ImportState.APPLIED, problem=problem[:500], attempts=0, survey=survey)
