"""A contact's whole record for its page: everything described in rows of its own, read in one query."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from crm import i18n
from crm.directory.models import (
    Contact,
    ContactLanguage,
    ContactPoint,
    ContactSource,
    ContactTag,
    Identifier,
    Membership,
    OtherName,
    PointKind,
    PointStatus,
    Post,
    Relationship,
    RelationshipKind,
    Tag,
)
from crm.directory.offices import running
from crm.extensions import db
from crm.policy import visible_to

PARTS_SHOWN = 60

_CONTACT = sa.bindparam("contact", type_=sa.BigInteger)
_TEAM = sa.bindparam("team", type_=sa.BigInteger)
_TODAY = sa.bindparam("today", type_=sa.Date)

_other, _holder = Contact.__table__.alias("other"), Contact.__table__.alias("holder")


def _text(value: Any) -> Any:
    return sa.cast(value, sa.String) if value is not None else sa.cast(sa.null(), sa.String)


def _part(
    name: str, row_id: Any, *texts: Any, start: Any = None, end: Any = None, other_id: Any = None, number: Any = None
) -> sa.Select[*tuple[Any, ...]]:
    """One kind of row in the shape that all share: up to five texts, two days, another row's id and a number."""
    padded = [*texts, *[None] * (5 - len(texts))]
    return sa.select(
        sa.literal(name, sa.String).label("part"),
        row_id.label("id"),
        *(_text(value).label(f"text{place}") for place, value in enumerate(padded)),
        (start if start is not None else sa.cast(sa.null(), sa.Date)).label("start"),
        (end if end is not None else sa.cast(sa.null(), sa.Date)).label("end"),
        (other_id if other_id is not None else sa.cast(sa.null(), sa.BigInteger)).label("other_id"),
        (number if number is not None else sa.cast(sa.null(), sa.BigInteger)).label("number"),
    )


def _ties(mine: Any, theirs: Any, name: str) -> sa.Select[*tuple[Any, ...]]:
    """Ties that the contact is on the side `mine` of; those private to another team are left out."""
    row = Relationship
    return (
        _part(
            name,
            row.id,
            row.kind,
            _other.c.name,
            row.note,
            row.source,
            start=row.start_date,
            end=row.end_date,
            other_id=theirs,
            number=row.team_id,
        )
        .select_from(row)
        .join(_other, _other.c.id == theirs)
        .where(mine == _CONTACT, visible_to(row.team_id, _TEAM))
    )


def _posts() -> sa.Select[*tuple[Any, ...]]:
    """The posts of an organization, once for everybody who holds them now; `end` is when the last holder left."""
    held = Membership
    last = (
        sa.select(sa.func.max(sa.func.coalesce(Membership.end_date, Membership.ended_by)))
        .where(Membership.post_id == Post.id)
        .correlate(Post)
        .scalar_subquery()
    )
    return (
        _part(
            "post",
            Post.id,
            Post.label,
            _holder.c.name,
            Post.country,
            Post.region,
            start=held.start_date,
            end=sa.type_coerce(last, sa.Date),
            other_id=held.person_id,
            number=held.id,
        )
        .select_from(Post)
        .outerjoin(held, sa.and_(held.post_id == Post.id, running(held, _TODAY)))
        .outerjoin(_holder, _holder.c.id == held.person_id)
        .where(Post.organization_id == _CONTACT)
    )


_place = Contact.__table__.c
# The organization above the contact, and those that are part of it.
_above = sa.select(_place.parent_id).where(_place.id == _CONTACT).scalar_subquery()
_parts = (
    _part("part", _other.c.id, _other.c.name, _other.c.category)
    .where(_other.c.parent_id == _CONTACT)
    .order_by(_other.c.sort_name)
    .limit(PARTS_SHOWN + 1)
    .subquery("parts")
)
_RECORD = sa.union_all(
    _part("identifier", Identifier.id, Identifier.scheme, Identifier.value).where(Identifier.contact_id == _CONTACT),
    _part(
        "other name",
        OtherName.id,
        OtherName.name,
        OtherName.language,
        OtherName.note,
        start=OtherName.start_date,
        end=OtherName.end_date,
    ).where(OtherName.contact_id == _CONTACT),
    _part(
        "language",
        ContactLanguage.id,
        ContactLanguage.language,
        number=sa.cast(ContactLanguage.rank, sa.BigInteger),
    ).where(ContactLanguage.contact_id == _CONTACT),
    _part("source", ContactSource.id, ContactSource.label, ContactSource.url, end=ContactSource.as_of).where(
        ContactSource.contact_id == _CONTACT
    ),
    _part(
        "point",
        ContactPoint.id,
        ContactPoint.kind,
        ContactPoint.value,
        ContactPoint.label,
        ContactPoint.status,
        ContactPoint.source,
        number=ContactPoint.membership_id,
        start=sa.func.date(ContactPoint.bounced_at, type_=sa.Date()),
    ).where(ContactPoint.contact_id == _CONTACT),
    _part("tag", Tag.id, Tag.name)
    .join(ContactTag, ContactTag.tag_id == Tag.id)
    .where(ContactTag.contact_id == _CONTACT),
    _ties(Relationship.subject_id, Relationship.object_id, "tie"),
    _ties(Relationship.object_id, Relationship.subject_id, "tie back"),
    _posts(),
    _part("parent", _other.c.id, _other.c.name, _other.c.category).where(_other.c.id == _above),
    sa.select(*_parts.c),
)


