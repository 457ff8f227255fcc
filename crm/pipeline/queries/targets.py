"""Reads of targets: the board, lists, one target with its moves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm import i18n
from crm.accounts.models import User
from crm.directory.filters import ContactFilter
from crm.directory.listing import COUNT_LIMIT
from crm.directory.models import Contact
from crm.extensions import db
from crm.paging import Page, SortKey, cursor_after, page
from crm.pipeline.filters import TargetFilter, is_overdue
from crm.pipeline.models import NO_NEXT_STEP, Campaign, Stage, StageMove, Target
from crm.pipeline.queries.rows import AnyRow, AnySelect, Rows

# How many cards a column of the board shows; the list has the rest.
COLUMN_SIZE = 25
_CHUNK = 500

# The organization a contact's group is.
_group = Contact.__table__.alias("political_group")

# The orders of the list of targets, by their name in the address; the last column tells rows apart.
_COLUMNS: dict[str, tuple[Any, ...]] = {
    "due": (Target.due_order, Target.priority_order, Target.id),
    "priority": (Target.priority_order, Target.due_order, Target.id),
    "name": (Contact.sort_name, Target.id),
    "country": (Contact.country_sort, Contact.sort_name, Target.id),
    "moved": (Target.stage_since, Target.id),
    "quiet": (Target.quiet_since, Target.id),
}
SORTS = {
    name: [SortKey(column, descending=name == "moved") for column in columns] for name, columns in _COLUMNS.items()
}


@dataclass(frozen=True)
class Column:
    """One column of the board: how many targets stand there, some of them, and the cursor of those that come after."""

    stage: Stage
    total: int
    cards: Rows
    next: str | None = None


def stage_counts(campaign_id: int, chosen: TargetFilter | None = None) -> dict[Stage, int]:
    """How many targets stand at each stage, of those the filter lets through."""
    statement: AnySelect = sa.select(Target.stage, sa.func.count()).where(Target.campaign_id == campaign_id)
    statement = (chosen or TargetFilter()).apply(statement).group_by(Target.stage)
    counts = dict.fromkeys(Stage, 0)
    for stage, count in db.session.execute(statement):
        counts[stage] = count
    return counts


def target_count(campaign_id: int, chosen: TargetFilter) -> int:
    """How many targets the filter lets through; COUNT_LIMIT + 1 stands for more than COUNT_LIMIT."""
    if chosen.asks_nothing:
        # Counted in the index alone, however many there are.
        return sum(stage_counts(campaign_id).values())
    found = chosen.apply(sa.select(Target.id).where(Target.campaign_id == campaign_id)).limit(COUNT_LIMIT + 1)
    return db.session.scalar(sa.select(sa.func.count()).select_from(found.subquery())) or 0


def overdue_count(campaign_id: int) -> int:
    """How many open targets have a next step that was due before today."""
    statement = sa.select(sa.func.count()).where(Target.campaign_id == campaign_id, is_overdue())
    return db.session.scalar(statement) or 0


def _cards() -> AnySelect:
    """Targets with who they are: what a card, a row of a list and a target's own page show."""
    return (
        sa.select(
            Target.id,
            Target.campaign_id,
            Target.contact_id,
            Target.due_order,
            Target.priority_order,
            Target.stage,
            Target.stage_since,
            Target.close_reason,
            Target.priority,
            Target.ask,
            Target.next_step,
            Target.next_step_due,
            Target.owner_id,
            Target.last_contact_at,
            User.name.label("owner"),
            Contact.name,
            Contact.category,
            Contact.country,
            sa.func.coalesce(_group.c.abbreviation, _group.c.name).label("group"),
            (Contact.mandate_end < i18n.today()).label("mandate_ended"),
        )
        .select_from(Target)
        .join(Contact, Contact.id == Target.contact_id)
        .outerjoin(User, User.id == Target.owner_id)
        .outerjoin(_group, _group.c.id == Contact.group_id)
    )


