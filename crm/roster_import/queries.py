"""What the screens of imports read: the list, one import, its rows by kind with search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from crm.accounts.models import User
from crm.directory.models import Contact
from crm.extensions import db
from crm.paging import Page, SortKey, page
from crm.roster_import.models import WAITING, Import, ImportRow, ImportState, RowKind
from crm.text import fold

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


def waiting_imports() -> list[int]:
    """Imports asked for and not finished, those that wait longest first.

    One that was taken up and not finished waits from then on: should it kill its worker, it comes last.
    """
    statement = sa.select(Import.id).where(Import.state.in_(WAITING)).order_by(Import.state_since, Import.id)
    return list(db.session.scalars(statement))


@dataclass(frozen=True)
class RowFilter:
    """Which rows of an import to list; no kind means all of them, an empty text no search."""

    kind: RowKind | None = None
    text: str = ""

    @classmethod
    def from_args(cls, args: MultiDict[str, str]) -> RowFilter:
        """The filter in a query string; what makes no sense there is left out."""
        kind = args.get("kind", "")
        return cls(RowKind(kind) if kind in set(RowKind) else None, args.get("q", "").strip())

    def apply(self, statement: sa.Select[*tuple[Any, ...]]) -> sa.Select[*tuple[Any, ...]]:
        """The statement narrowed to what is asked for."""
        if self.kind is not None:
            statement = statement.where(ImportRow.kind == self.kind)
        for word in fold(self.text).split():
            statement = statement.where(ImportRow.search_text.like(f"%{word}%"))
        return statement


def rows(import_id: int, wanted: RowFilter, cursor: str | None) -> Page:
    """The rows of an import in the order of the file; ended mandates, which no line names, come first."""
    table = ImportRow.__table__
    statement = sa.select(*(column for column in table.c if column.name not in ("record", "search_text"))).where(
        ImportRow.import_id == import_id
    )
    return page(wanted.apply(statement), [SortKey(table.c.line), SortKey(table.c.id)], cursor)


def row(row_id: int) -> AnyRow | None:
    """One row with the columns of the list."""
    table = ImportRow.__table__
    columns = (column for column in table.c if column.name not in ("record", "search_text"))
    return db.session.execute(sa.select(*columns).where(ImportRow.id == row_id)).one_or_none()


def contacts_by_id(contact_ids: Sequence[int]) -> dict[int, AnyRow]:
    """Id, name, country, category and address of contacts, for naming candidates."""
    found = db.session.execute(
        sa.select(Contact.id, Contact.name, Contact.country, Contact.category, Contact.email).where(
            Contact.id.in_(contact_ids)
        )
    )
    return {contact.id: contact for contact in found}
