"""Where a campaign's targets stand, how far they ever came, which stances they hold; by country and by group."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sqlalchemy as sa

from crm.directory.models import Contact
from crm.extensions import db
from crm.pipeline.furthest import place_of
from crm.pipeline.models import OPEN_STAGES, WON, CloseReason, Stage, StageMove, Target
from crm.pipeline.past import reason_at, stage_at
from crm.reports.queries.rows import is_late, of_moves, of_targets
from crm.reports.question import Question, Shape
from crm.stances.models import Stance
from crm.stances.past import held_stances, is_out_of_date

# In the place of a stance: held, and out of date.
OUTDATED = "stale"
Tally = Mapping[str, int]
# Of a contact whose country is not known.
_NOWHERE = "--"
_CELL = "cell"
_OPEN = frozenset(stage.value for stage in OPEN_STAGES)


@dataclass(frozen=True)
class FunnelRow:
    """One stage: how many targets ever came to it or passed it, and how many stand there."""

    stage: Stage
    reached: int
    now: int
    before: int | None

    @property
    def conversion(self) -> float | None:
        """Share of those who reached the stage before; None for the first stage and where nobody did."""
        return self.reached / self.before if self.before else None


@dataclass
class CountryRow:
    """Figures of the targets of one country (code, or None where it is not known)."""

    country: str | None
    total: int = 0
    contacted: int = 0
    talking: int = 0
    won: int = 0
    closed: int = 0
    overdue: int = 0


@dataclass
class Standing:
    """Targets counted: by stage, by furthest stage ever, by reason of closing, by country."""

    total: int = 0
    overdue: int = 0
    by_stage: dict[Stage, int] = field(default_factory=lambda: dict.fromkeys(Stage, 0))
    by_furthest: dict[Stage, int] = field(default_factory=lambda: dict.fromkeys(OPEN_STAGES, 0))
    by_reason: dict[CloseReason, int] = field(default_factory=dict)
    countries: dict[str | None, CountryRow] = field(default_factory=dict)

    @property
    def open(self) -> int:
        """Targets that are still pursued."""
        return self.total - self.by_stage[Stage.CLOSED]

    @property
    def won(self) -> int:
        """Targets that stand at committed or delivered."""
        return sum(self.by_stage[stage] for stage in WON)

    def reached(self, stage: Stage) -> int:
        """Targets that ever came to `stage` or passed it."""
        return sum(self.by_furthest[later] for later in OPEN_STAGES[OPEN_STAGES.index(stage) :])

    @property
    def funnel(self) -> list[FunnelRow]:
        """One row for each open stage, in their order."""
        return [
            FunnelRow(
                stage,
                self.reached(stage),
                self.by_stage[stage],
                self.reached(OPEN_STAGES[index - 1]) if index else None,
            )
            for index, stage in enumerate(OPEN_STAGES)
        ]


def _each(question: Shape) -> sa.CTE:
    """The targets there were: country, group_id, stood (why it was closed, else the stage), place, overdue, kind.

    `place` is that of the furthest stage in OPEN_STAGES, `kind` the stance on the campaign's lead treaty. Nothing is
    overdue on a day gone by: it is not known.
    """
    end = question.end
    held = held_stances(question.treaty_id, question.reader, question.day if question.past else None)
    kind = sa.case(
        (held.c.contact_id.is_(None), Stance.UNKNOWN.value),
        (is_out_of_date(held, question.day, question.fresh), OUTDATED),
        else_=sa.type_coerce(held.c.stance, sa.String),
    )
    stage, reason = (Target.stage, Target.close_reason) if end is None else (stage_at(end), reason_at(end))
    overdue = sa.case((is_late(question.today), 1), else_=0) if end is None else sa.literal(0)
    then = _furthest_then(question)
    found = (
        sa.select(
            Contact.country,
            Contact.group_id,
            sa.func.coalesce(sa.type_coerce(reason, sa.String), sa.type_coerce(stage, sa.String)).label("stood"),
            (Target.furthest if end is None else then.c.place).label("place"),
            overdue.label("overdue"),
            kind.label("kind"),
        )
        .select_from(Target)
        .join(Contact, Contact.id == Target.contact_id)
        .outerjoin(held, held.c.contact_id == Target.contact_id)
        .where(*of_targets(question))
    )
    if end is not None:
        # Every target has moved once, when it was added: one without a move by then was not there.
        found = found.join(then, then.c.target_id == Target.id)
    return found.cte("each")


def _furthest_then(question: Shape) -> sa.Subquery:
    """How far targets had come by a day gone by."""
    return (
        sa.select(StageMove.target_id, sa.func.max(place_of(StageMove.to_stage)).label("place"))
        .where(*of_moves(question))
        .group_by(StageMove.target_id)
        .subquery()
    )


@dataclass(frozen=True)
class Stances:
    """Targets by stance (or OUTDATED): all, by the id of their group, by country; `groups` are the groups' names."""

    all: Counter[str]
    by_group: Mapping[int | None, Tally]
    by_country: Mapping[str | None, Tally]
    groups: Mapping[int, str]