@dataclass(frozen=True)
class Point:
    """One way to reach the contact; `membership_id` is the office it belongs to."""

    id: int
    kind: PointKind
    value: str
    label: str
    status: PointStatus
    source: str
    membership_id: int | None
    bounced_on: date | None

    @property
    def retired(self) -> bool:
        """Whether it is out of use."""
        return self.status is PointStatus.RETIRED


@dataclass(frozen=True)
class Tie:
    """A relationship from the contact's side; `backwards` where the contact is its object."""

    id: int
    kind: RelationshipKind
    backwards: bool
    other_id: int
    other: str
    start_date: date | None
    end_date: date | None
    note: str
    source: str
    private: bool

    @property
    def over(self) -> bool:
        """Whether it has ended by today."""
        return self.end_date is not None and self.end_date < i18n.today()


@dataclass(frozen=True)
class Holder:
    """Somebody who holds a post now."""

    membership_id: int
    person_id: int
    name: str
    since: date | None


@dataclass(frozen=True)
class PostLine:
    """An office of an organization with who holds it; without holders `vacant_since` is when the last one left."""

    id: int
    label: str
    country: str | None
    region: str | None
    holders: tuple[Holder, ...]
    vacant_since: date | None


@dataclass(frozen=True)
class Record:
    """What describes a contact in rows of their own. Sources and names hold id, texts and days as they are stored."""

    identifiers: Sequence[Any]
    other_names: Sequence[Any]
    languages: Sequence[str]
    sources: Sequence[Any]
    points: Sequence[Point]
    ties: Sequence[Tie]
    posts: Sequence[PostLine]
    parent: Any | None
    parts: Sequence[Any]
    tags: Sequence[tuple[int, str]]


def _point(row: Any) -> Point:
    return Point(
        row.id, PointKind(row.text0), row.text1, row.text2, PointStatus(row.text3), row.text4, row.number, row.start
    )


def _tie(row: Any) -> Tie:
    kind = RelationshipKind(row.text0)
    return Tie(
        row.id,
        kind,
        row.part == "tie back",
        row.other_id,
        row.text1,
        row.start,
        row.end,
        row.text2,
        row.text3,
        row.number is not None,
    )


def _post_lines(rows: Sequence[Any]) -> list[PostLine]:
    by_post: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        by_post[row.id].append(row)
    lines = []
    for held in by_post.values():
        first = held[0]
        holders = tuple(
            Holder(row.number, row.other_id, row.text1, row.start) for row in held if row.number is not None
        )
        lines.append(PostLine(first.id, first.text0, first.text2, first.text3, holders, None if holders else first.end))
    return sorted(lines, key=lambda line: line.id)


def record_of(contact_id: int, team_id: int) -> Record:
    """Everything that describes the contact and that this team may see, in one query."""
    found: dict[str, list[Any]] = defaultdict(list)
    for row in db.session.execute(_RECORD, {"contact": contact_id, "team": team_id, "today": i18n.today()}):
        found[row.part].append(row)
    ties = [_tie(row) for row in found["tie"] + found["tie back"]]
    return Record(
        identifiers=sorted(found["identifier"], key=lambda row: (row.text0, row.text1)),
        other_names=sorted(found["other name"], key=lambda row: row.id),
        languages=[row.text0 for row in sorted(found["language"], key=lambda row: row.number)],
        sources=sorted(found["source"], key=lambda row: (row.end or date.min, row.id), reverse=True),
        points=sorted(map(_point, found["point"]), key=lambda point: (point.retired, point.id)),
        ties=sorted(ties, key=lambda tie: (tie.over, tie.other, tie.id)),
        posts=_post_lines(found["post"]),
        parent=next(iter(found["parent"]), None),
        parts=found["part"],
        tags=sorted(((row.id, row.text0) for row in found["tag"]), key=lambda tag: tag[1].casefold()),
    )


def posts_of(organization_id: int) -> list[tuple[int, str]]:
    """Id and label of the posts of an organization, for menus."""
    rows = sa.select(Post.id, Post.label).where(Post.organization_id == organization_id).order_by(Post.id)
    return [(row.id, row.label) for row in db.session.execute(rows)]
