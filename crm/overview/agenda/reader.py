"""For whom it waits: a user, or everybody in their team."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from crm import policy
from crm.accounts.models import User
from crm.history.queries import Whose
from crm.policy import POLICY, Permission, Role


@dataclass(frozen=True)
class Reader:
    """Who reads, what is theirs, and which day it is where they are."""

    user_id: int
    team_id: int
    role: Role
    whose: Whose
    day: date

    def holds(self, permission: Permission) -> bool:
        """Whether the reader's role holds it."""
        return permission in POLICY[self.role]

    def owns(self, owner: InstrumentedAttribute[Any]) -> sa.ColumnElement[bool]:
        """Rows that are the reader's, or anybody's in the team, by the column that says whose they are."""
        if self.whose is Whose.MINE:
            return owner == self.user_id
        return owner.in_(sa.select(User.id).where(User.team_id == self.team_id))

    def sees(self, team: InstrumentedAttribute[Any]) -> sa.ColumnElement[bool]:
        """Rows the reader's team may see."""
        return policy.visible_to(team, self.team_id)