_ORDER = (Target.due_order, Target.priority_order, Target.id)


def board(campaign_id: int, chosen: TargetFilter) -> list[Column]:
    """Every stage with its count and its first COLUMN_SIZE targets, next steps due first; at most three queries."""
    totals, first = (_met if chosen.finds_few else _walked)(campaign_id, chosen)
    cards: dict[Stage, list[AnyRow]] = defaultdict(list)
    for card in db.session.execute(_cards().where(Target.id.in_(first)).order_by(*_ORDER)):
        cards[card.stage].append(card)
    return [Column(stage, totals[stage], cards[stage], _next(totals[stage], cards[stage])) for stage in Stage]


def _walked(campaign_id: int, chosen: TargetFilter) -> tuple[dict[Stage, int], AnySelect]:
    """Counts, and a select of the first ids of each stage: the board's index has them in their order."""
    tops = [
        chosen.apply(sa.select(Target.id).where(Target.campaign_id == campaign_id, Target.stage == stage))
        .order_by(*_ORDER)
        .limit(COLUMN_SIZE)
        .subquery()
        for stage in Stage
    ]
    first = sa.union_all(*(sa.select(top.c.id) for top in tops)).subquery()
    return stage_counts(campaign_id, chosen), sa.select(first.c.id)


def _met(campaign_id: int, chosen: TargetFilter) -> tuple[dict[Stage, int], list[int]]:
    """Counts, and the first ids of each stage, met in one walk: the few contacts are gathered once."""
    place = sa.func.row_number().over(partition_by=Target.stage, order_by=_ORDER).label("place")
    count = sa.func.count().over(partition_by=Target.stage).label("total")
    statement: AnySelect = sa.select(Target.id, Target.stage, place, count).where(Target.campaign_id == campaign_id)
    met = chosen.apply(statement).subquery()
    totals = dict.fromkeys(Stage, 0)
    first = []
    for row in db.session.execute(sa.select(met.c.id, met.c.stage, met.c.total).where(met.c.place <= COLUMN_SIZE)):
        totals[row.stage] = row.total
        first.append(row.id)
    return totals, first


def _next(total: int, cards: Rows) -> str | None:
    return cursor_after(cards[-1], ("due_order", "priority_order", "id")) if total > len(cards) else None


def column(campaign_id: int, chosen: TargetFilter, stage: Stage, cursor: str | None) -> Column:
    """The cards of one column that come after the cursor, COLUMN_SIZE of them; its total is not counted anew."""
    statement = chosen.apply(_cards().where(Target.campaign_id == campaign_id, Target.stage == stage), joined=True)
    found = page(statement, SORTS["due"], cursor, COLUMN_SIZE)
    return Column(stage, len(found.rows), found.rows, found.next)


def targets_page(campaign_id: int, chosen: TargetFilter, sort: str, cursor: str | None) -> Page:
    """Targets of a campaign the filter lets through, in one of the SORTS."""
    statement = chosen.apply(_cards().where(Target.campaign_id == campaign_id), joined=True)
    return page(statement, SORTS[sort], cursor)


def next_steps(campaign_id: int, limit: int = 10) -> Rows:
    """The open targets whose next steps are due first."""
    statement = _cards().where(Target.campaign_id == campaign_id, Target.due_order < NO_NEXT_STEP)
    return db.session.execute(statement.order_by(Target.due_order, Target.priority_order, Target.id).limit(limit)).all()


def target(target_id: int) -> AnyRow | None:
    """One target with the columns of a card and `campaign`, the campaign's name."""
    statement = _cards().add_columns(Campaign.name.label("campaign")).join(Campaign, Campaign.id == Target.campaign_id)
    return db.session.execute(statement.where(Target.id == target_id)).one_or_none()


