"""What exports read: which contacts are meant, and everything known of them, batch by batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import sqlalchemy as sa

from crm import clock
from crm.directory.filters import ContactFilter
from crm.directory.models import (
    Contact,
    ContactKind,
    ContactLanguage,
    ContactPoint,
    ContactSource,
    ContactTag,
    Identifier,
    Membership,
    OtherName,
    PointKind,
    Post,
    Relationship,
    Tag,
)
from crm.directory.name_parts import Parts, parts_of
from crm.exports.models import UNFINISHED, Export, ExportState
from crm.extensions import db
from crm.outbox.models import SuppressionReason
from crm.outbox.queries import reasons_against
from crm.pipeline.filters import TargetFilter
from crm.pipeline.models import Target
from crm.policy import visible_to
from crm.stances.queries import shared_statements

AnyRow: TypeAlias = sa.Row[*tuple[Any, ...]]
BATCH = 500
# The argument that names a campaign: its targets are meant, and the other arguments are a filter of targets.
TARGETS_OF = "targets_of"
# The argument that names the columns of the list a table is to have; without it, it has everything.
COLUMNS_OF_LIST = "columns"
_LISTED = 20

_contact = Contact.__table__
_organization, _behalf = _contact.alias("organization"), _contact.alias("behalf")


def contact_ids(wanted: dict[str, Any]) -> list[int]:
    """Ids of the contacts meant, in the order of names: of a filter's arguments (of contacts, or of a campaign's
    targets), or of `ids` that were chosen.
    """
    statement = sa.select(Contact.id).order_by(Contact.sort_name, Contact.id)
    if TARGETS_OF in wanted:
        return list(db.session.scalars(statement.where(Contact.id.in_(_targets(wanted)))))
    if "ids" not in wanted:
        return list(db.session.scalars(ContactFilter.from_args(wanted).apply(statement)))
    chosen = wanted["ids"]
    order: dict[int, str] = {}
    for batch in batches(chosen):
        rows = db.session.execute(sa.select(Contact.id, Contact.sort_name).where(Contact.id.in_(batch)))
        order |= {row.id: row.sort_name for row in rows}
    return sorted(order, key=lambda contact_id: (order[contact_id], contact_id))


def _targets(wanted: dict[str, Any]) -> sa.Select[*tuple[Any, ...]]:
    """Contacts of the campaign's targets that a filter of targets lets through."""
    targets: sa.Select[*tuple[Any, ...]] = sa.select(Target.contact_id)
    targets = targets.where(Target.campaign_id == int(wanted[TARGETS_OF]))
    return TargetFilter.from_args(wanted, team=wanted.get("team")).apply(targets)


def batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """The ids in pieces that one query takes."""
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


@dataclass
class WholeContact:
    """A contact with everything described in rows of its own; `row` has the columns of the contact's table."""

    row: AnyRow
    points: list[AnyRow] = field(default_factory=list)
    identifiers: list[AnyRow] = field(default_factory=list)
    other_names: list[AnyRow] = field(default_factory=list)
    languages: list[AnyRow] = field(default_factory=list)
    sources: list[AnyRow] = field(default_factory=list)
    memberships: list[AnyRow] = field(default_factory=list)
    posts: list[AnyRow] = field(default_factory=list)
    statements: list[AnyRow] = field(default_factory=list)

    @property
    def is_person(self) -> bool:
        """Whether it is a person rather than an organization."""
        return bool(self.row.kind is ContactKind.PERSON)

    def parts(self) -> Parts:
        """Given and family name; where nobody has told them, what the list files the person under."""
        if self.row.family_name or not self.is_person:
            return self.row.given_name, self.row.family_name
        return parts_of(self.row.name, self.row.country)

    def running(self) -> list[AnyRow]:
        """The memberships that hold today, the longest held first."""
        today = clock.today()
        return [one for one in self.memberships if one.ended_by is None and (one.end_date or today) >= today]


_PARTS: dict[str, tuple[sa.FromClause, str, tuple[str, ...]]] = {
    "points": (ContactPoint.__table__, "contact_id", ("id",)),
    "identifiers": (Identifier.__table__, "contact_id", ("scheme", "value")),
    "other_names": (OtherName.__table__, "contact_id", ("id",)),
    "languages": (ContactLanguage.__table__, "contact_id", ("rank", "id")),
    "sources": (ContactSource.__table__, "contact_id", ("id",)),
    "posts": (Post.__table__, "organization_id", ("id",)),
}


def whole_contacts(ids: Sequence[int]) -> list[WholeContact]:
    """A batch of contacts in the order of the ids, in nine queries; one that is gone meanwhile is left out."""
    rows = db.session.execute(sa.select(*_contact.c).where(_contact.c.id.in_(ids)))
    found = {row.id: WholeContact(row) for row in rows}
    for name, (table, owner, order) in _PARTS.items():
        statement = sa.select(*table.c).where(table.c[owner].in_(ids)).order_by(*(table.c[key] for key in order))
        for row in db.session.execute(statement):
            getattr(found[getattr(row, owner)], name).append(row)
    for row in _memberships(ids):
        found[row.person_id].memberships.append(row)
    # What a team keeps to itself stays here.
    for contact_id, statements in shared_statements(ids).items():
        found[contact_id].statements = statements
    return [found[contact_id] for contact_id in ids if contact_id in found]


