"""What the desk worker does for campaigns: changes of many targets."""

from __future__ import annotations

import logging

import sqlalchemy as sa
from rq.timeouts import JobTimeoutException
from sqlalchemy.exc import OperationalError

from crm.audit.recording import change_set_of
from crm.extensions import db
from crm.job_queue import DESK, background
from crm.pipeline.actions.bulk import ChangeDecided, decide
from crm.pipeline.bulk import Chosen, Order, perform
from crm.pipeline.models import ChangeState, TargetChange
from crm.progress import report
from crm.unit_of_work import unit_of_work

logger = logging.getLogger(__name__)
ACTOR = "worker:desk"


def _change(change_id: int) -> None:
    asked = db.session.get_one(TargetChange, change_id)
    with unit_of_work(f"{asked.action} targets", actor=f"user:{asked.user_id}") as work:
        change = decide(change_id, ChangeState.DONE)
        order, campaign_id = Order.of(change), change.campaign_id
        ids = Chosen.from_json(change.chosen).resolved(campaign_id)
        outcome = perform(order, campaign_id, ids, lambda done, total: report(f"targets:{change_id}", done, total))
        change = db.session.get_one(TargetChange, change_id)
        change.changed, change.stayed = outcome.changed, outcome.stayed
        change.unfounded = outcome.unfounded
        change.change_set_id = change_set_of(db.session(), work) if outcome.changed else None


@background(DESK, timeout=3600)
def change_queued(change_id: int) -> None:
    """Make one change in the name of who asked for it, whole or not at all; one that was made is left alone."""
    try:
        _change(change_id)
    except ChangeDecided as refusal:
        logger.info("change of targets %s is %s: nothing to do", change_id, refusal)
    except (OperationalError, JobTimeoutException):
        # The database was away or the time was up: it stays on the list, and the sweep rings again.
        raise
    except Exception:
        with unit_of_work("refuse change of targets", actor=ACTOR):
            decide(change_id, ChangeState.REFUSED)
        logger.exception("change of targets %s failed and was rolled back", change_id)
        raise


@background(DESK, timeout=3600, catches_up=True)
def change_waiting() -> None:
    """Make what was asked for and never finished, as after a crash or a restart of the queue server."""
    waiting = sa.select(TargetChange.id).where(TargetChange.state == ChangeState.WAITING).order_by(TargetChange.id)
    for change_id in db.session.scalars(waiting).all():
        change_queued(change_id)
