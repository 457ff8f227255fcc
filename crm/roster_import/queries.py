"""What the screens of imports read: the list, one import, its rows by kind with search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from crm.accounts.models import User
from crm.directory.models import Category, Contact, Organization
from crm.directory.queries import survivor_of
from crm.extensions import db
from crm.paging import Page, SortKey, page
from crm.roster_import.models import (
    WAITING,
    ColumnMapping,
    Decision,
    Import,
    ImportRow,
    ImportState,
    Reason,
    RowKind,
)
from crm.roster_import.readers.columns import header_hash
from crm.roster_import.record_json import from_json
from crm.roster_import.records import Item
from crm.text import fold

# A legislature that was elected anew loses a third of its members and more; between elections a few per cent go.
_NEW_TERM_SHARE = 0.2

AnyRow: TypeAlias = sa.Row[*tuple[Any, ...]]


def _imports() -> sa.Select[*tuple[Any, ...]]:
    return sa.select(*Import.__table__.c, User.name.label("user_name")).outerjoin(User, User.id == Import.user_id)


def imports(cursor: str | None) -> Page:
    """All imports, the latest first, with the name of who brought each."""
    return page(_imports(), [SortKey(Import.__table__.c.id, descending=True)], cursor)


def one_import(import_id: int) -> AnyRow | None:
    """One import with all its columns and `user_name`."""
    return db.session.execute(_imports().where(Import.id == import_id)).one_or_none()


def same_file(file_hash: str, *, but_not: int) -> AnyRow | None:
    """The latest other import of the very same bytes that was applied or is on its way."""
    return db.session.execute(
        sa.select(Import.id, Import.state, Import.as_of)
        .where(
            Import.file_hash == file_hash,
            Import.id != but_not,
            Import.state.in_((ImportState.STAGED, ImportState.APPLIED, *WAITING)),
        )
        .order_by(Import.id.desc())
        .limit(1)
    ).one_or_none()


def zone_of(user_id: int | None) -> str:
    """The time zone of a user; that of the server's days for nobody."""
    return db.session.scalar(sa.select(User.timezone).where(User.id == user_id)) or "UTC"


def waiting_imports() -> list[tuple[int, ImportState]]:
    """Imports with something asked for and not finished, those that wait longest first.

    One that was taken up and not finished waits from then on: should it kill its worker, it comes last.
    """
    waiting = Import.state.in_(WAITING)
    statement = sa.select(Import.id, Import.state).where(waiting).order_by(Import.state_since, Import.id)
    return [(row.id, row.state) for row in db.session.execute(statement)]


class Who(StrEnum):
    """Of a complete roster's people: who was a member before and is, who is so now, who is no longer."""

    STAYED = "stayed"
    NEW = "new"
    LEFT = "left"


_WHO: dict[Who, list[sa.ColumnElement[bool]]] = {
    Who.STAYED: [ImportRow.line > 0, ImportRow.stays.is_(True)],
    Who.NEW: [ImportRow.line > 0, ImportRow.stays.is_(False), ImportRow.kind != RowKind.UNREADABLE],
    Who.LEFT: [ImportRow.line == 0],
}


class Outcome(StrEnum):
    """What has become of a row of an applied import."""

    NEW = "new"
    CHANGED = "changed"
    ENDED = "ended"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"  # a person has decided so
    JOINED = "joined"  # a person has said that another line is about the same
    KEPT = "kept"  # what was set by hand here stayed; whatever else the row says was written
    PARTLY = "partly"  # a value of it could not be taken over, the others were written
    LEFT = "left"  # something of it waited for a decision that nobody took
    UNREADABLE = "unreadable"


def _decided(kind: RowKind) -> sa.ColumnElement[bool]:
    return sa.and_(ImportRow.kind == kind, sa.or_(ImportRow.decision.is_(None), ImportRow.decision == Decision.ACCEPT))


