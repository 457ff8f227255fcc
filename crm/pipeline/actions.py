"""Writes of the pipeline: campaigns, targets added one by one or in bulk, moves between stages."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypedDict, Unpack

import sqlalchemy as sa

from crm import clock
from crm.audit.bulk import insert_rows
from crm.extensions import db
from crm.pipeline.models import ALLOWED_MOVES, Campaign, CloseReason, Priority, Stage, StageMove, Target
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind
from crm.unit_of_work import current_unit_of_work

# Rows of one bulk statement: well under the parameters a database takes at once.
CHUNK = 500


class NameTaken(Exception):
    """Another campaign has this name."""


class MoveRefused(Exception):
    """The target stays where it stands; `reason` is a code: same, moved_meanwhile, not_allowed, reason_needed."""

    def __init__(self, reason: str, stage: Stage) -> None:
        super().__init__(reason)
        self.reason = reason
        self.stage = stage


@dataclass(frozen=True)
class Added:
    """What adding targets came to: how many are new, how many were in the campaign before."""

    added: int
    already: int


@dataclass(frozen=True)
class Moved:
    """What moving many targets came to: how many moved, how many stayed (they stood there, or may not go there)."""

    moved: int
    stayed: int


class TargetChanges(TypedDict, total=False):
    """What may be changed of a target without moving it."""

    owner_id: int | None
    priority: Priority
    ask: str
    next_step: str
    next_step_due: date | None


def _refuse_taken_name(name: str, campaign_id: int | None = None) -> None:
    taken = db.session.scalar(sa.select(Campaign.id).where(Campaign.name == name))
    if taken not in (None, campaign_id):
        raise NameTaken(name)


def create_campaign(
    name: str, treaty_id: int, team_id: int, owner_id: int, *, goal: str = "", goal_by: date | None = None
) -> Campaign:
    """A new campaign. Raises NameTaken."""
    _refuse_taken_name(name)
    campaign = Campaign(name=name, treaty_id=treaty_id, team_id=team_id, owner_id=owner_id, goal=goal, goal_by=goal_by)
    db.session.add(campaign)
    db.session.flush()
    return campaign


def update_campaign(
    campaign_id: int, *, name: str, treaty_id: int, owner_id: int, goal: str, goal_by: date | None
) -> Campaign:
    """Change what a campaign is about. Raises NameTaken."""
    _refuse_taken_name(name, campaign_id)
    campaign = db.session.get_one(Campaign, campaign_id)
    campaign.name, campaign.treaty_id, campaign.owner_id = name, treaty_id, owner_id
    campaign.goal, campaign.goal_by = goal, goal_by
    db.session.flush()
    return campaign


def add_targets(
    campaign_id: int, contact_ids: Collection[int], *, owner_id: int | None = None, priority: Priority = Priority.NORMAL
) -> Added:
    """Add contacts to a campaign as identified, four statements per 500; those already in it are left as they are."""
    # Two people who add at once wait for each other here instead of failing on the same contact.
    campaign = db.session.get_one(Campaign, campaign_id, with_for_update={"of": Campaign})
    wanted = list(dict.fromkeys(contact_ids))
    at = clock.now()
    added = 0
    for chunk in _chunks(wanted):
        inside = sa.select(Target.contact_id).where(Target.campaign_id == campaign_id, Target.contact_id.in_(chunk))
        known = set(db.session.scalars(inside))
        new = [contact_id for contact_id in chunk if contact_id not in known]
        same = {"campaign_id": campaign_id, "owner_id": owner_id, "priority": priority, "stage_since": at}
        target_ids = insert_rows(Target, [{"contact_id": contact_id, **same} for contact_id in new])
        insert_rows(StageMove, _move_rows(target_ids, None, Stage.IDENTIFIED, at))
        add_events(
            [
                Event(contact_id, at, EntryKind.TARGETED, f"target:{target_id}", campaign.name)
                for contact_id, target_id in zip(new, target_ids, strict=True)
            ]
        )
        added += len(new)
    return Added(added, len(wanted) - added)


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


def _move_rows(target_ids: Sequence[int], start: Stage | None, to: Stage, at: datetime) -> list[dict[str, Any]]:
    """The same move of many targets."""
    move = {"from_stage": start, "to_stage": to, "at": at, "actor": current_unit_of_work().actor}
    return [{"target_id": target_id, **move} for target_id in target_ids]


def move_target(
    target_id: int, to: Stage, *, expected: Stage | None = None, reason: CloseReason | None = None, note: str = ""
) -> Target:
    """Move one target; closing needs a `reason`, moving a closed one on reopens it. Raises MoveRefused.

    `expected` is the stage the mover saw: the move is refused where somebody else was faster.
    """
    target = db.session.get_one(Target, target_id, with_for_update=True)
    if expected is not None and target.stage is not expected:
        raise MoveRefused("moved_meanwhile", target.stage)
    _log([_move(target, to, reason, note)])
    return target


def close_target(target_id: int, reason: CloseReason, note: str = "") -> Target:
    """Pursue a target no more, and say why. Raises MoveRefused where it is closed already."""
    return move_target(target_id, Stage.CLOSED, reason=reason, note=note)


def reopen_target(target_id: int, note: str = "") -> Target:
    """Take a closed target up again, as identified. Raises MoveRefused where it is not closed."""
    return move_target(target_id, Stage.IDENTIFIED, expected=Stage.CLOSED, note=note)


def move_targets(target_ids: Collection[int], to: Stage, *, reason: CloseReason | None = None) -> Moved:
    """Move a page's choice of targets, row by row so that it can be undone; those that may not go there stay."""
    moves = []
    for target in _locked(target_ids):
        try:
            moves.append(_move(target, to, reason, ""))
        except MoveRefused as refusal:
            if refusal.reason == "reason_needed":
                raise
    _log(moves)
    return Moved(len(moves), len(set(target_ids)) - len(moves))


