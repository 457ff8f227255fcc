"""What the pipeline report says: every figure from one statement, so that all are of one moment and add up."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from crm import clock
from crm.directory.models import Contact
from crm.extensions import db
from crm.letters.models import Mailing
from crm.outbox.models import MessageState, OutgoingMessage
from crm.pipeline.filters import is_overdue
from crm.pipeline.models import OPEN_STAGES, CloseReason, Stage, StageMove, Target

WON = (Stage.COMMITTED, Stage.DELIVERED)


@dataclass(frozen=True)
class FunnelRow:
    """One stage: how many targets ever came to it or passed it, and how many stand there now."""

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
    won: int = 0
    closed: int = 0
    overdue: int = 0


@dataclass
class PipelineReport:
    """A campaign's targets counted: by stage now, by furthest stage ever, by reason of closing, by country."""

    as_of: datetime
    total: int = 0
    overdue: int = 0
    by_stage: dict[Stage, int] = field(default_factory=lambda: dict.fromkeys(Stage, 0))
    by_furthest: dict[Stage, int] = field(default_factory=lambda: dict.fromkeys(OPEN_STAGES, 0))
    by_reason: dict[CloseReason, int] = field(default_factory=dict)
    countries: list[CountryRow] = field(default_factory=list)

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


def _targets(campaign_id: int) -> sa.Subquery:
    """The campaign's targets, each with `place`, the furthest open stage it ever stood at as a place in OPEN_STAGES."""
    place = sa.case({stage: number for number, stage in enumerate(OPEN_STAGES)}, value=StageMove.to_stage, else_=0)
    return (
        sa.select(
            Target.contact_id,
            Target.stage,
            Target.close_reason,
            sa.case((is_overdue(), 1), else_=0).label("overdue"),
            sa.func.coalesce(sa.func.max(place), 0).label("place"),
        )
        .outerjoin(StageMove, StageMove.target_id == Target.id)
        .where(Target.campaign_id == campaign_id)
        .group_by(Target.id)
        .subquery()
    )


def pipeline_report(campaign_id: int) -> PipelineReport:
    """The figures of one campaign, now; one statement for any number of targets."""
    report = PipelineReport(as_of=clock.now())
    each = _targets(campaign_id).c
    cells = db.session.execute(
        sa.select(
            Contact.country,
            each.stage,
            each.close_reason,
            each.place,
            sa.func.count().label("targets"),
            sa.func.sum(each.overdue).label("overdue"),
        )
        .join(Contact, Contact.id == each.contact_id)
        .group_by(Contact.country, each.stage, each.close_reason, each.place)
    )
    countries: dict[str | None, CountryRow] = {}
    reasons: dict[CloseReason, int] = defaultdict(int)
    for cell in cells:
        report.total += cell.targets
        report.overdue += cell.overdue
        report.by_stage[cell.stage] += cell.targets
        report.by_furthest[OPEN_STAGES[cell.place]] += cell.targets
        if cell.close_reason is not None:
            reasons[cell.close_reason] += cell.targets
        row = countries.setdefault(cell.country, CountryRow(cell.country))
        row.total += cell.targets
        row.overdue += cell.overdue
        row.contacted += cell.targets if cell.place > 0 else 0
        row.won += cell.targets if cell.stage in WON else 0
        row.closed += cell.targets if cell.stage is Stage.CLOSED else 0
    report.by_reason = {reason: reasons[reason] for reason in CloseReason if reasons[reason]}
    report.countries = list(countries.values())
    return report


def letters_by_state(campaign_id: int) -> dict[MessageState, int]:
    """How many letters of the campaign's mailings stand in each state of the outbox."""
    statement = (
        sa.select(OutgoingMessage.state, sa.func.count().label("letters"))
        .join(Mailing, Mailing.batch_id == OutgoingMessage.batch_id)
        .where(Mailing.campaign_id == campaign_id)
        .group_by(OutgoingMessage.state)
    )
    return {row.state: row.letters for row in db.session.execute(statement)}