_BY_HAND = sa.cast(ImportRow.diff, sa.Text).like(f'%"{Reason.HAND_MADE}"%')
_OUTCOMES: dict[Outcome, sa.ColumnElement[bool]] = {
    Outcome.NEW: _decided(RowKind.NEW),
    Outcome.CHANGED: _decided(RowKind.CHANGED),
    Outcome.ENDED: _decided(RowKind.ENDED),
    Outcome.UNCHANGED: _decided(RowKind.UNCHANGED),
    Outcome.SKIPPED: ImportRow.decision == Decision.SKIP,
    Outcome.JOINED: sa.and_(ImportRow.decision == Decision.JOIN, ImportRow.contact_id.is_not(None)),
    Outcome.KEPT: sa.and_(_decided(RowKind.SUSPICIOUS), _BY_HAND),
    Outcome.PARTLY: sa.and_(_decided(RowKind.SUSPICIOUS), sa.not_(_BY_HAND), ImportRow.reason == ""),
    Outcome.LEFT: sa.or_(
        sa.and_(_decided(RowKind.SUSPICIOUS), sa.not_(_BY_HAND), ImportRow.reason != ""),
        # What it was joined to was left alone itself.
        sa.and_(ImportRow.decision == Decision.JOIN, ImportRow.contact_id.is_(None)),
    ),
    Outcome.UNREADABLE: _decided(RowKind.UNREADABLE),
}
# New rows that resemble somebody known.
IS_ALIKE = sa.and_(ImportRow.kind == RowKind.NEW, sa.cast(ImportRow.candidates, sa.Text) != "[]")
# Lines that a person has said to be part of another one: no people of their own.
IS_JOINED = ImportRow.decision.is_not_distinct_from(Decision.JOIN)


@dataclass(frozen=True)
class RowFilter:
    """Which rows of an import to list; no kind means all of them, an empty text no search.

    `alike` are new rows that resemble somebody known, `twins` those that resemble another line of the file, `joined`
    those that a person has made part of one. New rows are those that become contacts of their own.
    """

    kind: RowKind | None = None
    text: str = ""
    who: Who | None = None
    outcome: Outcome | None = None
    alike: bool = False
    twins: bool = False
    joined: bool = False
    category: Category | None = None

    @classmethod
    def from_args(cls, args: MultiDict[str, str]) -> RowFilter:
        """The filter in a query string; what makes no sense there is left out."""
        kind, who, outcome = args.get("kind", ""), args.get("who", ""), args.get("outcome", "")
        category = args.get("category", "")
        return cls(
            RowKind(kind) if kind in set(RowKind) else None,
            args.get("q", "").strip(),
            Who(who) if who in set(Who) else None,
            Outcome(outcome) if outcome in set(Outcome) else None,
            args.get("alike") == "yes",
            args.get("twins") == "yes",
            args.get("joined") == "yes",
            Category(category) if category in set(Category) else None,
        )

    @property
    def choices(self) -> dict[str, str]:
        """What was chosen beside the text, as a query string has it."""
        flags = {name: "yes" if getattr(self, name) else None for name in ("alike", "twins", "joined")}
        chosen = {"kind": self.kind, "who": self.who, "outcome": self.outcome, "category": self.category, **flags}
        return {name: str(value) for name, value in chosen.items() if value}

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """What rows have to meet to be listed."""
        found: list[sa.ColumnElement[bool]] = []
        if self.kind is not None:
            found.append(ImportRow.kind == self.kind)
        if self.kind is RowKind.NEW:
            found.append(sa.not_(IS_JOINED))
        if self.who is not None:
            found += _WHO[self.who]
        if self.outcome is not None:
            found.append(_OUTCOMES[self.outcome])
        if self.alike:
            found.append(IS_ALIKE)
        if self.twins:
            found.append(ImportRow.twin_id.is_not(None))
        if self.joined:
            found.append(IS_JOINED)
        if self.category is not None:
            found.append(ImportRow.category == self.category)
        found += [ImportRow.search_text.like(f"%{word}%") for word in fold(self.text).split()]
        return found


def _listed() -> list[sa.ColumnElement[Any]]:
    """The columns of the list, and `about`: "organization" where the line describes one, null for people."""
    columns = [column for column in ImportRow.__table__.c if column.name not in ("record", "search_text")]
    return [*columns, ImportRow.record["about"].as_string().label("about")]