def stopped_points(contacts: Iterable[WholeContact]) -> dict[str, SuppressionReason]:
    """Those of the contacts' e-mail addresses no letter is sent to, each with the reason; a query per 500 addresses."""
    return reasons_against(
        {point.value: None for contact in contacts for point in contact.points if point.kind is PointKind.EMAIL}
    )


def tags_of(ids: Sequence[int]) -> dict[int, list[str]]:
    """The tags of a batch of contacts, in the order of the alphabet."""
    statement = sa.select(ContactTag.contact_id, Tag.name).join(Tag, Tag.id == ContactTag.tag_id)
    tags: dict[int, list[str]] = defaultdict(list)
    for row in db.session.execute(statement.where(ContactTag.contact_id.in_(ids)).order_by(Tag.name)):
        tags[row.contact_id].append(row.name)
    return tags


def _memberships(people: Sequence[int]) -> Iterable[AnyRow]:
    table = Membership.__table__
    return db.session.execute(
        sa.select(
            *table.c,
            _organization.c.name.label("organization"),
            _organization.c.category.label("organization_category"),
            _behalf.c.name.label("on_behalf_of"),
            Post.label.label("post"),
        )
        .join(_organization, _organization.c.id == table.c.organization_id)
        .outerjoin(_behalf, _behalf.c.id == table.c.on_behalf_of_id)
        .outerjoin(Post, Post.id == table.c.post_id)
        .where(table.c.person_id.in_(people))
        .order_by(table.c.start_date, table.c.id)
    )


def names_of(ids: Iterable[int | None]) -> dict[int, str]:
    """What lists call these organizations."""
    wanted = {contact_id for contact_id in ids if contact_id is not None}
    return {
        row.id: row.abbreviation or row.name
        for row in db.session.execute(
            sa.select(_contact.c.id, _contact.c.name, _contact.c.abbreviation).where(_contact.c.id.in_(wanted))
        )
    }


def organizations_named_by(ids: Sequence[int]) -> set[int]:
    """Every organization these contacts cannot be understood without: of their mandates, and above those."""
    needed: set[int] = set()
    for batch in batches(ids):
        named = sa.select(Membership.organization_id, Membership.on_behalf_of_id).where(Membership.person_id.in_(batch))
        for row in db.session.execute(named):
            needed.update(one for one in row if one is not None)
        parents = sa.select(_contact.c.parent_id).where(_contact.c.id.in_(batch), _contact.c.parent_id.is_not(None))
        needed.update(db.session.scalars(parents))
    reached, edge = set(needed), sorted(needed)
    while edge:
        above: set[int] = set()
        for batch in batches(edge):
            parents = sa.select(_contact.c.parent_id).where(_contact.c.id.in_(batch), _contact.c.parent_id.is_not(None))
            above.update(db.session.scalars(parents))
        edge = sorted(above - reached)
        reached |= above
    return reached


def kinds_of(ids: Sequence[int]) -> dict[ContactKind, list[int]]:
    """The ids of people and those of organizations, each in the order given."""
    kinds: dict[int, ContactKind] = {}
    for batch in batches(ids):
        rows = db.session.execute(sa.select(_contact.c.id, _contact.c.kind).where(_contact.c.id.in_(batch)))
        kinds |= {row.id: row.kind for row in rows}
    found: dict[ContactKind, list[int]] = defaultdict(list)
    for contact_id in ids:
        if contact_id in kinds:
            found[kinds[contact_id]].append(contact_id)
    return found


def relationships_among(ids: Sequence[int]) -> Iterator[AnyRow]:
    """The ties both of whose ends are among these contacts, those private to a team left out."""
    inside = set(ids)
    for batch in batches(ids):
        statement = sa.select(*Relationship.__table__.c).where(
            Relationship.subject_id.in_(batch), visible_to(Relationship.team_id, None)
        )
        for row in db.session.execute(statement.order_by(Relationship.id)):
            if row.object_id in inside:
                yield row


def one_export(export_id: int, user_id: int) -> Export | None:
    """The export, if it is this user's."""
    return db.session.scalar(sa.select(Export).where(Export.id == export_id, Export.user_id == user_id))


def exports_of(user_id: int) -> Sequence[AnyRow]:
    """What this user has asked for and can still be had or is under way, the latest first."""
    table = Export.__table__
    return db.session.execute(
        sa.select(*table.c)
        .where(table.c.user_id == user_id, table.c.state != ExportState.EXPIRED)
        .order_by(table.c.id.desc())
        .limit(_LISTED)
    ).all()


def unfinished_exports() -> list[int]:
    """Exports asked for and not written, in their order."""
    return list(db.session.scalars(sa.select(Export.id).where(Export.state.in_(UNFINISHED)).order_by(Export.id)))


def expired_exports() -> Sequence[AnyRow]:
    """Id and file of the exports whose time is over."""
    return db.session.execute(
        sa.select(Export.id, Export.stored_name).where(
            Export.state == ExportState.READY, Export.expires_at < clock.now()
        )
    ).all()
