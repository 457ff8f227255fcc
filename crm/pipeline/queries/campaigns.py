"""Reads of campaigns: one, a page of them, how their targets stand, how far their goal is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa

from crm import i18n
from crm.accounts.models import Team, User
from crm.directory.labels import country_label
from crm.extensions import db
from crm.paging import Page, SortKey, page
from crm.pipeline.models import Campaign, CampaignState, CampaignTreaty, Stage, Target
from crm.pipeline.queries.rows import AnyRow, AnySelect, Rows
from crm.treaties.models import Standing, Treaty
from crm.treaties.queries import StateRow, TreatyStatus, treaty_status, treaty_statuses


@dataclass(frozen=True)
class CampaignFigures:
    """Counts of one campaign's targets."""

    by_stage: dict[Stage, int]

    @property
    def total(self) -> int:
        """All targets, closed ones too."""
        return sum(self.by_stage.values())

    @property
    def won(self) -> int:
        """Targets that stand at committed or delivered."""
        return self.by_stage[Stage.COMMITTED] + self.by_stage[Stage.DELIVERED]


def _campaign_columns() -> AnySelect:
    return (
        sa.select(
            Campaign.id,
            Campaign.name,
            Campaign.goal,
            Campaign.goal_count,
            Campaign.goal_by,
            Campaign.counts_from,
            Campaign.treaty_id,
            Campaign.team_id,
            Campaign.owner_id,
            Campaign.archived_at,
            User.name.label("owner"),
            Treaty.code.label("treaty_code"),
            Treaty.name.label("treaty"),
            Team.name.label("team"),
        )
        .join(User, User.id == Campaign.owner_id)
        .join(Team, Team.id == Campaign.team_id)
        .join(Treaty, Treaty.id == Campaign.treaty_id)
    )


def campaign(campaign_id: int) -> AnyRow | None:
    """One campaign with its columns, and treaty_code, treaty, team, owner: their names."""
    return db.session.execute(_campaign_columns().where(Campaign.id == campaign_id)).one_or_none()


def campaigns_page(cursor: str | None, *, archived: bool = False) -> Page:
    """Campaigns by name, those that are archived or the others, with the columns of `campaign`."""
    put_away = Campaign.archived_at.is_not(None) if archived else Campaign.archived_at.is_(None)
    keys: list[Any] = [Campaign.name, Campaign.id]
    return page(_campaign_columns().where(put_away), [SortKey(key) for key in keys], cursor)


def archived_count() -> int:
    """How many campaigns are put away."""
    return db.session.scalar(sa.select(sa.func.count()).where(Campaign.archived_at.is_not(None))) or 0


def campaigns_and(campaign_id: int | None) -> Rows:
    """Every campaign that is not archived, and that one, by name, with the columns of `campaign`."""
    meant: sa.ColumnElement[bool] = Campaign.archived_at.is_(None)
    if campaign_id is not None:
        meant = sa.or_(meant, Campaign.id == campaign_id)
    return db.session.execute(_campaign_columns().where(meant).order_by(Campaign.name)).all()


def campaign_names() -> list[tuple[int, str]]:
    """Id and name of every campaign that is not archived, by name."""
    statement = sa.select(Campaign.id, Campaign.name).where(Campaign.archived_at.is_(None)).order_by(Campaign.name)
    return [(row.id, row.name) for row in db.session.execute(statement)]


def figures(campaign_ids: Sequence[int]) -> dict[int, CampaignFigures]:
    """Counts of the targets of each of these campaigns, in one query."""
    counts: dict[int, dict[Stage, int]] = {campaign_id: dict.fromkeys(Stage, 0) for campaign_id in campaign_ids}
    statement = (
        sa.select(Target.campaign_id, Target.stage, sa.func.count())
        .where(Target.campaign_id.in_(campaign_ids))
        .group_by(Target.campaign_id, Target.stage)
    )
    for campaign_id, stage, count in db.session.execute(statement):
        counts[campaign_id][stage] = count
    return {campaign_id: CampaignFigures(by_stage) for campaign_id, by_stage in counts.items()}


def other_treaties(campaign_id: int) -> Rows:
    """The treaties beside the lead treaty, by their codes: id, code, name."""
    statement = (
        sa.select(Treaty.id, Treaty.code, Treaty.name)
        .join(CampaignTreaty, CampaignTreaty.treaty_id == Treaty.id)
        .where(CampaignTreaty.campaign_id == campaign_id)
    )
    return db.session.execute(statement.order_by(Treaty.code)).all()


def target_states(campaign_id: int) -> list[str]:
    """Codes of the states the campaign wants to ratify."""
    statement = sa.select(CampaignState.state).where(CampaignState.campaign_id == campaign_id)
    return list(db.session.scalars(statement.order_by(CampaignState.state)))


@dataclass(frozen=True)
class Goal:
    """How far a campaign's goal is on a day.

    `won` are the target states that became parties to the lead treaty since the campaign counts, `before` those that
    were parties already, `open` all others.
    """

    count: int | None
    by: date | None
    on: date
    won: Sequence[StateRow] = ()
    before: Sequence[StateRow] = ()
    open: Sequence[StateRow] = field(default_factory=list)

    @property
    def short(self) -> int | None:
        """How many states are missing; None where no number was set."""
        return None if self.count is None else max(0, self.count - len(self.won))

    @property
    def days_left(self) -> int | None:
        """Days until the goal's date, negative after it; None where no date was set."""
        return None if self.by is None else (self.by - self.on).days

    @property
    def states(self) -> int:
        """How many target states there are."""
        return len(self.won) + len(self.before) + len(self.open)


def _goal(row: AnyRow, states: Collection[str], status: TreatyStatus) -> Goal:
    wanted = sorted(
        (each for each in status.states if each.state in states), key=lambda each: country_label(each.state)
    )
    parties = [each for each in wanted if each.standing is Standing.PARTY]
    won = [each for each in parties if each.latest and each.latest.done_on >= row.counts_from]
    return Goal(
        row.goal_count,
        row.goal_by,
        status.as_of,
        won,
        [each for each in parties if each not in won],
        [each for each in wanted if each not in parties],
    )


def goal(row: AnyRow, on: date | None = None) -> Goal:
    """How far the goal of a campaign (a row of `campaign`) is at the end of a day, today's if none; two queries."""
    return _goal(row, target_states(row.id), treaty_status(row.treaty_id, on or i18n.today()))


def goals(rows: Sequence[AnyRow]) -> dict[int, Goal]:
    """The same for rows of `campaigns_page`, by campaign; two queries for all of them."""
    today = i18n.today()
    statuses: Mapping[int, TreatyStatus] = treaty_statuses(today)
    states: dict[int, set[str]] = defaultdict(set)
    listed = sa.select(CampaignState.campaign_id, CampaignState.state)
    for campaign_id, state in db.session.execute(listed.where(CampaignState.campaign_id.in_([row.id for row in rows]))):
        states[campaign_id].add(state)
    nothing = TreatyStatus(today, [])
    return {row.id: _goal(row, states[row.id], statuses.get(row.treaty_id, nothing)) for row in rows}
