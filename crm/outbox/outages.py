"""The mail server's troubles: noted with its words, waited out with growing patience, forgotten when it answers."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from crm import clock
from crm.extensions import db
from crm.outbox.models import Outage, OutageReason
from crm.outbox.outcomes import ServerTrouble
from crm.unit_of_work import unit_of_work

_FIRST_WAIT = timedelta(seconds=5)
# Sending goes on within a minute of the server's return; a refused login is asked more rarely, or servers lock us out.
_LONGEST_WAIT = timedelta(seconds=45)
_LONGEST_WAIT_FOR_LOGIN = timedelta(minutes=15)


def present_outage() -> Outage | None:
    """The trouble that lasts, if any."""
    return db.session.scalar(sa.select(Outage))


def must_wait() -> bool:
    """Whether it is too early to try the server again."""
    found = present_outage()
    if found is None:
        return False
    now = clock.now()
    # What lies further off was noted by a clock gone wrong.
    return now < found.next_attempt_at <= now + _LONGEST_WAIT_FOR_LOGIN


def note_trouble(trouble: ServerTrouble, actor: str) -> None:
    """Keep the server's words and wait longer each time."""
    now = clock.now()
    longest = _LONGEST_WAIT_FOR_LOGIN if trouble.reason is OutageReason.LOGIN_REFUSED else _LONGEST_WAIT
    with unit_of_work("note mail trouble", actor=actor):
        outage = present_outage()
        failures = outage.failures + 1 if outage is not None else 1
        wait = min(_FIRST_WAIT * 2 ** min(failures - 1, 20), longest)
        if outage is None:
            # One row: a second worker that notes the same at the same moment fails, and need not succeed.
            outage = Outage(id=1, since=now)
            db.session.add(outage)
        outage.reason, outage.words = trouble.reason, trouble.words
        outage.failures, outage.next_attempt_at = failures, now + wait


def forget_trouble(actor: str) -> None:
    """The server answers again."""
    if present_outage() is not None:
        with unit_of_work("forget mail trouble", actor=actor):
            db.session.execute(sa.delete(Outage))


def try_at_once(actor: str) -> None:
    """Do not wait any longer: a new worker may have new settings."""
    if present_outage() is not None:
        with unit_of_work("try mail server again", actor=actor):
            db.session.execute(sa.update(Outage).values(next_attempt_at=clock.now()))
