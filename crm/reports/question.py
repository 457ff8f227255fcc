"""What a report is asked: of which campaign, since when, until which day, for whose targets, and who reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Self, TypeAlias
from urllib.parse import urlencode

import sqlalchemy as sa
from flask_babel import gettext
from sqlalchemy.orm import InstrumentedAttribute
from werkzeug.exceptions import BadRequest

from crm import clock, i18n
from crm.accounts.models import User
from crm.database import read_id
from crm.filter_values import read_day, read_value
from crm.pipeline.filters import QUIET_USUALLY
from crm.pipeline.models import StageMove, Target
from crm.pipeline.past import end_of
from crm.stances.models import Statement
from crm.stances.past import fresh_since

USUAL_DAYS = 28
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Question:
    """A period of days from `since` to `day`, of a campaign's targets: all, or those of one team's owners.

    `past` says that the day is over, and so that everything is asked as it stood at its end; else it is as of now.
    `reader` is the team of whoever reads: what other teams keep to themselves counts for nothing.
    """

    campaign_id: int
    treaty_id: int
    since: date
    day: date
    past: bool
    team: int | None
    reader: int

    @classmethod
    def from_args(cls, campaign: Any, args: Mapping[str, Any], reader: int) -> Self:
        """Read it from query arguments. Raises BadRequest for nonsense, and for a period that ends before it begins."""
        today = i18n.today()
        day = min(read_value(args, "as_of", read_day) or today, today)
        since = read_value(args, "since", read_day) or day - timedelta(days=USUAL_DAYS - 1)
        if since > day:
            raise BadRequest(gettext("The period begins after the day it ends with: choose an earlier beginning."))
        team = read_value(args, "team", read_id)
        return cls(campaign.id, campaign.treaty_id, since, day, day < today, team, reader)

    def to_args(self, **others: Any) -> dict[str, Any]:
        """Query arguments that `from_args` reads back, with others in their place."""
        as_of = self.day if self.past else None
        own = {"campaign": self.campaign_id, "since": self.since, "as_of": as_of, "team": self.team, **others}
        return {name: str(value) for name, value in own.items() if value is not None}

    def listed(self) -> str:
        """What every list behind a figure is asked too, to be put behind other arguments."""
        own = {"owner_team": self.team, "as_of": self.day if self.past else None}
        return "".join(f"&{urlencode({name: value})}" for name, value in own.items() if value is not None)

    @property
    def shape(self) -> Shape:
        """What statements are built for."""
        return Shape(self.past, self.team is not None)

    def values(self) -> dict[str, Any]:
        """What the parameters of its shape stand for."""
        today = i18n.today()
        return {
            "campaign_id": self.campaign_id,
            "treaty_id": self.treaty_id,
            "begin": self.begin,
            "end": self.end,
            "day": self.day,
            "fresh": fresh_since(self.day),
            "team": self.team,
            "reader": self.reader,
            "today": today,
            "quiet_before": clock.now() - timedelta(days=QUIET_USUALLY),
        }

    @property
    def begin(self) -> datetime:
        """The moment the period begins."""
        return i18n.day_begins(self.since)

    @property
    def end(self) -> datetime | None:
        """The moment it ends; None for now."""
        return end_of(self.day) if self.past else None

    @property
    def week_since(self) -> date:
        """The first of the last seven days."""
        return self.day - WEEK + timedelta(days=1)


def parameter(name: str, column: InstrumentedAttribute[Any]) -> Any:
    """One of a question's values, of the type of this column."""
    return sa.bindparam(name, type_=column.type)


@dataclass(frozen=True)
class Shape:
    """A question as a statement sees it, with parameters for values: built once, and asked for everybody's `values`."""

    past: bool
    of_team: bool
    campaign_id: ClassVar[Any] = parameter("campaign_id", Target.campaign_id)
    treaty_id: ClassVar[Any] = parameter("treaty_id", Statement.treaty_id)
    begin: ClassVar[Any] = parameter("begin", StageMove.at)
    day: ClassVar[Any] = parameter("day", Statement.said_on)
    fresh: ClassVar[Any] = parameter("fresh", Statement.said_on)
    reader: ClassVar[Any] = parameter("reader", Statement.team_id)
    today: ClassVar[Any] = parameter("today", Target.next_step_due)
    quiet_before: ClassVar[Any] = parameter("quiet_before", Target.quiet_since)

    @property
    def team(self) -> Any:
        """The team whose targets are meant; None for all."""
        return parameter("team", User.team_id) if self.of_team else None

    @property
    def end(self) -> Any:
        """The moment the period ends; None for now."""
        return parameter("end", StageMove.at) if self.past else None


AnyQuestion: TypeAlias = Question | Shape
