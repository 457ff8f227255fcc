"""What the desk worker does with imports: applying those that were asked for."""

from __future__ import annotations

import logging
import sqlite3

from flask_babel import gettext
from rq.timeouts import JobTimeoutException
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


# Of PostgreSQL's error codes: lost connections, deadlocks, a server that stops or starts, a lock not to be had.
_PASSING_STATES = ("08", "40", "57P", "55P03")


def _may_pass(error: OperationalError) -> bool:
    """Whether the database was away or locked; any other failure would come again with every try."""
    if error.connection_invalidated:
        return True
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        # The low byte is the error, the rest says more of it.
        return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    # A server that cannot be reached gives no code.
    state = getattr(error.orig, "sqlstate", None)
    return state is None or state.startswith(_PASSING_STATES)


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
    except Exception as error:
        if isinstance(error, OperationalError) and _may_pass(error):
            # The import stays on the list, and the sweep rings again.
            raise
        with unit_of_work("refuse import", actor=ACTOR):
            actions.refuse(import_id, gettext("The import failed and was rolled back; the log of the worker has more."))
        raise


@background(DESK, timeout=3600, catches_up=True)
def apply_waiting() -> None:
    """Apply what was asked for and never finished, as after a crash or a restart of the queue server."""
    for import_id in waiting_imports():
        try:
            apply_queued(import_id)
        except JobTimeoutException:
            # The time was the whole job's: what is left is for the next sweep.
            raise
        except Exception:
            logger.exception("import %s failed; going on with the next", import_id)