def moves_of(target_id: int) -> Rows:
    """The moves of one target, the latest first: from_stage, to_stage, close_reason, note, at, actor."""
    statement = sa.select(
        StageMove.from_stage,
        StageMove.to_stage,
        StageMove.close_reason,
        StageMove.note,
        StageMove.at,
        StageMove.actor,
    ).where(StageMove.target_id == target_id)
    return db.session.execute(statement.order_by(StageMove.at.desc(), StageMove.id.desc())).all()


def recently_moved(campaign_id: int, limit: int = 8) -> Rows:
    """The targets of a campaign that moved last: target_id, name, stage, close_reason, stage_since."""
    statement = (
        sa.select(
            Target.id.label("target_id"),
            Contact.name,
            Target.stage,
            Target.close_reason,
            Target.stage_since,
        )
        .join(Contact, Contact.id == Target.contact_id)
        .where(Target.campaign_id == campaign_id, Target.stage != Stage.IDENTIFIED)
    )
    return db.session.execute(statement.order_by(Target.stage_since.desc(), Target.id.desc()).limit(limit)).all()


def targets_of_campaign(campaign_id: int, target_ids: Sequence[int]) -> list[int]:
    """Those of the ids that are targets of this campaign."""
    found: list[int] = []
    for start in range(0, len(target_ids), _CHUNK):
        chunk = target_ids[start : start + _CHUNK]
        found += db.session.scalars(
            sa.select(Target.id).where(Target.id.in_(chunk), Target.campaign_id == campaign_id).order_by(Target.id)
        )
    return found


def target_ids(campaign_id: int, chosen: TargetFilter) -> Sequence[int]:
    """Ids of every target of a campaign the filter lets through."""
    statement: AnySelect = sa.select(Target.id).where(Target.campaign_id == campaign_id)
    return db.session.scalars(chosen.apply(statement).order_by(Target.id)).all()


def contact_ids(chosen: ContactFilter) -> Sequence[int]:
    """Ids of every contact the filter finds."""
    return db.session.scalars(chosen.apply(sa.select(Contact.id))).all()


def contacts_of_targets(target_ids: Sequence[int]) -> list[int]:
    """Ids of the contacts these targets are."""
    found: list[int] = []
    for start in range(0, len(target_ids), _CHUNK):
        found += db.session.scalars(
            sa.select(Target.contact_id).where(Target.id.in_(target_ids[start : start + _CHUNK]))
        )
    return found


def contact_exists(contact_id: int) -> bool:
    """Whether there is such a contact."""
    return db.session.scalar(sa.select(Contact.id).where(Contact.id == contact_id)) is not None


def targets_of_contact(contact_id: int) -> Rows:
    """Where a contact stands in each campaign, by the campaign's name: card columns and `campaign`."""
    statement = _cards().add_columns(Campaign.name.label("campaign")).join(Campaign, Campaign.id == Target.campaign_id)
    return db.session.execute(statement.where(Target.contact_id == contact_id).order_by(Campaign.name)).all()


@dataclass(frozen=True)
class Candidates:
    """Contacts a filter finds, seen from a campaign: how many are there, how many of them it has already."""

    found: int
    already: int
    sample: Rows

    @property
    def new(self) -> int:
        """How many adding them would add."""
        return self.found - self.already


def candidates(campaign_id: int, chosen: ContactFilter, sample: int = 12) -> Candidates:
    """What adding the contacts of a ContactFilter would come to, with the first of those that are new."""
    in_campaign = sa.select(Target.contact_id).where(Target.campaign_id == campaign_id)
    inside = Contact.id.in_(in_campaign)
    counted = chosen.apply(sa.select(sa.func.count(), sa.func.sum(sa.case((inside, 1), else_=0))).select_from(Contact))
    found, already = db.session.execute(counted).one()
    named = chosen.apply(sa.select(Contact.id, Contact.name, Contact.category, Contact.country).where(sa.not_(inside)))
    rows = db.session.execute(named.order_by(Contact.sort_name, Contact.id).limit(sample)).all()
    return Candidates(found, already or 0, rows)
