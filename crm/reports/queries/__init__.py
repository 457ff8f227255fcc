"""What the pipeline report says: each figure from a grouped statement, the same number of them at any size."""

from crm.reports.queries.activity import Officer, officers
from crm.reports.queries.course import Course, Moves, Stays, Week, course, stays
from crm.reports.queries.deeds import (
    BY_OFFICER,
    INTERACTIONS,
    NO_OFFICER,
    Asked,
    Deed,
    activity_count,
    activity_page,
)
from crm.reports.queries.promises import Promises, promises
from crm.reports.queries.standing import OUTDATED, CountryRow, FunnelRow, Stances, Standing, Tally, standing

__all__ = [
    "BY_OFFICER",
    "INTERACTIONS",
    "NO_OFFICER",
    "OUTDATED",
    "Asked",
    "CountryRow",
    "Course",
    "Deed",
    "FunnelRow",
    "Moves",
    "Officer",
    "Promises",
    "Stances",
    "Standing",
    "Stays",
    "Tally",
    "Week",
    "activity_count",
    "activity_page",
    "course",
    "officers",
    "promises",
    "standing",
    "stays",
]
