"""What the desk worker does with turnover: once a day, following the mandates whose last day has passed."""

from __future__ import annotations

from crm import clock
from crm.job_queue import DESK, background
from crm.turnover.actions import sweep, swept_until
from crm.unit_of_work import unit_of_work


@background(DESK, timeout=3600, catches_up=True)
def follow_ended_mandates() -> None:
    """Take the addresses of ended offices out of use and compute their holders anew; nothing twice a day."""
    if swept_until() != clock.today():
        with unit_of_work("follow ended mandates", actor="worker:desk"):
            sweep()