def rows(import_id: int, wanted: RowFilter, cursor: str | None) -> Page:
    """The rows of an import in the order of the file; ended mandates, which no line names, come first."""
    table = ImportRow.__table__
    statement = sa.select(*_listed()).where(ImportRow.import_id == import_id)
    return page(statement.where(*wanted.conditions()), [SortKey(table.c.line), SortKey(table.c.id)], cursor)


def row(row_id: int) -> AnyRow | None:
    """One row with the columns of the list."""
    return db.session.execute(sa.select(*_listed()).where(ImportRow.id == row_id)).one_or_none()


def contacts_by_id(contact_ids: Sequence[int]) -> dict[int, AnyRow]:
    """Id, name, country, category and address of contacts, for naming candidates."""
    found = db.session.execute(
        sa.select(Contact.id, Contact.name, Contact.country, Contact.category, Contact.email).where(
            Contact.id.in_(contact_ids)
        )
    )
    return {contact.id: contact for contact in found}


def present(contact_ids: Iterable[int]) -> list[int]:
    """The contacts that these are by now, each once: some have become part of others, some are gone."""
    return list(dict.fromkeys(presence(contact_ids).values()))


def presence(contact_ids: Iterable[int]) -> dict[int, int]:
    """Whom each of these contacts is by now; those who are gone are left out."""
    ids = list(contact_ids)
    there = set(db.session.scalars(sa.select(Contact.id).where(Contact.id.in_(ids)))) if ids else set()
    found = {contact_id: contact_id if contact_id in there else survivor_of(contact_id) for contact_id in ids}
    return {contact_id: now for contact_id, now in found.items() if now is not None}


def items(row_ids: Sequence[int]) -> dict[int, Item]:
    """What the file says in these rows, those aside that cannot be read."""
    readable = ImportRow.kind != RowKind.UNREADABLE
    found = db.session.execute(sa.select(ImportRow.id, ImportRow.record).where(ImportRow.id.in_(row_ids), readable))
    return {row.id: from_json(row.record) for row in found}


def outcomes(import_id: int) -> dict[Outcome, int]:
    """What has become of the rows of an applied import, in numbers."""
    sums = [sa.func.sum(sa.case((condition, 1), else_=0)) for condition in _OUTCOMES.values()]
    found = db.session.execute(sa.select(*sums).where(ImportRow.import_id == import_id)).one()
    return {outcome: number or 0 for outcome, number in zip(_OUTCOMES, found, strict=True)}


def groups() -> Sequence[AnyRow]:
    """Id, name and abbreviation of the political groups that belong to no country: those of supranational bodies."""
    return db.session.execute(
        sa.select(Organization.id, Organization.name, Organization.abbreviation)
        .where(Organization.category == Category.POLITICAL_GROUP, Organization.country.is_(None))
        .order_by(Organization.sort_name, Organization.id)
    ).all()


def mapping_for(header: Sequence[str]) -> AnyRow | None:
    """The mapping saved for tables with this header: file_name, updated_at and the user_name of who made it."""
    return db.session.execute(
        sa.select(ColumnMapping.file_name, ColumnMapping.updated_at, User.name.label("user_name"))
        .outerjoin(User, User.id == ColumnMapping.user_id)
        .where(ColumnMapping.header_hash == header_hash(header))
    ).one_or_none()


@dataclass(frozen=True)
class Turnover:
    """What a complete roster says of its institution: how many members stayed, are new, have left.

    `ends`: it is this roster that ends the mandates of those who left; otherwise they were over already.
    """

    stayed: int
    new: int
    left: int
    new_term: bool
    ends: bool


def turnover(one: AnyRow) -> Turnover | None:
    """The turnover of a complete roster of an institution whose members were known; None for other imports.

    A new term has begun where a good part of those who were members have left.
    """
    before, stayed = one.survey.get("before", 0), one.survey.get("stayed", 0)
    if not one.complete or not before:
        return None
    rows = sa.select(sa.func.count()).select_from(ImportRow).where(ImportRow.import_id == one.id)
    new = db.session.scalar(rows.where(*_WHO[Who.NEW])) or 0
    left = before - stayed
    return Turnover(stayed, new, left, new_term=left >= before * _NEW_TERM_SHARE, ends=one.counts.get("ended", 0) > 0)
