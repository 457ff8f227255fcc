"""Which stances the targets hold, by political group and by country, with what is out of date and unknown apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.directory.models import Contact
from crm.extensions import db
from crm.pipeline.models import StageMove, Target
from crm.reports.queries.rows import of_targets
from crm.reports.question import Question
from crm.stances.models import Stance
from crm.stances.past import held_stances, is_out_of_date

# In the place of a stance: held, and out of date.
OUTDATED = "stale"
Tally = Mapping[str, int]


@dataclass(frozen=True)
class Stances:
    """Targets by stance (or OUTDATED): all, by the id of their group, by country; `groups` are the groups' names."""

    all: Tally
    by_group: Mapping[int | None, Tally]
    by_country: Mapping[str | None, Tally]
    groups: Mapping[int, str]


def stances(question: Question) -> Stances:
    """The stances on the campaign's lead treaty that the reader's team sees; two queries."""
    held = held_stances(question.treaty_id, question.reader, question.day if question.past else None)
    outdated = is_out_of_date(held, question.day)
    kind = sa.case(
        (held.c.contact_id.is_(None), Stance.UNKNOWN.value),
        (outdated, OUTDATED),
        else_=sa.cast(held.c.stance, sa.String),
    ).label("kind")
    counted: sa.Select[*tuple[Any, ...]] = (
        sa.select(Contact.group_id, Contact.country, kind, sa.func.count().label("targets"))
        .select_from(Target)
        .join(Contact, Contact.id == Target.contact_id)
        .outerjoin(held, held.c.contact_id == Target.contact_id)
        .where(*of_targets(question))
        .group_by(Contact.group_id, Contact.country, kind)
    )
    if question.end is not None:
        counted = counted.where(sa.exists().where(StageMove.target_id == Target.id, StageMove.at < question.end))
    whole: Counter[str] = Counter()
    by_group: dict[int | None, Counter[str]] = defaultdict(Counter)
    by_country: dict[str | None, Counter[str]] = defaultdict(Counter)
    for row in db.session.execute(counted):
        for tally in (whole, by_group[row.group_id], by_country[row.country]):
            tally[row.kind] += row.targets
    named = sa.select(Contact.id, sa.func.coalesce(Contact.__table__.c.abbreviation, Contact.name).label("name"))
    found = db.session.execute(named.where(Contact.id.in_([each for each in by_group if each is not None])))
    return Stances(whole, by_group, by_country, {row.id: row.name for row in found})