def _locked(target_ids: Collection[int]) -> Sequence[Target]:
    # One order for everyone, so that two bulk changes cannot lock each other out.
    chosen = sa.select(Target).where(Target.id.in_(target_ids)).order_by(Target.id).with_for_update()
    return db.session.scalars(chosen).all()


def _move(target: Target, to: Stage, reason: CloseReason | None, note: str) -> tuple[Target, StageMove]:
    if target.stage is to:
        raise MoveRefused("same", target.stage)
    if to not in ALLOWED_MOVES[target.stage]:
        raise MoveRefused("not_allowed", target.stage)
    if to is Stage.CLOSED and reason is None:
        raise MoveRefused("reason_needed", target.stage)
    at = clock.now()
    move = StageMove(
        target_id=target.id,
        from_stage=target.stage,
        to_stage=to,
        close_reason=reason if to is Stage.CLOSED else None,
        note=note,
        at=at,
        actor=current_unit_of_work().actor,
    )
    target.stage, target.stage_since, target.close_reason = to, at, move.close_reason
    db.session.add(move)
    return target, move


def _log(moves: Sequence[tuple[Target, StageMove]]) -> None:
    db.session.flush()
    names = _campaign_names({target.campaign_id for target, _ in moves})
    add_events([_moved_event(move, move.id, target.contact_id, names[target.campaign_id]) for target, move in moves])


def _campaign_names(campaign_ids: Collection[int]) -> dict[int, str]:
    rows = db.session.execute(sa.select(Campaign.id, Campaign.name).where(Campaign.id.in_(campaign_ids)))
    return {row.id: row.name for row in rows}


def _moved_event(move: StageMove, move_id: int, contact_id: int, campaign: str) -> Event:
    details = {"from": move.from_stage, "to": move.to_stage, "reason": move.close_reason, "note": move.note}
    return Event(contact_id, move.at, EntryKind.STAGE_MOVED, f"stage_move:{move_id}", campaign, details)


def mark_contacted(target_ids: Collection[int]) -> int:
    """Move those of the targets that are still identified to contacted, and return how many there were.

    For the worker that sends letters: four statements however many. The stage moves themselves are the trail, a
    change set for every letter would cost more than the letter's own mark.
    """
    at = clock.now()
    step = StageMove(from_stage=Stage.IDENTIFIED, to_stage=Stage.CONTACTED, at=at, note="")
    marked = 0
    for chunk in _chunks(sorted(set(target_ids))):
        moved = db.session.execute(
            sa.update(Target)
            .where(Target.id.in_(chunk), Target.stage == Stage.IDENTIFIED)
            .values(stage=Stage.CONTACTED, stage_since=at)
            .returning(Target.id, Target.contact_id, Target.campaign_id)
            .execution_options(synchronize_session=False)
        ).all()
        if moved:
            rows = _move_rows([row.id for row in moved], Stage.IDENTIFIED, Stage.CONTACTED, at)
            logged = sa.insert(StageMove).returning(StageMove.target_id, StageMove.id)
            move_ids = {row.target_id: row.id for row in db.session.execute(logged, rows)}
            names = _campaign_names({row.campaign_id for row in moved})
            add_events([_moved_event(step, move_ids[row.id], row.contact_id, names[row.campaign_id]) for row in moved])
        marked += len(moved)
    return marked


def update_target(target_id: int, **changes: Unpack[TargetChanges]) -> Target:
    """Change owner, priority, ask or next step of a target."""
    target = db.session.get_one(Target, target_id, with_for_update=True)
    for name, value in changes.items():
        setattr(target, name, value)
    db.session.flush()
    return target


def assign_targets(target_ids: Collection[int], owner_id: int | None) -> int:
    """Give a page's choice of targets to one owner (or to none) and return how many changed hands; can be undone."""
    changed = [target for target in _locked(target_ids) if target.owner_id != owner_id]
    for target in changed:
        target.owner_id = owner_id
    db.session.flush()
    return len(changed)
