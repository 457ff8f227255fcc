"""What the desk worker does for letters: planning mailings, checking what was planned, starting what was approved."""

from __future__ import annotations

import logging
from collections.abc import Callable

from rq.timeouts import BaseTimeoutException

from crm.database import large_work
from crm.job_queue import DESK, background
from crm.letters import actions
from crm.letters.lint.checking import check_next
from crm.letters.planning import plan_next
from crm.letters.queries import mailings_being_checked, mailings_being_planned, mailings_to_start
from crm.unit_of_work import unit_of_work

logger = logging.getLogger(__name__)
ACTOR = "worker:desk"


def to_the_end(action: str, step: Callable[[int], bool], mailing_id: int) -> None:
    """Take one step after the other, each a transaction of its own, while there is more; memory stays flat."""
    more = True
    with large_work():
        while more:
            with unit_of_work(action, actor=ACTOR):
                more = step(mailing_id)


@background(DESK, timeout=3600)
def plan(mailing_id: int) -> None:
    """Plan a mailing to its end and check its letters, one short transaction after the other."""
    to_the_end("plan letters", plan_next, mailing_id)
    check(mailing_id)


@background(DESK, timeout=3600)
def check(mailing_id: int) -> None:
    """Check the letters of a planned mailing to their end, one short transaction after the other."""
    to_the_end("check letters", check_next, mailing_id)


@background(DESK, timeout=3600, catches_up=True)
def plan_waiting() -> None:
    """Go on with what was planned or checked when a bell was lost or a worker died; a failure holds up no other."""
    for mailing_id in mailings_being_planned():
        _go_on(plan, mailing_id)
    for mailing_id in mailings_being_checked():
        _go_on(check, mailing_id)


@background(DESK, timeout=3600)
def start(mailing_id: int) -> None:
    """Look at a mailing's readers once more, and let its letters leave."""
    with unit_of_work("start mailing", actor=ACTOR):
        actions.start(mailing_id)


@background(DESK, timeout=3600, catches_up=True)
def start_due() -> None:
    """Start the mailings whose time has come; the worker asks once a minute. A failure holds up no other."""
    for mailing_id in mailings_to_start():
        _go_on(start, mailing_id)


def _go_on(job: Callable[[int], None], mailing_id: int) -> None:
    try:
        job(mailing_id)
    except BaseTimeoutException:
        raise
    except Exception:
        logger.exception("mailing %s could not be planned, checked or started; it is tried again", mailing_id)
