"""The list of contacts: its columns, its orders, one page of it, how many there are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

import sqlalchemy as sa

from crm.accounts.models import User
from crm.directory.models import (
    Contact,
    ContactLanguage,
    ContactPoint,
    ContactTag,
    Membership,
    PointKind,
    PointStatus,
    Post,
    Tag,
)
from crm.extensions import db
from crm.paging import PAGE_SIZE, Page, SortKey, page

AnySelect: TypeAlias = sa.Select[*tuple[Any, ...]]

# Counting stops here: past it a list says "more than", because a full count is what makes long lists slow.
COUNT_LIMIT = 10_000

# The table under short names, for what a row points to; made once, because an alias copies every column.
_group, _party, _institution = (Contact.__table__.alias(name) for name in ("political_group", "party", "institution"))
_post = Post.__table__.alias("post_held")


class Narrowing(Protocol):
    """A filter of contacts."""

    def apply(self, statement: AnySelect) -> AnySelect:
        """Narrow a select that has `Contact` in it."""


class Sort(StrEnum):
    """Orders of the list; each has an index. MANDATE begins with those whose mandates ended first."""

    NAME = "name"
    COUNTRY = "country"
    GROUP = "group"
    NEWEST = "newest"
    MANDATE = "mandate"


class Column(StrEnum):
    """What the list can show of a contact beside its name. LANGUAGES (codes) and TAGS are comma-separated."""

    CATEGORY = "category"
    INSTITUTION = "institution"
    ROLE = "role"
    COUNTRY = "country"
    REGION = "region"
    GROUP = "group"
    PARTY = "party"
    EMAIL = "email"
    PHONE = "phone"
    LANGUAGES = "languages"
    TAGS = "tags"
    OWNER = "owner"
    SINCE = "since"
    UNTIL = "until"
    ADDED = "added"


def sort_keys(sort: Sort, descending: bool = False) -> list[SortKey]:
    """The columns of one of the orders."""
    by_name = [Contact.sort_name, Contact.id]
    columns: dict[Sort, list[Any]] = {
        Sort.NAME: by_name,
        Sort.COUNTRY: [Contact.country_sort, *by_name],
        Sort.GROUP: [Contact.group_sort, *by_name],
        Sort.NEWEST: [Contact.id],
        Sort.MANDATE: [Contact.mandate_order, *by_name],
    }
    return [SortKey(column, descending) for column in columns[sort]]


def _short_name(table: Any, row_id: Any) -> sa.ScalarSelect[Any]:
    return sa.select(sa.func.coalesce(table.c.abbreviation, table.c.name)).where(table.c.id == row_id).scalar_subquery()


def _office() -> sa.Select[*tuple[Any, ...]]:
    """The office or role the contact has in its institution: of several the running one, then the latest."""
    return (
        sa.select(sa.func.coalesce(_post.c.label, Membership.role))
        .select_from(Membership)
        .outerjoin(_post, _post.c.id == Membership.post_id)
        .where(Membership.person_id == Contact.id, Membership.organization_id == Contact.institution_id)
        .order_by(Membership.ended_by.is_not(None), Membership.end_date.is_not(None), Membership.start_date.desc())
        .limit(1)
    )


# The office a contact is known by and where it is held, for a select of a few contacts.
OFFICE = _office().scalar_subquery().label("office")
INSTITUTION = (
    sa.select(_institution.c.name).where(_institution.c.id == Contact.institution_id).scalar_subquery()
).label("institution")

# Each looks up one thing of one contact by an index; a page asks for them for its own rows only.
_EXPRESSIONS: dict[Column, Any] = {
    Column.INSTITUTION: _short_name(_institution, Contact.institution_id),
    Column.ROLE: _office().scalar_subquery(),
    Column.REGION: Contact.effective_region,
    Column.GROUP: _short_name(_group, Contact.group_id),
    Column.PARTY: _short_name(_party, Contact.party_id),
    Column.PHONE: sa.select(sa.func.min(ContactPoint.value))
    .where(
        ContactPoint.contact_id == Contact.id,
        ContactPoint.kind == PointKind.PHONE,
        ContactPoint.status == PointStatus.CURRENT,
    )
    .scalar_subquery(),
    Column.LANGUAGES: sa.select(sa.func.aggregate_strings(ContactLanguage.language, ","))
    .where(ContactLanguage.contact_id == Contact.id)
    .scalar_subquery(),
    Column.TAGS: sa.select(sa.func.aggregate_strings(Tag.name, ","))
    .where(ContactTag.contact_id == Contact.id, Tag.id == ContactTag.tag_id)
    .scalar_subquery(),
    Column.OWNER: sa.select(User.name).where(User.id == Contact.owner_id).scalar_subquery(),
    Column.SINCE: _office().with_only_columns(Membership.start_date).scalar_subquery(),
    Column.ADDED: Contact.created_at,
}


def _rows(columns: Collection[Column], further: Mapping[str, Any]) -> AnySelect:
    # The office says of a minister what the category does not.
    columns = {*columns, Column.ROLE, Column.INSTITUTION} if Column.CATEGORY in columns else columns
    return sa.select(
        Contact.id,
        Contact.kind,
        Contact.category,
        Contact.name,
        Contact.country,
        Contact.email,
        Contact.owner_id,
        Contact.mandate_end,
        *(expression.label(column.value) for column, expression in _EXPRESSIONS.items() if column in columns),
        *(expression.label(name) for name, expression in further.items()),
    ).select_from(Contact)


def contact_rows(
    wanted: Narrowing,
    keys: Sequence[SortKey] | None = None,
    cursor: str | None = None,
    *,
    size: int = PAGE_SIZE,
    columns: Collection[Column] = (),
    further: Mapping[str, Any] | None = None,
) -> Page:
    """One page of contacts in two queries: which they are, then what `columns` show of them.

    Rows always hold id, kind, category, name, country, email, owner_id and mandate_end, each asked column under its
    value, and `further` expressions (one value a contact) under their names.
    """
    found = page(wanted.apply(sa.select(Contact.id)), keys or sort_keys(Sort.NAME), cursor, size)
    return Page(described_rows([row.id for row in found.rows], columns, further), found.previous, found.next)


def described_rows(
    ids: Sequence[int], columns: Collection[Column], further: Mapping[str, Any] | None = None
) -> list[sa.Row[*tuple[Any, ...]]]:
    """The rows of these contacts in this order, as `contact_rows` gives them."""
    if not ids:
        return []
    rows = {row.id: row for row in db.session.execute(_rows(columns, further or {}).where(Contact.id.in_(ids)))}
    # One that went between the two queries is not shown.
    return [rows[contact_id] for contact_id in ids if contact_id in rows]


def counted_rows(
    wanted: Narrowing,
    keys: Sequence[SortKey],
    cursor: str | None,
    *,
    columns: Collection[Column] = (),
    further: Mapping[str, Any] | None = None,
) -> tuple[Page, int]:
    """One page as `contact_rows` gives it, and how many there are as `count_contacts` says it, in three queries.

    The first page and the count come of one walk through an index: a text filter has to look at every name there.
    """
    if cursor:
        rows = contact_rows(wanted, keys, cursor, columns=columns, further=further)
        return rows, count_contacts(wanted)
    walk = wanted.apply(sa.select(*(key.column for key in keys)))
    walk = walk.order_by(*(key.column.desc() if key.descending else key.column.asc() for key in keys))
    met = walk.limit(COUNT_LIMIT + 1).cte("met")
    order = [met.c[key.column.name].desc() if key.descending else met.c[key.column.name].asc() for key in keys]
    count = sa.select(sa.func.count()).select_from(met).scalar_subquery()
    # Thousands of rows are met and counted in the database; a page of them comes back.
    found = db.session.execute(sa.select(met.c.id, count).order_by(*order).limit(PAGE_SIZE + 1)).all()
    rows_shown = _rows(columns, further or {}).where(Contact.id.in_([row[0] for row in found]))
    return page(rows_shown, keys, None), found[0][1] if found else 0


def count_contacts(wanted: Narrowing, limit: int = COUNT_LIMIT) -> int:
    """How many contacts pass the filter; `limit` + 1 stands for more than `limit`."""
    found = wanted.apply(sa.select(sa.literal(1)).select_from(Contact)).limit(limit + 1).subquery()
    return db.session.scalar(sa.select(sa.func.count()).select_from(found)) or 0


def contact_ids(wanted: Narrowing, limit: int | None = None) -> list[int]:
    """Ids of the contacts that pass the filter, up to `limit`, in their order."""
    return list(db.session.scalars(wanted.apply(sa.select(Contact.id)).order_by(Contact.id).limit(limit)))
