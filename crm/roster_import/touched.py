"""What others have changed in the directory while an import was being prepared."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from crm.audit.models import Change
from crm.directory.models import Contact, ContactKind, ContactPoint, Identifier, Membership, PointKind
from crm.directory.sort_names import sort_name_of, sort_name_of_organization, turned
from crm.extensions import db
from crm.roster_import.diffing import Plan
from crm.roster_import.lookups import chunked

# The tables whose rows say something of a person an import may be about, and the column that names the person.
_OWNERS = {
    Contact.__tablename__: "id",
    ContactPoint.__tablename__: "contact_id",
    Identifier.__tablename__: "contact_id",
    Membership.__tablename__: "person_id",
}


def mark() -> int:
    """The last entry of the trail so far; take it inside a unit of work, before anything is compared."""
    if db.session.get_bind().dialect.name == "postgresql":
        # Entries are numbered before they are seen: wait for those who write just now.
        db.session.execute(sa.text("LOCK TABLE change IN SHARE MODE"))
    return db.session.scalar(sa.select(sa.func.max(Change.id))) or 0


def mark_between(since: int) -> int:
    """The mark for the next part of an import, taken at the end of one; `since` is the mark of that one."""
    if db.session.get_bind().dialect.name == "postgresql":
        # Others write just now: their entries may be numbered already, and not seen.
        return since
    return db.session.scalar(sa.select(sa.func.max(Change.id))) or since


@dataclass(frozen=True)
class Touched:
    """Contacts that were changed, with what a line of a roster could be matched to them by now."""

    contact_ids: Collection[int]
    sort_names: Collection[str]
    addresses: Collection[str]
    identifiers: Collection[tuple[str, str]]

    @classmethod
    def nobody(cls) -> Touched:
        """Nothing was changed."""
        return cls(frozenset(), frozenset(), frozenset(), frozenset())

    def __or__(self, other: Touched) -> Touched:
        return Touched(
            {*self.contact_ids, *other.contact_ids},
            {*self.sort_names, *other.sort_names},
            {*self.addresses, *other.addresses},
            {*self.identifiers, *other.identifiers},
        )

    @classmethod
    def since(cls, mark: int, but_for: int | None = None) -> Touched:
        """Everybody whom the trail names after the mark, in other change sets than `but_for`."""
        found: set[int] = set()
        updated: dict[str, set[int]] = {name: set() for name in _OWNERS}
        changes = sa.select(Change.table_name, Change.row_id, Change.before, Change.after).where(
            Change.id > mark, Change.change_set_id.is_distinct_from(but_for)
        )
        for change in db.session.execute(changes):
            # Asked of the database, this would have SQLite read all that was ever written of these tables.
            if change.table_name not in _OWNERS:
                continue
            owner = _OWNERS[change.table_name]
            owners = {change.row_id} if owner == "id" else {change.before.get(owner), change.after.get(owner)}
            found |= owners - {None}
            if owners == {None}:
                updated[change.table_name].add(change.row_id)
        for model in (ContactPoint, Identifier, Membership):
            owner_of = model.__table__.c[_OWNERS[model.__tablename__]]
            for ids in chunked(updated[model.__tablename__]):
                found.update(db.session.scalars(sa.select(owner_of).where(model.id.in_(ids))))
        names: set[str] = set()
        addresses: set[str] = set()
        identifiers: set[tuple[str, str]] = set()
        for ids in chunked(found):
            names.update(db.session.scalars(sa.select(Contact.sort_name).where(Contact.id.in_(ids))))
            addresses.update(
                db.session.scalars(
                    sa.select(ContactPoint.value).where(
                        ContactPoint.contact_id.in_(ids), ContactPoint.kind == PointKind.EMAIL
                    )
                )
            )
            identifiers.update(
                (row.scheme, row.value)
                for row in db.session.execute(
                    sa.select(Identifier.scheme, Identifier.value).where(Identifier.contact_id.in_(ids))
                )
            )
        return cls(found, names, addresses, identifiers)

    def bears_on(self, plan: Plan) -> bool:
        """Whether the plan was made without knowing of a change: it is about one of these contacts, or may be."""
        if not self.contact_ids:
            return False
        if plan.contact_id is not None:
            return plan.contact_id in self.contact_ids
        columns = plan.writes.columns
        if columns:
            if plan.about is ContactKind.ORGANIZATION:
                names = [sort_name_of_organization(columns["name"], columns.get("abbreviation"))]
            elif columns.get("family_name"):
                names = [sort_name_of(columns["name"], columns.get("given_name"), columns["family_name"])]
            else:
                names = [*turned(columns["name"])]
            if any(name in self.sort_names for name in names):
                return True
        return any(
            point.kind is PointKind.EMAIL and point.value in self.addresses for point in plan.writes.points
        ) or any(name in self.identifiers for name in plan.writes.identifiers)
