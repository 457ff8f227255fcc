"""Who holds which stance on a day, as rows a database counts: today's projection, or the rule itself for a past day.

The rule is `derivation` in SQL: what a statement weighs is the day it was said, less what an unsure one counts older.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from crm.directory.models import Contact
from crm.stances.derivation import COUNTS_OLDER, months_before
from crm.stances.models import SHARED, Confidence, CurrentStance, Statement
from crm.stances.queries import is_valid, stale_months, visible_to

_own = sa.orm.aliased(CurrentStance)


class _Days(FunctionElement[float]):
    """A date as a number of days."""

    type = sa.Float()
    inherit_cache = True


@compiles(_Days)
def _days(element: Any, compiler: Any, **more: Any) -> str:
    return f"({compiler.process(element.clauses, **more)} - DATE '2000-01-01')"


@compiles(_Days, "sqlite")
def _julian_days(element: Any, compiler: Any, **more: Any) -> str:
    return f"julianday({compiler.process(element.clauses, **more)})"


def _then(treaty_id: int, team_id: int | None, on: date) -> sa.Subquery:
    older = sa.case({sure: days.days for sure, days in COUNTS_OLDER.items()}, value=Statement.confidence)
    unsureness = sa.case({sure: place for place, sure in enumerate(Confidence)}, value=Statement.confidence)
    order = ((_Days(Statement.said_on) - older).desc(), unsureness, Statement.id.desc())
    place = sa.func.row_number().over(partition_by=Statement.contact_id, order_by=order).label("place")
    said = (
        sa.select(Statement.contact_id, Statement.stance, Statement.said_on, place)
        .where(Statement.treaty_id == treaty_id, Statement.said_on <= on, visible_to(team_id), is_valid())
        .subquery()
    )
    return sa.select(said.c.contact_id, said.c.stance, said.c.said_on).where(said.c.place == 1).subquery("held")


def held_stances(treaty_id: int, team_id: int | None, on: date | None = None) -> sa.Subquery:
    """Contacts that had said anything of the treaty by the end of `on` (today's end: None), as the team sees them.

    Columns are contact_id, stance and said_on, the day of the statement that decided.
    """
    if on is not None:
        return _then(treaty_id, team_id, on)
    now = CurrentStance
    known = sa.select(now.contact_id, now.stance, now.said_on).where(now.treaty_id == treaty_id)
    if team_id is None:
        return known.where(now.scope == SHARED).subquery("held")
    # As `seen_by`; what a team has of its own is little, and is looked up once for all contacts.
    own = sa.select(_own.contact_id).where(_own.treaty_id == treaty_id, _own.scope == team_id)
    return known.where(now.scope == sa.case((now.contact_id.in_(own), team_id), else_=SHARED)).subquery("held")


def fresh_since(on: date) -> date:
    """The first day of which a stance is not too old on a day."""
    return months_before(on, stale_months())


def is_out_of_date(held: sa.Subquery, on: date, fresh: date) -> sa.ColumnElement[bool]:
    """Whether a stance of `held_stances` was out of date on a day, as `derivation.staleness` says it.

    `fresh` is what `fresh_since` says of the day. For a select that has `Contact` in it.
    """
    left_office = sa.and_(Contact.mandate_end < on, held.c.said_on <= Contact.mandate_end)
    return sa.or_(held.c.said_on < fresh, sa.func.coalesce(left_office, sa.false()))
