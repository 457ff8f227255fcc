"""Contacts in the order of their stances: champions first, those that never said anything last, each by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import sqlalchemy as sa

from crm.directory.listing import Narrowing
from crm.directory.models import Contact
from crm.paging import Page, SortKey, page, page_of_union
from crm.stances.models import RANK, SHARED, CurrentStance, Stance
from crm.stances.queries import current

Treaty: TypeAlias = int | sa.ScalarSelect[Any]

# Up to so many contacts are put in order one by one; of more of them, a page is soon found on a walk in their order.
FEW = 4_000

_own = sa.orm.aliased(CurrentStance)
_any = sa.orm.aliased(CurrentStance)


def page_by_stance(
    wanted: Narrowing,
    treaty: Treaty,
    team_id: int | None,
    cursor: str | None,
    *,
    total: int,
    descending: bool = False,
    spoken: bool | None = None,
) -> Page:
    """Ids of one page of the contacts that pass, by their stances on the treaty as the team sees them.

    `total` is how many pass, as `count_contacts` says it; `spoken` says that only contacts pass that ever said anything
    of the treaty, or only such as did not. The cursors are the same whichever way it takes.
    """
    if total <= FEW:
        rank = sa.func.coalesce(current(CurrentStance.rank, treaty, team_id), RANK[Stance.UNKNOWN])
        return page(wanted.apply(sa.select(Contact.id)), _keys(rank, Contact.sort_name, Contact.id, descending), cursor)
    # Asked once: the filter may put questions to the database of its own.
    passes = wanted.apply(sa.select(Contact.id)).whereclause
    narrowed = [] if passes is None else [passes]
    *held, silent = _parts(treaty, team_id)
    parts = [silent] if spoken is False else held if spoken else [*held, silent]
    return page_of_union([(part.where(*narrowed), _keys(*order, descending)) for part, order in parts], cursor)


def _keys(rank: Any, name: Any, contact_id: Any, descending: bool) -> list[SortKey]:
    return [SortKey(column, descending) for column in (rank, name, contact_id)]


def _parts(treaty: Treaty, team_id: int | None) -> Iterator[tuple[sa.Select[Any], tuple[Any, Any, Any]]]:
    """What a team knows for itself, what everybody knows of the others, and those of whom nothing is known.

    Each goes by an index of its own.
    """
    held = CurrentStance
    order = (held.rank, held.sort_name, held.contact_id)
    known = sa.select(held.contact_id.label("id")).join(Contact, Contact.id == held.contact_id)
    known = known.where(held.treaty_id == treaty)
    shared, scopes = known.where(held.scope == SHARED), [SHARED]
    if team_id is not None:
        own = sa.exists().where(
            _own.contact_id == held.contact_id, _own.treaty_id == held.treaty_id, _own.scope == team_id
        )
        yield known.where(held.scope == team_id), order
        shared, scopes = shared.where(~own), [SHARED, team_id]
    yield shared, order
    spoken = sa.exists().where(_any.contact_id == Contact.id, _any.treaty_id == treaty, _any.scope.in_(scopes))
    unknown = sa.literal(RANK[Stance.UNKNOWN], sa.Integer)
    yield sa.select(Contact.id).where(~spoken), (unknown, Contact.sort_name, Contact.id)
