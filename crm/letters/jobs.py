"""What the desk worker does for letters: planning mailings."""

from __future__ import annotations

import logging

from rq.timeouts import BaseTimeoutException

from crm.job_queue import DESK, background
from crm.letters.planning import plan_next
from crm.letters.queries import mailings_being_planned
from crm.unit_of_work import unit_of_work

logger = logging.getLogger(__name__)
ACTOR = "worker:desk"


@background(DESK, timeout=3600)
def plan(mailing_id: int) -> None:
    """Plan a mailing to its end, one short transaction after the other."""
    more = True
    while more:
        with unit_of_work("plan letters", actor=ACTOR):
            more = plan_next(mailing_id)


@background(DESK, timeout=3600, catches_up=True)
def plan_waiting() -> None:
    """Go on with every planning whose bell was lost or whose worker died; one that fails holds up no other."""
    for mailing_id in mailings_being_planned():
        try:
            plan(mailing_id)
        except BaseTimeoutException:
            raise
        except Exception:
            logger.exception("mailing %s could not be planned; it is tried again", mailing_id)
