"""Campaigns: their treaties, target states, and the goal they are counted towards."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm import clock
from crm.accounts.models import Team, User
from crm.database import Base
from crm.treaties.models import Treaty


class Campaign(Base):
    """An effort for the ratification of a treaty, with its goal and the day it is to be reached.

    `goal_count` is how many of the target states are to become parties to the lead treaty by `goal_by`; what they did
    counts from `counts_from` on. `goal` says the same in the campaign's own words.
    """

    __tablename__ = "campaign"

    name: Mapped[str] = mapped_column(sa.String(160), unique=True)
    treaty_id: Mapped[int] = mapped_column(sa.ForeignKey("treaty.id"), index=True)
    goal: Mapped[str] = mapped_column(sa.String(300), default="")
    goal_count: Mapped[int | None]
    goal_by: Mapped[date | None]
    counts_from: Mapped[date] = mapped_column(default=clock.today)
    team_id: Mapped[int] = mapped_column(sa.ForeignKey("team.id"), index=True)
    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    archived_at: Mapped[datetime | None]

    treaty: Mapped[Treaty] = relationship(lazy="joined", innerjoin=True)
    team: Mapped[Team] = relationship()
    owner: Mapped[User] = relationship()


class CampaignTreaty(Base):
    """A treaty the campaign is about beside its lead treaty."""

    __tablename__ = "campaign_treaty"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "treaty_id"),)

    campaign_id: Mapped[int] = mapped_column(sa.ForeignKey("campaign.id"))
    treaty_id: Mapped[int] = mapped_column(sa.ForeignKey("treaty.id"), index=True)


class CampaignState(Base):
    """A state the campaign wants to ratify, by ISO 3166-1 alpha-2."""

    __tablename__ = "campaign_state"
    __table_args__ = (sa.UniqueConstraint("campaign_id", "state"),)

    campaign_id: Mapped[int] = mapped_column(sa.ForeignKey("campaign.id"))
    state: Mapped[str] = mapped_column(sa.String(2))
