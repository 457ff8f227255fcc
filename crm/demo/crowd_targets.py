"""The campaign of a crowd: every fifth of its people is a target, with moves, letters and some commitments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import sqlalchemy as sa

from crm.accounts.models import User
from crm.database import Base
from crm.extensions import db
from crm.pipeline.actions import create_campaign
from crm.pipeline.models import (
    OPEN_STAGES,
    Campaign,
    CloseReason,
    Commitment,
    CommitmentState,
    Priority,
    Stage,
    StageMove,
    Target,
)
from crm.places.european_union import eu_members
from crm.timeline.models import EntryKind, TimelineEntry
from crm.treaties.models import Treaty
from crm.unit_of_work import current_unit_of_work

NAME = "Campaign of the Crowd"
ONE_IN = 5
_WEIGHTS = {
    Stage.IDENTIFIED: 40,
    Stage.CONTACTED: 25,
    Stage.IN_DIALOGUE: 15,
    Stage.CONVINCED: 8,
    Stage.COMMITTED: 5,
    Stage.DELIVERED: 2,
    Stage.CLOSED: 5,
}
_PRIORITIES = {Priority.HIGH: 15, Priority.NORMAL: 65, Priority.LOW: 20}
_STEPS = ("Call the assistant", "Send the briefing", "Ask for a meeting", "Meet after the committee", "")
_WORDS = "I will vote for ratification when it comes to the floor."
_ACT = "Vote for ratification"


def _picked(random: Random, weights: dict[Any, int]) -> Any:
    return random.choices(list(weights), list(weights.values()))[0]


def start_campaign(size: int) -> CrowdCampaign | None:
    """The campaign of a crowd of so many, owned by the first user; None where nobody could own it."""
    owner = db.session.scalar(sa.select(User).order_by(User.id).limit(1))
    treaty_id = db.session.scalar(sa.select(Treaty.id).order_by(Treaty.code).limit(1))
    if owner is None or treaty_id is None or db.session.scalar(sa.select(Campaign.id).where(Campaign.name == NAME)):
        return None
    campaign = create_campaign(NAME, treaty_id, owner.team_id, owner.id, goal_count=3, states=eu_members())
    owners = list(db.session.scalars(sa.select(User.id).where(User.team_id == owner.team_id).order_by(User.id)))
    return CrowdCampaign(campaign.id, owners, Random(size))  # noqa: S311 - invented, not secret


class CrowdCampaign:
    """A campaign whose targets are written in bulk."""

    def __init__(self, campaign_id: int, owners: Sequence[int], random: Random) -> None:
        self.campaign_id = campaign_id
        self.owners: list[int | None] = [None, *owners]
        self.random = random

    def pursue(self, contact_ids: Sequence[int], now: datetime) -> None:
        """Make targets of these contacts, each with the moves that led to where it stands."""
        random = self.random
        rows, paths = [], []
        for contact_id in contact_ids:
            path = self._path(_picked(random, _WEIGHTS), now)
            rows.append(self._target(contact_id, path, now))
            paths.append(path)
        table = Target.__table__
        adding = sa.insert(table).returning(table.c.id, sort_by_parameter_order=True)  # type: ignore[arg-type]
        target_ids = list(db.session.scalars(adding, rows))
        moves: list[dict[str, Any]] = []
        events: list[dict[str, Any]] = []
        actor = current_unit_of_work().actor
        for target_id, row, path in zip(target_ids, rows, paths, strict=True):
            of_target = {"target_id": target_id, "campaign_id": self.campaign_id, "note": "", "actor": actor}
            before: Stage | None = None
            since = path[0][1]
            for stage, at in path:
                reason = row["close_reason"] if stage is Stage.CLOSED else None
                stood = None if before is None else int((at - since).total_seconds())
                move = {"from_stage": before, "to_stage": stage, "at": at, "stood": stood, "close_reason": reason}
                moves.append(of_target | move)
                before, since = stage, at
            if row["last_contact_at"]:
                event = {"reference": "crowd:2", "summary": "Letter of the crowd", "details": {}, "actor": actor}
                letter = {"kind": EntryKind.LETTER_SENT, "at": row["last_contact_at"]}
                events.append({"contact_id": row["contact_id"], **letter, **event})
        _insert(StageMove, moves)
        _insert(TimelineEntry, events)
        self._promise(zip(target_ids, paths, strict=True), now)

    def _path(self, final: Stage, now: datetime) -> list[tuple[Stage, datetime]]:
        last = 1 if final is Stage.CLOSED else OPEN_STAGES.index(final)
        stages = [*OPEN_STAGES[: last + 1], *([Stage.CLOSED] if final is Stage.CLOSED else [])]
        moments = sorted(now - timedelta(minutes=self.random.randrange(60, 400_000)) for _ in stages)
        return list(zip(stages, moments, strict=True))

    def _target(self, contact_id: int, path: Sequence[tuple[Stage, datetime]], now: datetime) -> dict[str, Any]:
        random = self.random
        stage, since = path[-1]
        due = (now + timedelta(days=random.randrange(-20, 90))).date() if random.random() < 0.3 else None
        reached = path[1][1] if len(path) > 1 else None
        return {
            "campaign_id": self.campaign_id,
            "contact_id": contact_id,
            "stage": stage,
            "stage_since": since,
            "close_reason": random.choice(list(CloseReason)) if stage is Stage.CLOSED else None,
            "priority": _picked(random, _PRIORITIES),
            "owner_id": random.choice(self.owners),
            "ask": "",
            "next_step": random.choice(_STEPS[:-1]) if due else "",
            "next_step_due": due,
            "created_at": path[0][1],
            "last_contact_at": reached,
            "quiet_since": reached or path[0][1],
        }

    def _promise(self, targets: Any, now: datetime) -> None:
        rows = []
        for target_id, path in targets:
            stood = dict(path)
            if Stage.COMMITTED in stood:
                kept = Stage.DELIVERED in stood
                due = (now + timedelta(days=self.random.randrange(-30, 200))).date()
                rows.append(
                    {
                        "target_id": target_id,
                        "words": _WORDS,
                        "act": _ACT,
                        "promised_on": stood[Stage.COMMITTED].date(),
                        "due_on": due,
                        "remind_on": due - timedelta(days=14),
                        "source_url": "",
                        "public": False,
                        "state": CommitmentState.KEPT if kept else CommitmentState.OPEN,
                        "settled_on": stood[Stage.DELIVERED].date() if kept else None,
                        "created_at": stood[Stage.COMMITTED],
                    }
                )
        _insert(Commitment, rows)


def _insert(model: type[Base], rows: list[dict[str, Any]]) -> None:
    if rows:
        db.session.execute(sa.insert(model.__table__), rows)  # type: ignore[arg-type]  # a mapped class has a Table
