"""What is read of duplicates: proposals by certainty, what is known of one contact's twins and merges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import sqlalchemy as sa
from flask_babel import gettext
from werkzeug.exceptions import BadRequest

from crm.directory.finding import HIT_COLUMNS
from crm.directory.models import Contact, ContactKind, ContactMerge
from crm.duplicates.models import LOWEST, Certainty, DuplicateProposal, DuplicateSearch, ToldApart
from crm.extensions import db
from crm.paging import Page, SortKey, page

AnyRow = sa.Row[*tuple[Any, ...]]
_one, _other = (Contact.__table__.alias(name) for name in ("one", "other"))
COUNT_LIMIT = 1000
# Beside a link, nobody counts further.
MANY = 99


def told_apart() -> sa.ColumnElement[bool]:
    """Proposals of pairs that somebody has told apart, whichever of the two stands first there."""
    one, other = DuplicateProposal.one_id, DuplicateProposal.other_id
    return sa.exists().where(
        sa.or_(
            sa.and_(ToldApart.one_id == one, ToldApart.other_id == other),
            sa.and_(ToldApart.one_id == other, ToldApart.other_id == one),
        )
    )


@dataclass(frozen=True)
class ProposalFilter:
    """Conditions that all hold; one left out asks nothing. `country` is that of either contact."""

    certainty: Certainty | None = None
    kind: ContactKind | None = None
    country: str | None = None

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> Self:
        """Read the filter from query arguments. Raises BadRequest for nonsense."""
        readers: dict[str, Any] = {"certainty": Certainty, "kind": ContactKind, "country": _country}
        found = {}
        for name, read in readers.items():
            value = args.get(name, "").strip()
            if value:
                try:
                    found[name] = read(value)
                except ValueError:
                    raise BadRequest(
                        gettext(
                            "The filter in this address is damaged: %(name)s cannot be %(value)s.",
                            name=name,
                            value=value,
                        )
                    ) from None
        return cls(**found)

    def to_args(self) -> dict[str, str]:
        """Query arguments that `from_args` reads back."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: str(value) for name, value in values.items() if value is not None}

    def apply(self, statement: sa.Select[*tuple[Any, ...]]) -> sa.Select[*tuple[Any, ...]]:
        """Narrow a select of proposals joined with both contacts."""
        if self.certainty is not None:
            above = [lowest for lowest in LOWEST.values() if lowest > LOWEST[self.certainty]]
            statement = statement.where(DuplicateProposal.score >= LOWEST[self.certainty])
            if above:
                statement = statement.where(DuplicateProposal.score < min(above))
        if self.kind is not None:
            statement = statement.where(DuplicateProposal.kind == self.kind)
        if self.country is not None:
            statement = statement.where(sa.or_(_one.c.country == self.country, _other.c.country == self.country))
        return statement


def _country(value: str) -> str:
    if len(value) != 2 or not value.isalpha():
        raise ValueError(value)
    return value.upper()


def _joined(*columns: Any) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(*columns)
        .select_from(DuplicateProposal)
        .join(_one, _one.c.id == DuplicateProposal.one_id)
        .join(_other, _other.c.id == DuplicateProposal.other_id)
        .where(sa.not_(told_apart()))
    )


def proposals(wanted: ProposalFilter, cursor: str | None) -> Page:
    """Pairs that may be one, the surest first: score, reasons, and of each contact what tells them apart."""
    sides = [
        side.c[name].label(f"{prefix}_{name}")
        for prefix, side in (("one", _one), ("other", _other))
        for name in ("name", "category", "country", "email", "birth_date")
    ]
    statement = _joined(
        DuplicateProposal.id,
        DuplicateProposal.one_id,
        DuplicateProposal.other_id,
        DuplicateProposal.score,
        DuplicateProposal.reasons,
        *sides,
    )
    keys = [SortKey(DuplicateProposal.score, descending=True), SortKey(DuplicateProposal.__table__.c.id, True)]
    return page(wanted.apply(statement), keys, cursor)


def count_proposals(wanted: ProposalFilter) -> int:
    """How many pairs pass the filter; COUNT_LIMIT + 1 stands for more."""
    found = wanted.apply(_joined(DuplicateProposal.id)).limit(COUNT_LIMIT + 1).subquery()
    return db.session.scalar(sa.select(sa.func.count()).select_from(found)) or 0


def waiting() -> sa.ScalarSelect[int]:
    """How many pairs wait for somebody to look at them, for a query of any page; MANY + 1 stands for more."""
    found = _joined(DuplicateProposal.id).limit(MANY + 1).subquery()
    return sa.select(sa.func.count()).select_from(found).scalar_subquery()


