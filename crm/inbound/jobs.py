"""What the desk worker does with received mail."""

from __future__ import annotations

import logging

from flask import current_app
from sqlalchemy.exc import OperationalError

from config import Settings
from crm import job_queue
from crm.extensions import db
from crm.inbound import actions, mailbox, queries
from crm.inbound.models import Fault
from crm.job_queue import DESK, Doorbell, background, stop_requested
from crm.outbox.bounces import NotToldYet
from crm.unit_of_work import unit_of_work

logger = logging.getLogger(__name__)
ACTOR = "worker:desk"
# Messages of one turn: other work of the desk comes in between.
_TURN = 200


@background(DESK, timeout=1800, catches_up=True)
def work_on_received() -> None:
    """Work on the messages that wait, each by itself: one that cannot be read is set aside and holds up none."""
    waiting = queries.waiting_ids(_TURN)
    db.session.rollback()
    for message_id in waiting:
        if stop_requested():
            return
        work_on_one(message_id)
    if len(waiting) == _TURN:
        job_queue.ring(Doorbell(actions.WORK_ON_RECEIVED))


@background(DESK, timeout=1800, catches_up=True)
def fetch_mail() -> None:
    """Take in what is new in the mailbox; a server that is away is on record, and asked again."""
    settings: Settings = current_app.extensions["settings"]
    if not settings.imap_host or mailbox.must_wait():
        return
    db.session.rollback()
    try:
        mailbox.fetch(ACTOR)
    except mailbox.TROUBLES as trouble:
        logger.warning("the mailbox cannot be fetched: %s", trouble)


def work_on_one(message_id: int) -> None:
    """Work on one message; whatever is wrong with it is on record after that."""
    with unit_of_work("begin with a received message", actor=ACTOR):
        if not actions.begin(message_id):
            return
    try:
        with unit_of_work("work on a received message", actor=ACTOR):
            actions.work_on(message_id)
    except NotToldYet:
        with unit_of_work("put a received message off", actor=ACTOR):
            actions.put_off(message_id)
    except OperationalError:
        raise  # the database is away: it waits until that is back
    except Exception as error:
        logger.exception("received message %s could not be worked on", message_id)
        with unit_of_work("set a received message aside", actor=ACTOR):
            actions.set_aside(message_id, Fault.UNREADABLE, f"{type(error).__name__}: {error}")
