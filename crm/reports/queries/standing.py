"""Where a campaign's targets stand, how far they ever came, and the same by country."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import sqlalchemy as sa

from crm.directory.models import Contact
from crm.extensions import db
from crm.letters.models import Mailing
from crm.outbox.models import MessageState, OutgoingMessage
from crm.pipeline.filters import is_overdue
from crm.pipeline.models import OPEN_STAGES, WON, CloseReason, Stage, StageMove, Target
from crm.pipeline.past import reason_at, stage_at
from crm.reports.queries.rows import of_moves, of_targets
from crm.reports.question import Question


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


def _stood(question: Question) -> sa.Subquery:
    """The targets there were: id, contact_id, stage, close_reason, overdue (0 for a past day: it is not known)."""
    end = question.end
    if end is None:
        overdue = sa.case((is_overdue(), 1), else_=0).label("overdue")
        now = sa.select(Target.id, Target.contact_id, Target.stage, Target.close_reason, overdue)
        return now.where(*of_targets(question)).subquery()
    then = sa.select(
        Target.id,
        Target.contact_id,
        stage_at(end).label("stage"),
        reason_at(end).label("close_reason"),
        sa.literal(0).label("overdue"),
    )
    there = sa.exists().where(StageMove.target_id == Target.id, StageMove.at < end)
    return then.where(*of_targets(question), there).subquery()


def standing(question: Question) -> Standing:
    """The figures of one campaign; one statement for any number of targets."""
    furthest = (
        sa.select(StageMove.target_id, sa.func.max(StageMove.place).label("place"))
        .where(*of_moves(question))
        .group_by(StageMove.target_id)
        .subquery()
    )
    each, place = _stood(question).c, sa.func.coalesce(furthest.c.place, 0).label("place")
    cells = db.session.execute(
        sa.select(
            Contact.country,
            each.stage,
            each.close_reason,
            place,
            sa.func.count().label("targets"),
            sa.func.sum(each.overdue).label("overdue"),
        )
        .join(Contact, Contact.id == each.contact_id)
        .outerjoin(furthest, furthest.c.target_id == each.id)
        .group_by(Contact.country, each.stage, each.close_reason, place)
    )
    found = Standing()
    reasons: dict[CloseReason, int] = defaultdict(int)
    for cell in cells:
        found.total += cell.targets
        found.overdue += cell.overdue
        found.by_stage[cell.stage] += cell.targets
        found.by_furthest[OPEN_STAGES[cell.place]] += cell.targets
        if cell.close_reason is not None:
            reasons[cell.close_reason] += cell.targets
        row = found.countries.setdefault(cell.country, CountryRow(cell.country))
        row.total += cell.targets
        row.overdue += cell.overdue
        row.contacted += cell.targets if cell.place > 0 else 0
        row.talking += cell.targets if cell.place > 1 else 0
        row.won += cell.targets if cell.stage in WON else 0
        row.closed += cell.targets if cell.stage is Stage.CLOSED else 0
    found.by_reason = {reason: reasons[reason] for reason in CloseReason if reasons[reason]}
    return found


def letters_by_state(campaign_id: int) -> dict[MessageState, int]:
    """How many letters of the campaign's mailings stand in each state of the outbox."""
    statement = (
        sa.select(OutgoingMessage.state, sa.func.count().label("letters"))
        .join(Mailing, Mailing.batch_id == OutgoingMessage.batch_id)
        .where(Mailing.campaign_id == campaign_id)
        .group_by(OutgoingMessage.state)
    )
    return {row.state: row.letters for row in db.session.execute(statement)}
