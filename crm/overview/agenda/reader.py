"""For whom it waits: a user, or everybody in their team; and the same as parameters of statements built once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.functions import FunctionElement

from crm import clock, policy
from crm.accounts.models import User
from crm.history.queries import Whose
from crm.pipeline.filters import QUIET_USUALLY
from crm.policy import POLICY, Permission, Role

# A reply that nobody took up for so long is history.
REPLIES_WAIT = timedelta(days=14)
# Who of our contacts has left office is news for so long; as a target they stay until somebody decides.
LEFT_LATELY = timedelta(days=90)


class OnTheWay(FunctionElement[int]):
    """A column that SQLite is not to go in by, where it would rather use an index than keep the order of another.

    PostgreSQL weighs that by its statistics, which it has of the bare column alone.
    """

    type = sa.BigInteger()
    inherit_cache = True


@compiles(OnTheWay)
def _bare(element: Any, compiler: Any, **more: Any) -> str:
    return str(compiler.process(element.clauses, **more))


@compiles(OnTheWay, "sqlite")
def _without_index(element: Any, compiler: Any, **more: Any) -> str:
    return f"+{compiler.process(element.clauses, **more)}"


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

    def values(self) -> dict[str, Any]:
        """What the parameters of `Asked` stand for."""
        now = clock.now()
        return {
            "user_id": self.user_id,
            "team_id": self.team_id,
            "day": self.day,
            "lately": self.day - LEFT_LATELY,
            "quiet_before": now - timedelta(days=QUIET_USUALLY),
            "replied_after": now - REPLIES_WAIT,
        }


def parameter(name: str, column: InstrumentedAttribute[Any]) -> sa.BindParameter[Any]:
    """One of the reader's values, of the type of this column."""
    return sa.bindparam(name, type_=column.type)


@dataclass(frozen=True)
class Asked:
    """The reader as a statement sees them: it is built once for each `whose`, and asked with everybody's values."""

    whose: Whose

    def owns(self, owner: InstrumentedAttribute[Any]) -> sa.ColumnElement[bool]:
        """Rows that are the reader's, or anybody's in the team, by the column that says whose they are."""
        if self.whose is Whose.MINE:
            return owner == parameter("user_id", User.id)
        return owner.in_(sa.select(User.id).where(User.team_id == parameter("team_id", User.team_id)))

    def owns_on_the_way(self, owner: InstrumentedAttribute[Any]) -> sa.ColumnElement[bool]:
        """The same where rows come in another order: a team's are many, and their order is worth more than an index."""
        return self.owns(owner) if self.whose is Whose.MINE else self.owns_of_found(owner)

    def owns_of_found(self, owner: InstrumentedAttribute[Any]) -> sa.ColumnElement[bool]:
        """The same of rows that are found by another column already, of which there is one or two."""
        if self.whose is Whose.MINE:
            return OnTheWay(owner) == parameter("user_id", User.id)
        team = sa.select(User.id).where(User.team_id == parameter("team_id", User.team_id))
        return OnTheWay(owner).in_(team)

    def sees(self, team: InstrumentedAttribute[Any]) -> sa.ColumnElement[bool]:
        """Rows the reader's team may see."""
        return policy.visible_to(team, parameter("team_id", User.team_id))
