"""Moving targets between stages, one by one or many at once, with what each stage asks for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, cast

import sqlalchemy as sa

from crm import clock
from crm.audit.bulk import RowUpdate, insert_rows, update_rows
from crm.database import among
from crm.extensions import db
from crm.many_rows import insert_columns, new_ids
from crm.pipeline.actions.commitments import Promise, Verdict, give_verdict, record_commitment
from crm.pipeline.actions.targets import chunks
from crm.pipeline.furthest import came_to
from crm.pipeline.models import (
    ALLOWED_MOVES,
    PLACES,
    Campaign,
    CloseReason,
    Commitment,
    CommitmentState,
    Stage,
    StageMove,
    Target,
)
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind
from crm.unit_of_work import current_unit_of_work

_Standing: TypeAlias = sa.Row[*tuple[Any, ...]]

# What must be on record of a target before it comes to these stages.
_FOUNDED_ON = {
    Stage.COMMITTED: (CommitmentState.OPEN, CommitmentState.KEPT),
    Stage.DELIVERED: (CommitmentState.KEPT,),
}
_MISSING = {Stage.COMMITTED: "words_needed", Stage.DELIVERED: "kept_needed"}


class MoveRefused(Exception):
    """The target stays where it stands; `reason` is a code.

    same, moved_meanwhile, not_allowed, reason_needed, words_needed (nothing was promised), kept_needed (no promise was
    kept).
    """

    def __init__(self, reason: str, stage: Stage) -> None:
        super().__init__(reason)
        self.reason = reason
        self.stage = stage


@dataclass(frozen=True)
class Moved:
    """What moving many targets came to.

    How many moved, how many stayed (they stood there, or may not go there), how many of those lack a commitment.
    """

    moved: int
    stayed: int
    unfounded: int = 0


def founded(target_ids: Collection[int], to: Stage) -> set[int]:
    """Those of the targets that have on record what the stage asks for."""
    if to not in _FOUNDED_ON:
        return set(target_ids)
    promised = sa.select(Commitment.target_id).where(
        Commitment.target_id.in_(target_ids), Commitment.state.in_(_FOUNDED_ON[to])
    )
    return set(db.session.scalars(promised))


def refusal(target_id: int, stage: Stage, to: Stage, reason: CloseReason | None) -> str | None:
    """Why a target at `stage` may not move, as a code of MoveRefused; None where it may."""
    if stage is to:
        return "same"
    if to not in ALLOWED_MOVES[stage]:
        return "not_allowed"
    if to is Stage.CLOSED and reason is None:
        return "reason_needed"
    return None if founded([target_id], to) else _MISSING[to]


def move_target(
    target_id: int,
    to: Stage,
    *,
    expected: Stage | None = None,
    reason: CloseReason | None = None,
    note: str = "",
    promise: Promise | None = None,
    kept: tuple[int, Verdict] | None = None,
) -> Target:
    """Move one target; closing needs a `reason`, moving a closed one on reopens it. Raises MoveRefused.

    `expected` is the stage the mover saw: the move is refused where somebody else was faster. `promise` is written down
    on the way, and `kept` is a commitment (of the target's, or 0 for the promise) with the verdict that it was kept.
    """
    target = db.session.get_one(Target, target_id, with_for_update=True)
    if expected is not None and target.stage is not expected:
        raise MoveRefused("moved_meanwhile", target.stage)
    made = record_commitment(target_id, promise) if promise else None
    if kept is not None:
        commitment_id, verdict = kept
        give_verdict(made.id if made and not commitment_id else commitment_id, verdict)
    code = refusal(target_id, target.stage, to, reason)
    if code:
        raise MoveRefused(code, target.stage)
    _log([_move(target, to, reason, note)])
    return target


def close_target(target_id: int, reason: CloseReason, note: str = "") -> Target:
    """Pursue a target no more, and say why. Raises MoveRefused where it is closed already."""
    return move_target(target_id, Stage.CLOSED, reason=reason, note=note)


def reopen_target(target_id: int, note: str = "") -> Target:
    """Take a closed target up again, as identified. Raises MoveRefused where it is not closed."""
    return move_target(target_id, Stage.IDENTIFIED, expected=Stage.CLOSED, note=note)


def move_targets(target_ids: Collection[int], to: Stage, *, reason: CloseReason | None = None) -> Moved:
    """Move many targets, each with its own trail so that all can be undone; those that may not go there stay.

    Seven statements per 500. Raises MoveRefused where closing has no reason.
    """
    if to is Stage.CLOSED and reason is None:
        raise MoveRefused("reason_needed", to)
    wanted = sorted(set(target_ids))
    moved = unfounded = 0
    for chunk in chunks(wanted):
        found = _locked(chunk)
        able = [row for row in found if to in ALLOWED_MOVES[row.stage]]
        well = founded([row.id for row in able], to)
        going = [row for row in able if row.id in well]
        _move_all(going, to, reason)
        moved += len(going)
        unfounded += len(able) - len(going)
    return Moved(moved, len(wanted) - moved, unfounded)


def _locked(target_ids: Sequence[int]) -> Sequence[_Standing]:
    columns = (Target.id, Target.contact_id, Target.campaign_id, Target.stage, Target.stage_since, Target.close_reason)
    # One order for everyone, so that two bulk changes cannot lock each other out.
    chosen = sa.select(*columns).where(among(Target.id, target_ids)).order_by(Target.id).with_for_update()
    return db.session.execute(chosen).all()


def _move_all(
    rows: Sequence[_Standing],
    to: Stage,
    reason: CloseReason | None,
) -> None:
    if not rows:
        return
    at = clock.now()
    same = {"to_stage": to, "close_reason": reason if to is Stage.CLOSED else None, "note": "", "at": at}
    same["actor"] = current_unit_of_work().actor
    moves = [
        {
            "target_id": row.id,
            "campaign_id": row.campaign_id,
            "from_stage": row.stage,
            "stood": seconds_stood(row.stage_since, at),
            **same,
        }
        for row in rows
    ]
    move_ids = insert_rows(StageMove, moves)
    after = {"stage": to, "stage_since": at, "close_reason": same["close_reason"]}
    update_rows(Target, [RowUpdate(row.id, {name: getattr(row, name) for name in after}, after) for row in rows])
    came_to([row.id for row in rows], to)
    names = _campaign_names({row.campaign_id for row in rows})
    add_events(
        [
            _moved_event(StageMove(**move), move_id, row.contact_id, names[row.campaign_id])
            for row, move, move_id in zip(rows, moves, move_ids, strict=True)
        ]
    )


def seconds_stood(since: datetime, at: datetime) -> int:
    """For how long a target stood where it leaves; one that is moved into the past stood there for no time."""
    return max(int((at - since).total_seconds()), 0)


def _move(target: Target, to: Stage, reason: CloseReason | None, note: str) -> tuple[Target, StageMove]:
    at = clock.now()
    move = StageMove(
        target_id=target.id,
        campaign_id=target.campaign_id,
        from_stage=target.stage,
        to_stage=to,
        stood=seconds_stood(target.stage_since, at),
        close_reason=reason if to is Stage.CLOSED else None,
        note=note,
        at=at,
        actor=current_unit_of_work().actor,
    )
    target.stage, target.stage_since, target.close_reason = to, at, move.close_reason
    target.furthest = max(target.furthest, PLACES[to])
    db.session.add(move)
    return target, move


def _log(moves: Sequence[tuple[Target, StageMove]]) -> None:
    db.session.flush()
    names = _campaign_names({target.campaign_id for target, _ in moves})
    add_events([_moved_event(move, move.id, target.contact_id, names[target.campaign_id]) for target, move in moves])


def _campaign_names(campaign_ids: Collection[int]) -> dict[int, str]:
    rows = db.session.execute(sa.select(Campaign.id, Campaign.name).where(Campaign.id.in_(campaign_ids)))
    return {row.id: row.name for row in rows}


def _details(move: StageMove) -> dict[str, object]:
    return {"from": move.from_stage, "to": move.to_stage, "reason": move.close_reason, "note": move.note}


def _moved_event(
    move: StageMove, move_id: int, contact_id: int, campaign: str, details: dict[str, object] | None = None
) -> Event:
    at, told = move.at, details or _details(move)
    return Event(contact_id, at, EntryKind.STAGE_MOVED, f"stage_move:{move_id}", campaign, told)


_IDENTIFIED = (
    sa.select(Target.id, Target.contact_id, Target.campaign_id, Target.stage_since)
    .where(among(Target.id, "targets"), Target.stage == Stage.IDENTIFIED)
    .order_by(Target.id)
    .with_for_update()
)

_TARGETS = cast("sa.Table", Target.__table__)
_PLACE, _FURTHEST = PLACES[Stage.CONTACTED], _TARGETS.c.furthest
_CONTACTED = (
    sa.update(_TARGETS)
    .where(among(_TARGETS.c.id, "targets"))
    # One that was taken up again may have come further before.
    .values(stage=Stage.CONTACTED, furthest=sa.case((_FURTHEST < _PLACE, _PLACE), else_=_FURTHEST))
    .values({name: sa.bindparam("moment") for name in ("stage_since", "last_contact_at", "quiet_since")})
)


def mark_contacted(target_ids: Collection[int], *, at: datetime) -> int:
    """Move those of the targets that are still identified to contacted, and return how many there were.

    For the worker that sends letters: five statements for 500, one where they have all moved before. The stage moves
    themselves are the trail, a change set for every letter would cost more than the letter's own mark. What reached
    them at that moment is their last contact, as their timeline is going to say.
    """
    step = StageMove(from_stage=Stage.IDENTIFIED, to_stage=Stage.CONTACTED, at=at, note="")
    same: dict[str, Any] = {"from_stage": step.from_stage, "to_stage": step.to_stage, "close_reason": None}
    same |= {"note": step.note, "at": at, "actor": current_unit_of_work().actor}
    marked = 0
    for chunk in chunks(sorted(set(target_ids))):
        moved = db.session.execute(_IDENTIFIED, {"targets": chunk}).all()
        if moved:
            db.session.execute(_CONTACTED, {"targets": [row.id for row in moved], "moment": at})
            connection, moves = db.session.connection(), cast("sa.Table", StageMove.__table__)
            ids = new_ids(connection, moves, len(moved))
            columns = {name: [value] * len(moved) for name, value in same.items()}
            columns |= {"id": ids, "target_id": [row.id for row in moved]}
            columns |= {"campaign_id": [row.campaign_id for row in moved]}
            columns |= {"stood": [seconds_stood(row.stage_since, at) for row in moved]}
            insert_columns(connection, moves, columns)
            names = _campaign_names({row.campaign_id for row in moved})
            # One object for all of them, which is made JSON once.
            details = _details(step)
            add_events(
                [
                    _moved_event(step, id_, row.contact_id, names[row.campaign_id], details)
                    for row, id_ in zip(moved, ids, strict=True)
                ]
            )
        marked += len(moved)
    return marked
