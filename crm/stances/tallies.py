"""How many people hold which stance on a treaty, by political group and by country."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.directory.filters import ContactFilter
from crm.directory.models import Contact
from crm.extensions import db
from crm.stances.models import CurrentStance, Stance
from crm.stances.queries import seen_by

Tally = Mapping[Stance, int]


@dataclass(frozen=True)
class Tallies:
    """People by their current stance: all of them, and cut by the id of the group and the code of the country.

    None stands for those without a group or a country; `groups` are the names of the groups.
    """

    all: Tally
    by_group: Mapping[int | None, Tally]
    by_country: Mapping[str | None, Tally]
    groups: Mapping[int, str]


def tallies(treaty_id: int, team_id: int, whom: ContactFilter) -> Tallies:
    """The stances on the treaty that the team sees of everybody who passes the filter, in three queries."""
    people = sa.func.count().label("people")
    everybody = sa.select(Contact.group_id, Contact.country, people).group_by(Contact.group_id, Contact.country)
    # From the stances to their contacts: the other way round each contact would look through all of them.
    known: sa.Select[*tuple[Any, ...]] = (
        sa.select(Contact.group_id, Contact.country, CurrentStance.stance, people)
        .join(Contact, Contact.id == CurrentStance.contact_id)
        .where(CurrentStance.treaty_id == treaty_id, seen_by(team_id))
        .group_by(Contact.group_id, Contact.country, CurrentStance.stance)
    )
    whole: Counter[Stance] = Counter()
    by_group: dict[int | None, Counter[Stance]] = defaultdict(Counter)
    by_country: dict[str | None, Counter[Stance]] = defaultdict(Counter)

    def count(row: Any, stance: Stance, people: int) -> None:
        for tally in (whole, by_group[row.group_id], by_country[row.country]):
            tally[stance] += people

    for row in db.session.execute(whom.apply(everybody)):
        count(row, Stance.UNKNOWN, row.people)
    for row in db.session.execute(whom.apply(known)):
        count(row, row.stance, row.people)
        count(row, Stance.UNKNOWN, -row.people)
    named = sa.select(Contact.id, sa.func.coalesce(Contact.__table__.c.abbreviation, Contact.name).label("name"))
    found = db.session.execute(named.where(Contact.id.in_([each for each in by_group if each is not None])))
    return Tallies(whole, by_group, by_country, {row.id: row.name for row in found})
