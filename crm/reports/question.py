"""What a report is asked: of which campaign, since when, until which day, for whose targets, and who reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self
from urllib.parse import urlencode

from flask_babel import gettext
from werkzeug.exceptions import BadRequest

from crm import i18n
from crm.database import read_id
from crm.filter_values import read_day, read_value
from crm.pipeline.past import end_of

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
