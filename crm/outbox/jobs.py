"""What the mail worker runs."""

from __future__ import annotations

from crm.job_queue import MAIL, background


@background(MAIL, timeout=1800)
def send_waiting() -> None:
    """Send what waits."""
