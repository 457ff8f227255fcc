"""The campaign of a crowd: every fifth of its people is a target, with the moves and promises that led where it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

import sqlalchemy as sa

from crm import clock
from crm.accounts.actions import team_named
from crm.accounts.models import User
from crm.demo.crowd_rows import insert_known
from crm.extensions import db
from crm.pipeline.actions import create_campaign
from crm.pipeline.models import (
    OPEN_STAGES,
    PLACES,
    REMINDED_BEFORE,
    Campaign,
    CloseReason,
    Commitment,
    CommitmentState,
    CommitmentVerdict,
    Priority,
    Stage,
    StageMove,
    Target,
)
from crm.places.european_union import eu_members
from crm.policy import POLICY, Permission, Role
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind
from crm.treaties.models import Treaty
from crm.unit_of_work import current_unit_of_work

NAME = "Campaign of the Crowd"
OTHER_TEAM = "Elsewhere"
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
_STEPS = ("Call the assistant", "Send the briefing", "Ask for a meeting", "Meet after the committee")
_WORDS = "I will vote for ratification when it comes to the floor."
_ACT = "Vote for ratification"
_FOUND = "As the minutes say"
# So many of a hundred promises past their day were found broken.
_BROKEN = 40


@dataclass(frozen=True)
class Pursued:
    """A target, and the stages it came to, each with when."""

    target_id: int
    contact_id: int
    owner_id: int | None
    path: Sequence[tuple[Stage, datetime]]


def picked(random: Random, weights: Mapping[Any, int]) -> Any:
    """One of the keys, as often as its weight says."""
    return random.choices(list(weights), list(weights.values()))[0]


def noon(day: date) -> datetime:
    """When something of that day happened, of which no hour is known; never in time to come."""
    return min(datetime.combine(day, time(12), UTC), clock.now())


def start_campaign(size: int) -> CrowdCampaign | None:
    """The campaign of a crowd of so many, owned by the first user; None where nobody could own it."""
    owner = db.session.scalar(sa.select(User).order_by(User.id).limit(1))
    treaty = db.session.scalar(sa.select(Treaty).order_by(Treaty.code).limit(1))
    if owner is None or treaty is None or db.session.scalar(sa.select(Campaign.id).where(Campaign.name == NAME)):
        return None
    campaign = create_campaign(NAME, treaty.id, owner.team_id, owner.id, goal_count=3, states=eu_members())
    lobby = [role for role in Role if Permission.LOBBY in POLICY[role]]
    mine = sa.select(User.id).where(User.team_id == owner.team_id, User.role.in_(lobby)).order_by(User.id)
    officers = tuple(db.session.scalars(mine)) or (owner.id,)
    teams = (owner.team_id, team_named(OTHER_TEAM).id)
    random = Random(size)  # noqa: S311 - invented, not secret
    return CrowdCampaign(campaign.id, treaty.id, treaty.code, teams, officers, random)


@dataclass(frozen=True)
class CrowdCampaign:
    """A campaign whose targets are written in bulk; `teams` keep something to themselves, its own and another."""

    id: int
    treaty_id: int
    treaty: str
    teams: tuple[int, int]
    officers: tuple[int, ...]
    random: Random

    def secret_of(self, percent: int) -> int | None:
        """The team that keeps a row to itself: so many of a hundred, most of them the campaign's own team's."""
        if self.random.randrange(100) >= percent:
            return None
        return self.teams[0] if self.random.random() < 0.7 else self.teams[1]

    def pursue(self, contact_ids: Sequence[int], now: datetime) -> list[Pursued]:
        """Make targets of these contacts, each with the moves that led to where it stands."""
        paths = [self._path(picked(self.random, _WEIGHTS), now) for _ in contact_ids]
        rows = [self._target(contact_id, path, now) for contact_id, path in zip(contact_ids, paths, strict=True)]
        pursued = [
            Pursued(target_id, row["contact_id"], row["owner_id"], path)
            for target_id, row, path in zip(insert_known(Target, rows), rows, paths, strict=True)
        ]
        self._move(pursued, {row["contact_id"]: row["close_reason"] for row in rows})
        self._promise(pursued, now)
        return pursued

    def _move(self, pursued: Sequence[Pursued], reasons: Mapping[int, CloseReason | None]) -> None:
        moves: list[dict[str, Any]] = []
        events: list[tuple[int, datetime, dict[str, Any]]] = []
        for each in pursued:
            before: Stage | None = None
            since = each.path[0][1]
            for stage, at in each.path:
                moves.append(
                    {
                        "target_id": each.target_id,
                        "campaign_id": self.id,
                        "from_stage": before,
                        "to_stage": stage,
                        "stood": None if before is None else int((at - since).total_seconds()),
                        "close_reason": reasons[each.contact_id] if stage is Stage.CLOSED else None,
                        "note": "",
                        "at": at,
                        "actor": current_unit_of_work().actor,
                    }
                )
                events.append((each.contact_id, at, {"from": before, "to": stage, "reason": moves[-1]["close_reason"]}))
                before, since = stage, at
        ids = insert_known(StageMove, moves)
        add_events(
            [
                Event(contact_id, at, EntryKind.STAGE_MOVED, f"stage_move:{id_}", NAME, told | {"note": ""})
                if told["from"]
                else Event(contact_id, at, EntryKind.TARGETED, f"target:{move['target_id']}", NAME)
                for id_, move, (contact_id, at, told) in zip(ids, moves, events, strict=True)
            ]
        )

    def _path(self, final: Stage, now: datetime) -> list[tuple[Stage, datetime]]:
        last = 1 if final is Stage.CLOSED else OPEN_STAGES.index(final)
        stages = [*OPEN_STAGES[: last + 1], *([Stage.CLOSED] if final is Stage.CLOSED else [])]
        moments = sorted(now - timedelta(minutes=self.random.randrange(60, 400_000)) for _ in stages)
        return list(zip(stages, moments, strict=True))

    def _target(self, contact_id: int, path: Sequence[tuple[Stage, datetime]], now: datetime) -> dict[str, Any]:
        random = self.random
        stage, since = path[-1]
        due = (now + timedelta(days=random.randrange(-20, 90))).date() if random.random() < 0.3 else None
        return {
            "campaign_id": self.id,
            "contact_id": contact_id,
            "stage": stage,
            "stage_since": since,
            "close_reason": random.choice(list(CloseReason)) if stage is Stage.CLOSED else None,
            "priority": picked(random, _PRIORITIES),
            "owner_id": random.choice((None, *self.officers)),
            "ask": "",
            "next_step": random.choice(_STEPS) if due else "",
            "next_step_due": due,
            "created_at": path[0][1],
            # Talks and promises bring it forward.
            "quiet_since": path[0][1],
            "furthest": max(PLACES[stage] for stage, _at in path),
        }

    def _promise(self, pursued: Sequence[Pursued], now: datetime) -> None:
        promising = [each for each in pursued if Stage.COMMITTED in dict(each.path)]
        rows = [self._promised(each, now.date()) for each in promising]
        promises = list(zip(insert_known(Commitment, rows), rows, promising, strict=True))
        told = {"words": _WORDS}
        events = [
            Event(by.contact_id, noon(row["promised_on"]), EntryKind.PROMISED, f"commitment:{id_}", _ACT, told)
            for id_, row, by in promises
        ]
        same = {"note": _FOUND, "actor": current_unit_of_work().actor}
        settled = [promise for promise in promises if promise[1]["settled_on"]]
        found = [
            {"commitment_id": id_, "state": row["state"], "found_on": row["settled_on"], "at": noon(row["settled_on"])}
            for id_, row, _ in settled
        ]
        verdicts = insert_known(CommitmentVerdict, [row | same for row in found])
        events += [
            Event(
                by.contact_id,
                noon(row["settled_on"]),
                EntryKind.PROMISE_SETTLED,
                f"commitment_verdict:{verdict_id}",
                _ACT,
                {"state": row["state"].value, "note": _FOUND},
            )
            for verdict_id, (_, row, by) in zip(verdicts, settled, strict=True)
        ]
        add_events(events)

    def _promised(self, by: Pursued, today: date) -> dict[str, Any]:
        stood = dict(by.path)
        due = today + timedelta(days=self.random.randrange(-30, 200))
        state, settled = CommitmentState.OPEN, None
        if Stage.DELIVERED in stood:
            state, settled = CommitmentState.KEPT, stood[Stage.DELIVERED].date()
        elif due < today and self.random.randrange(100) < _BROKEN:
            state, settled = CommitmentState.BROKEN, due
        return {
            "target_id": by.target_id,
            "words": _WORDS,
            "act": _ACT,
            "promised_on": stood[Stage.COMMITTED].date(),
            "due_on": due,
            "remind_on": due - REMINDED_BEFORE,
            "source_url": "",
            "public": False,
            "state": state,
            "settled_on": settled,
            "recorded_by_id": by.owner_id,
            "created_at": stood[Stage.COMMITTED],
        }