def _cell(country: Any, word: Any, number: Any) -> sa.ColumnElement[str]:
    """What a cell counts, as one short text: a database that sorts for its groups compares that soonest."""
    digits = sa.func.coalesce(sa.cast(number, sa.String), "")
    key: sa.ColumnElement[str] = sa.func.coalesce(country, _NOWHERE).concat(word).concat(digits)
    return key.label(_CELL)


def _parts(cell: str) -> tuple[str | None, str, str]:
    """Country, word and number of a cell; the country None and the number empty where there was none."""
    word = cell[2:].rstrip("0123456789")
    return None if cell.startswith(_NOWHERE) else cell[:2], word, cell[2 + len(word) :]


@cache
def _cells(question: Shape) -> sa.CompoundSelect[Any]:
    each = _each(question).c
    targets, overdue = sa.func.count().label("targets"), sa.func.sum(each.overdue).label("overdue")
    stood = sa.select(sa.literal(True).label("stands"), _cell(each.country, each.stood, each.place), targets, overdue)
    held = sa.select(sa.literal(False), _cell(each.country, each.kind, each.group_id), targets, sa.literal(0))
    # By its name: written out once more, it would be worked out twice.
    by_cell = sa.literal_column(_CELL, sa.String)
    return sa.union_all(stood.group_by(by_cell), held.group_by(by_cell))


def standing(question: Question) -> tuple[Standing, Stances]:
    """The figures of one campaign; two statements, and the targets are walked through once."""
    rows = db.session.execute(_cells(question.shape), question.values()).all()
    return _standing([row for row in rows if row.stands]), _stances([row for row in rows if not row.stands])


def _standing(cells: Iterable[Any]) -> Standing:
    found = Standing()
    for cell in cells:
        country, stood, furthest = _parts(cell.cell)
        place, closed = int(furthest), stood not in _OPEN
        stage = Stage.CLOSED if closed else Stage(stood)
        found.total += cell.targets
        found.overdue += cell.overdue
        found.by_stage[stage] += cell.targets
        found.by_furthest[OPEN_STAGES[place]] += cell.targets
        if closed and stood != Stage.CLOSED:
            reason = CloseReason(stood)
            found.by_reason[reason] = found.by_reason.get(reason, 0) + cell.targets
        row = found.countries.setdefault(country, CountryRow(country))
        row.total += cell.targets
        row.overdue += cell.overdue
        row.contacted += cell.targets if place > 0 else 0
        row.talking += cell.targets if place > 1 else 0
        row.won += cell.targets if stage in WON else 0
        row.closed += cell.targets if closed else 0
    found.by_reason = {reason: found.by_reason[reason] for reason in CloseReason if reason in found.by_reason}
    return found


def _stances(cells: Iterable[Any]) -> Stances:
    whole: Counter[str] = Counter()
    by_group: dict[int | None, Counter[str]] = defaultdict(Counter)
    by_country: dict[str | None, Counter[str]] = defaultdict(Counter)
    for cell in cells:
        country, kind, group = _parts(cell.cell)
        for tally in (whole, by_group[int(group) if group else None], by_country[country]):
            tally[kind] += cell.targets
    named = sa.select(Contact.id, sa.func.coalesce(Contact.__table__.c.abbreviation, Contact.name).label("name"))
    rows = db.session.execute(named.where(Contact.id.in_([each for each in by_group if each is not None])))
    return Stances(whole, by_group, by_country, {row.id: row.name for row in rows})
