"""The imports: each file that was read, what became of it, and what it says of each person."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from crm import clock
from crm.database import Base, enum_column
from crm.directory.models import Category
from crm.roster_import.records import Problem, RosterFormat


class ImportState(StrEnum):
    """Where an import stands."""

    READING = "reading"  # its file is kept; the desk worker reads and compares it
    MAPPING = "mapping"  # a table of which a person has to say what its columns hold
    UNREADABLE = "unreadable"  # `problem` says why; nothing was compared
    STAGED = "staged"  # read and compared; the directory is as it was
    QUEUED = "queued"  # a person asked for it; the desk worker will apply it
    APPLYING = "applying"
    APPLIED = "applied"
    UNDOING = "undoing"  # a person asked for it; the desk worker takes back what the import changed
    REFUSED = "refused"  # `problem` says why; nothing was changed
    UNDONE = "undone"
    DISCARDED = "discarded"


MOVES: dict[ImportState, frozenset[ImportState]] = {
    # A worker that died leaves an import reading, applying or undoing: the next one takes it up again.
    ImportState.READING: frozenset(
        {
            ImportState.READING,
            ImportState.MAPPING,
            ImportState.UNREADABLE,
            ImportState.STAGED,
            ImportState.DISCARDED,
        }
    ),
    ImportState.MAPPING: frozenset({ImportState.READING, ImportState.DISCARDED}),
    ImportState.UNREADABLE: frozenset({ImportState.READING, ImportState.DISCARDED}),
    # A command applies at once, the browser asks the worker.
    ImportState.STAGED: frozenset(
        {ImportState.READING, ImportState.QUEUED, ImportState.APPLYING, ImportState.DISCARDED}
    ),
    ImportState.QUEUED: frozenset({ImportState.APPLYING, ImportState.DISCARDED}),
    ImportState.APPLYING: frozenset({ImportState.APPLYING, ImportState.APPLIED, ImportState.REFUSED}),
    ImportState.REFUSED: frozenset({ImportState.READING, ImportState.QUEUED, ImportState.DISCARDED}),
    # The trail undoes an import at once, its own page asks the worker.
    ImportState.APPLIED: frozenset({ImportState.UNDOING, ImportState.UNDONE}),
    ImportState.UNDOING: frozenset({ImportState.UNDOING, ImportState.UNDONE, ImportState.APPLIED}),
    ImportState.UNDONE: frozenset({ImportState.READING, ImportState.DISCARDED}),
    ImportState.DISCARDED: frozenset(),
}
# A worker holds a lease on it.
WORKED_ON = (ImportState.READING, ImportState.APPLYING, ImportState.UNDOING)
WAITING = (ImportState.READING, ImportState.QUEUED, ImportState.APPLYING, ImportState.UNDOING)
# People still decide on rows.
REVIEWED = (ImportState.STAGED, ImportState.REFUSED)
# Nothing was compared yet: there are no rows, and neither format nor day are known.
UNREAD = (ImportState.READING, ImportState.MAPPING, ImportState.UNREADABLE)
# Their files may be read again, in another way perhaps.
READABLE = (ImportState.MAPPING, ImportState.UNREADABLE, *REVIEWED, ImportState.UNDONE)
# A work that was begun so often and never finished kills its workers: it is given up.
MOST_ATTEMPTS = 3
# The keys in `Import.survey` of how far an import has come that is written, or taken back, in parts.
WRITTEN = "written"
WITHDRAWN = "withdrawn"
# So many of the contacts that keep an import from being undone are named.
NAMED = 10


class AsOfSource(StrEnum):
    """How the day a roster describes became known, the surest first."""

    GIVEN = "given"
    FILE = "file"  # the file says so itself
    FILE_NAME = "file_name"
    DATES = "dates"  # the latest start of a mandate in the data
    TODAY = "today"


class RowKind(StrEnum):
    """What a line of the roster would do to the directory."""

    NEW = "new"
    CHANGED = "changed"
    ENDED = "ended"  # a mandate of somebody a complete roster no longer names
    UNCHANGED = "unchanged"
    SUSPICIOUS = "suspicious"  # something of it waits for a person's decision
    UNREADABLE = "unreadable"


class Reason(StrEnum):
    """Why something of a row is held back until a person decides; see also `records.Problem`."""

    AMBIGUOUS = "ambiguous"  # several contacts fit
    NAMESAKE = "namesake"  # somebody of that name is known, but too little to tell whether it is the same person
    SHARED_ADDRESS = "shared_address"  # the address is a contact's whose name is quite another
    REPEATED = "repeated"  # an earlier line of the same file is the same person
    HAND_MADE = "hand_made"  # a user has set the value here
    UNKNOWN_GROUP = "unknown_group"  # the label of a group nobody has told us of
    NO_INSTITUTION = "no_institution"  # another group than the known one, and the source does not say where
    MOVED_ON = "moved_on"  # the directory changed between review and application


# Whom a row is about is not certain: a person chooses among the candidates, or says that it is somebody new.
WHO_IS_IT = (Reason.AMBIGUOUS, Reason.NAMESAKE, Reason.SHARED_ADDRESS)


# What a person's acceptance lets through.
DECIDABLE = (Reason.HAND_MADE, Reason.UNKNOWN_GROUP, Problem.LOST_LETTERS)


class Alarm(StrEnum):
    """What looks wrong with an import as a whole; it is not applied before a person confirms."""

    DROP = "drop"  # many mandates would end at once
    RENAMES = "renames"  # many people would get another name
    UNSETTLED = (
        "unsettled"  # mandates would end, and lines nobody can tell the person of may be about those very people
    )


class Decision(StrEnum):
    """What a person decided on a row. Without one, everything is done but what is held back."""

    ACCEPT = "accept"
    SKIP = "skip"
    JOIN = "join"  # the line is about the same person as its twin: both become one


class Import(Base):
    """One file. `file_hash` is the SHA-256 of its bytes, `stored_name` its name in the folder of uploads.

    `asked` is how a person wants the file read: as_of (ISO 8601), complete, columns (the field each column of a
    table holds, "" for none), institutions (what each is, by its folded label), same_as_known (the
    organization that each is, by its label), encoding (of a text file, by Python's name), each null where the file is
    to tell.
    `counts` has the number of rows by RowKind, of those a person skipped and of those that are part of others.
    `survey` holds what was seen of the file as a whole: unread_columns, unknown_groups, alarms, members (whose mandate
    ran before), before (the same, or the members of the legislature that has just ended), stayed (who of those is in
    the file), alike (new rows that resemble somebody known), twins (rows that are like another one of the file),
    renamed and unsettled (rows that are unreadable, or of which it is not certain whom they are about), institutions
    (see `institutions.Named`), older (an applied roster describes a later day); of a table also header, columns,
    guessed (which of these, by index), sample (its first lines) and mapping (whose hand the mapping is from:
    "recognised", "saved", "given"). While an import is
    written in parts, `written` has the number of rows that are, and counts of what they came to; `change_set_id` is
    the change set of all parts then. While one is taken back in parts, `withdrawn` says how far; see `withdrawing`.
    Of one that could not be taken back, `in_the_way` has the contacts (by id) that keep it from that.
    `attempts` counts how often the present work was begun.
    """

    __tablename__ = "import"
    __audited__ = False  # its states are its record; what it did to the directory is audited

    file_name: Mapped[str] = mapped_column(sa.String(200))
    file_hash: Mapped[str] = mapped_column(sa.String(64), index=True)
    stored_name: Mapped[str | None] = mapped_column(sa.String(100))
    format: Mapped[RosterFormat | None] = mapped_column(enum_column(RosterFormat))
    institution: Mapped[str] = mapped_column(sa.String(300), default="")
    as_of: Mapped[date]
    as_of_source: Mapped[AsOfSource] = mapped_column(enum_column(AsOfSource))
    complete: Mapped[bool]
    state: Mapped[ImportState] = mapped_column(enum_column(ImportState), default=ImportState.STAGED)
    state_since: Mapped[datetime] = mapped_column(default=clock.now)
    attempts: Mapped[int] = mapped_column(default=0)
    # Whose turn it is to work on it, and until when nobody else may: see `leases`.
    lease_token: Mapped[str | None] = mapped_column(sa.String(32))
    lease_until: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(sa.String(500), default="")
    asked: Mapped[dict[str, Any]] = mapped_column(default=dict)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    survey: Mapped[dict[str, Any]] = mapped_column(default=dict)
    alarms_confirmed: Mapped[bool] = mapped_column(default=False)
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    applied_at: Mapped[datetime | None]
    change_set_id: Mapped[int | None] = mapped_column(sa.ForeignKey("change_set.id"))

    __table_args__ = (
        sa.Index("ix_import_state_since", "state", "state_since"),
        sa.Index("ix_import_institution_as_of", "institution", "as_of"),
    )


class ColumnMapping(Base):
    """What the columns of a table hold, as a person has said: kept for the next file with the same header.

    `header_hash` tells headers apart (see `readers.columns.header_hash`); `fields` has a field for each column in its
    order, "" for one that is left out. `file_name` is that of the file it was made for.
    """

    __tablename__ = "column_mapping"

    header_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    fields: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    file_name: Mapped[str] = mapped_column(sa.String(200))
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user.id"))
    updated_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)


class ImportRow(Base):
    """One line of a file, or one person a complete roster no longer names (`line` 0).

    `record` is the Record as JSON. `diff` lists the differences as {field, before, after, held}: `held` says why a
    difference waits for a decision. `candidates` are the contacts that fit, where that is not certain; of a new row
    those it resembles, the most alike first. See `queries.present`: they may have become part of others since.
    `twin_id` is the row of another line of this file that is, or may be, about the same person; `category` what the
    file makes of a person (a Category), null where it does not say.
    """

    __tablename__ = "import_row"
    __audited__ = False  # what a file said, beside what was made of it

    import_id: Mapped[int] = mapped_column(sa.ForeignKey("import.id"))
    line: Mapped[int]
    kind: Mapped[RowKind] = mapped_column(enum_column(RowKind))
    name: Mapped[str] = mapped_column(sa.String(300))
    search_text: Mapped[str] = mapped_column(sa.String(600), default="")
    # No foreign key: a contact that is merged or erased leaves the row as what the file said.
    contact_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    reason: Mapped[str] = mapped_column(sa.String(32), default="")
    record: Mapped[dict[str, Any]] = mapped_column(default=dict)
    diff: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    candidates: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    # Whether the person was a member of the institution before, as far as the directory knew.
    stays: Mapped[bool] = mapped_column(default=False)
    decision: Mapped[Decision | None] = mapped_column(enum_column(Decision))
    # Whom of the candidates a person has chosen; null with an acceptance means somebody new.
    chosen_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    # No foreign key: all rows of an import come and go together.
    twin_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    category: Mapped[Category | None] = mapped_column(enum_column(Category))

    __table_args__ = (
        sa.Index("ix_import_row_import_id_kind_line_id", "import_id", "kind", "line", "id"),
        sa.Index("ix_import_row_import_id_line_id", "import_id", "line", "id"),
        sa.Index("ix_import_row_contact_id", "contact_id"),
        # Few rows have a twin.
        sa.Index(
            "ix_import_row_twin_id",
            "twin_id",
            sqlite_where=sa.text("twin_id IS NOT NULL"),
            postgresql_where=sa.text("twin_id IS NOT NULL"),
        ),
    )
