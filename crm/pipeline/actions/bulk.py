"""Asking for changes of many targets, and noting what became of them."""

from __future__ import annotations

from typing import Any

from crm.extensions import db
from crm.pipeline.models import ALLOWED_STATES, ChangeState, TargetAction, TargetChange
from crm.unit_of_work import current_unit_of_work

CHANGE_QUEUED = "crm.pipeline.jobs.change_queued"


class ChangeDecided(Exception):
    """The change was made or refused already; `state` is which."""

    def __init__(self, state: ChangeState) -> None:
        super().__init__(state)
        self.state = state


def request_change(
    user_id: int,
    campaign_id: int,
    action: TargetAction,
    chosen: dict[str, Any],
    *,
    value: str,
    reason: str,
    expected: int,
    came_from: str,
) -> int:
    """Leave a change to the desk worker and return its id."""
    change = TargetChange(
        user_id=user_id,
        campaign_id=campaign_id,
        action=action,
        value=value[:80],
        reason=reason[:32],
        chosen=chosen,
        expected=expected,
        came_from=came_from if len(came_from) <= 2000 else "",
    )
    db.session.add(change)
    db.session.flush()
    current_unit_of_work().ring(CHANGE_QUEUED, change.id)
    return change.id


def decide(change_id: int, state: ChangeState) -> TargetChange:
    """Note that a waiting change is made, or that it never will be. Raises ChangeDecided."""
    change = db.session.get_one(TargetChange, change_id, with_for_update=True)
    if state not in ALLOWED_STATES[change.state]:
        raise ChangeDecided(change.state)
    change.state = state
    db.session.flush()
    return change
