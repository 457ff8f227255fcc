"""What the desk worker does with imports: applying those that were asked for."""

from __future__ import annotations

import logging

from flask_babel import gettext
from sqlalchemy.exc import OperationalError

from crm.extensions import db
from crm.job_queue import DESK, background
from crm.roster_import import actions
from crm.roster_import.known import APPLY
from crm.roster_import.models import Import
from crm.roster_import.progress import report
from crm.roster_import.queries import waiting_imports
from crm.unit_of_work import unit_of_work

logger = logging.getLogger(__name__)
ACTOR = "worker:desk"


@background(DESK, timeout=3600)
def apply_queued(import_id: int) -> None:
    """Apply one import in the name of who asked for it; one that another worker has applied is left alone."""
    try:
        with unit_of_work("take up import", actor=ACTOR):
            actions.begin(import_id)
        wanted = db.session.get_one(Import, import_id)
        actor = f"user:{wanted.user_id}" if wanted.user_id else ACTOR
        with unit_of_work(APPLY, actor=actor):
            actions.apply(import_id, lambda done, total: report(import_id, done, total))
    except actions.MoveRefused as refusal:
        logger.info("import %s is %s: nothing to apply", import_id, refusal.state)
    except OperationalError:
        # The database was away or locked: the import stays on the list, and the sweep rings again.
        raise
    except Exception:
        with unit_of_work("refuse import", actor=ACTOR):
            actions.refuse(import_id, gettext("The import failed and was rolled back; the log of the worker has more."))
        raise


@background(DESK, timeout=3600, catches_up=True)
def apply_waiting() -> None:
    """Apply what was asked for and never finished, as after a crash or a restart of the queue server."""
    for import_id in waiting_imports():
        apply_queued(import_id)
