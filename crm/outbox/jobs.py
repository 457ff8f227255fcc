"""What the mail worker runs."""

from __future__ import annotations

from crm import job_queue
from crm.job_queue import MAIL, Doorbell, background, stop_requested
from crm.outbox import leases, outages
from crm.outbox.actions import SEND_WAITING
from crm.outbox.holder import this_process
from crm.outbox.pace_keeping import excuse_waiting, forget_old_paces, take_back_far_turns
from crm.outbox.sender import Sender
from crm.unit_of_work import unit_of_work

# Short turns: the worker sees to its other duties between them, and its memory is that of a fresh process each time.
TURN = 20.0


@background(MAIL, timeout=1800)
def send_waiting() -> None:
    """Send due letters for one turn, and ring again where some are left."""
    # Without a connection of one's own, to ring again would only call the next who has none.
    may_connect = Sender(this_process(MAIL)).run(TURN)
    if may_connect and not stop_requested() and not outages.must_wait() and leases.anything_due():
        job_queue.ring(Doorbell(SEND_WAITING))


@background(MAIL, catches_up=True)
def keep_paces() -> None:
    """See to the paces of sending, once in a while."""
    with unit_of_work("keep paces", actor="worker:mail", durable=False):
        excuse_waiting()
        take_back_far_turns()
        forget_old_paces()
