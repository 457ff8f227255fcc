"""What the desk worker does for the coalition: it reads the feeds of partners every few hours."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import current_app

from config import Environment, Settings
from crm import clock
from crm.coalition import actions, document
from crm.coalition.fetching import CannotFetch, fetch
from crm.coalition.models import Fetching, Partner
from crm.extensions import db
from crm.job_queue import DESK, background, stop_requested
from crm.unit_of_work import unit_of_work

logger = logging.getLogger(__name__)
ACTOR = "worker:desk"
PAUSE = timedelta(hours=3)
# A server that is away is asked again sooner at first.
_FIRST_PAUSE = timedelta(minutes=10)


@background(DESK, timeout=1800, catches_up=True)
def follow_partners() -> None:
    """Read the feeds whose time has come, one after the other; one that cannot be had holds up none."""
    due = [row for row in db.session.execute(_FOLLOWED).all() if _is_due(row.asked_at, row.failures)]
    db.session.rollback()
    for row in due:
        if stop_requested():
            return
        read_feed(row.id, row.url, row.etag)


_FOLLOWED = (
    sa.select(Partner.id, Partner.url, Fetching.etag, Fetching.asked_at, Fetching.failures)
    .join(Fetching, Fetching.partner_id == Partner.id)
    .order_by(Partner.id)
)


def _is_due(asked_at: datetime | None, failures: int) -> bool:
    pause = min(_FIRST_PAUSE * 2 ** min(failures - 1, 5), PAUSE) if failures else PAUSE
    return asked_at is None or clock.now() >= asked_at + pause


def read_feed(partner_id: int, url: str, etag: str) -> None:
    """Read one feed; what came of it is on record after that."""
    settings: Settings = current_app.extensions["settings"]
    try:
        got = fetch(url, etag, local=settings.environment is not Environment.PRODUCTION)
        told = None if got.data is None else document.read(got.data)
    except (CannotFetch, document.NoFeed) as trouble:
        logger.warning("the feed of partner %s cannot be read: %s", partner_id, trouble)
        with unit_of_work("read feed of partner", actor=ACTOR):
            actions.note_failure(partner_id, str(trouble))
        return
    with unit_of_work("read feed of partner", actor=ACTOR):
        actions.note_reading(partner_id, told, got.etag)
