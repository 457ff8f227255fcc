"""What the workers do for the screens: changes of many contacts, reminders of a morning."""

from __future__ import annotations

import logging

import sqlalchemy as sa
from rq.timeouts import JobTimeoutException
from sqlalchemy.exc import OperationalError

from crm.accounts.models import User
from crm.audit.recording import change_set_of
from crm.extensions import db
from crm.job_queue import DESK, MAIL, background
from crm.overview import actions, reminders
from crm.overview.bulk import Chosen, perform
from crm.overview.models import BulkChange, BulkState
from crm.progress import report
from crm.unit_of_work import unit_of_work

logger = logging.getLogger(__name__)
ACTOR = "worker:desk"


def _change(change_id: int) -> None:
    asked = db.session.get_one(BulkChange, change_id)
    with unit_of_work(f"{asked.action.replace('_', ' ')} contacts", actor=f"user:{asked.user_id}") as work:
        change = actions.decide(change_id, BulkState.DONE)
        ids = Chosen.from_json(change.chosen, db.session.get_one(User, change.user_id).team_id).resolved()
        changed = perform(
            change.action, change.value, ids, lambda done, total: report(f"bulk:{change_id}", done, total)
        )
        change = db.session.get_one(BulkChange, change_id)
        change.changed = changed
        change.change_set_id = change_set_of(db.session(), work) if changed else None


@background(DESK, timeout=3600)
def change_queued(change_id: int) -> None:
    """Make one change in the name of who asked for it, whole or not at all; one that was made is left alone."""
    try:
        _change(change_id)
    except actions.MoveRefused as refusal:
        logger.info("bulk change %s is %s: nothing to do", change_id, refusal)
    except (OperationalError, JobTimeoutException):
        # The database was away or the time was up: it stays on the list, and the sweep rings again.
        raise
    except Exception:
        with unit_of_work("refuse bulk change", actor=ACTOR):
            actions.decide(change_id, BulkState.REFUSED)
        logger.exception("bulk change %s failed and was rolled back", change_id)
        raise


@background(DESK, timeout=3600, catches_up=True)
def change_waiting() -> None:
    """Make what was asked for and never finished, as after a crash or a restart of the queue server."""
    waiting = sa.select(BulkChange.id).where(BulkChange.state == BulkState.WAITING).order_by(BulkChange.id)
    for change_id in db.session.scalars(waiting).all():
        change_queued(change_id)


@background(MAIL, catches_up=True)
def remind() -> None:
    """Send the reminders whose hour has come; the worker asks once a minute."""
    reminders.send_due()