def was_searched() -> bool:
    """Whether the worker has looked for duplicates at all yet."""
    return db.session.scalar(sa.select(DuplicateSearch.id).limit(1)) is not None


def proposal_of(one_id: int, other_id: int) -> AnyRow | None:
    """Score and reasons of the pair, whichever stands first."""
    pair = sa.or_(
        sa.and_(DuplicateProposal.one_id == one_id, DuplicateProposal.other_id == other_id),
        sa.and_(DuplicateProposal.one_id == other_id, DuplicateProposal.other_id == one_id),
    )
    return db.session.execute(sa.select(DuplicateProposal.score, DuplicateProposal.reasons).where(pair)).first()


def are_told_apart(one_id: int, other_id: int) -> bool:
    """Whether somebody has said that the two are not the same."""
    pair = sa.or_(
        sa.and_(ToldApart.one_id == one_id, ToldApart.other_id == other_id),
        sa.and_(ToldApart.one_id == other_id, ToldApart.other_id == one_id),
    )
    return db.session.scalar(sa.select(ToldApart.id).where(pair).limit(1)) is not None


def _twins(contact_id: int, limit: int) -> sa.Select[*tuple[Any, ...]]:
    twin = sa.case((_one.c.id == contact_id, _other.c.id), else_=_one.c.id)
    mine = sa.or_(DuplicateProposal.one_id == contact_id, DuplicateProposal.other_id == contact_id)
    statement = _joined(twin.label("id"), DuplicateProposal.score, DuplicateProposal.reasons).where(mine)
    return statement.order_by(DuplicateProposal.score.desc(), DuplicateProposal.id).limit(limit)


def twins_of(contact_id: int, limit: int = 3) -> Sequence[AnyRow]:
    """Contacts that may be the same as this one, the surest first: id, score, reasons."""
    return db.session.execute(_twins(contact_id, limit)).all()


# What tells two of one name apart.
_TELLING = (*HIT_COLUMNS, Contact.email)


def known_by(contact_ids: Iterable[int]) -> list[AnyRow]:
    """What tells these contacts apart, in their order: the columns of a search hit, address, day of birth."""
    ids = list(dict.fromkeys(contact_ids))
    rows = db.session.execute(
        sa.select(*_TELLING, Contact.__table__.c.birth_date).where(Contact.id.in_(ids)),
    ).all()
    return sorted(rows, key=lambda row: ids.index(row.id))


@dataclass(frozen=True)
class Notices:
    """What a contact's page says of duplicates: who may be the same, and the merges that made it what it is."""

    twins: Sequence[AnyRow] = ()
    merges: Sequence[AnyRow] = ()


def notices_of(contact_id: int, limit: int = 3) -> Notices:
    """Twins (as `known_by` tells them, with reasons) and merges that stand (id, name, at), in one query.

    The surest and the latest come first.
    """
    twins = _twins(contact_id, limit).subquery()
    never = sa.cast(sa.null(), ContactMerge.at.type)
    merges = (
        sa.select(
            sa.literal("merge").label("part"),
            ContactMerge.id.label("place"),
            ContactMerge.at,
            sa.cast(sa.null(), DuplicateProposal.reasons.type).label("reasons"),
            *(_of_a_merge(column) for column in _TELLING),
        )
        .where(ContactMerge.survivor_id == contact_id, ContactMerge.unmerged_at.is_(None))
        .order_by(ContactMerge.id.desc())
        .limit(limit)
        .subquery()
    )
    rows = db.session.execute(
        sa.union_all(
            sa.select(
                sa.literal("twin").label("part"),
                twins.c.score.label("place"),
                never.label("at"),
                twins.c.reasons,
                *_TELLING,
            ).join(twins, Contact.id == twins.c.id),
            sa.select(merges),
        )
    ).all()
    found = sorted(rows, key=lambda row: row.place, reverse=True)
    return Notices([row for row in found if row.part == "twin"], [row for row in found if row.part == "merge"])


def _of_a_merge(column: Any) -> sa.ColumnElement[Any]:
    """What stands in a column of `_TELLING` where the row is a merge: databases want it of the same type."""
    known: dict[str, sa.ColumnElement[Any]] = {
        "id": ContactMerge.__table__.c.id,
        "name": ContactMerge.__table__.c.absorbed_name,
    }
    return known.get(column.name, sa.cast(sa.null(), column.type)).label(column.name)


def merge_record(merge_id: int) -> ContactMerge | None:
    """One merge."""
    return db.session.get(ContactMerge, merge_id)
