"""Who may be connected to the mail server: so many processes at once, on all hosts together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import sqlalchemy as sa

from crm import clock
from crm.extensions import db
from crm.outbox.holder import Holder, process_start
from crm.outbox.models import OpenConnection
from crm.outbox.rates import Rate, micros
from crm.outbox.standings import Standing, reserve
from crm.unit_of_work import unit_of_work

# Only another host waits for it; on its own host a dead process is seen at once.
_KEPT_FOR = timedelta(minutes=2)
_OPEN = cast("sa.Table", OpenConnection.__table__)


def _is(holder: Holder) -> sa.ColumnElement[bool]:
    return sa.and_(_OPEN.c.host == holder.host, _OPEN.c.pid == holder.pid, _OPEN.c.process_start == holder.start)


def may_connect(holder: Holder, most: int) -> bool:
    """Whether this process is among the `most` that may be connected; if so, until it leaves or is gone."""
    now = clock.now()
    with unit_of_work("connect to the mail server", actor=f"worker:{holder.worker}", durable=False):
        # Whoever asks waits here for who asked before.
        reserve([Standing("connections", Rate(1))], micros(now))
        others = db.session.execute(sa.select(_OPEN).where(~_is(holder))).all()
        gone = [each.id for each in others if _is_gone(each, holder) or not now < each.expires_at <= now + _KEPT_FOR]
        if gone:
            db.session.execute(sa.delete(_OPEN).where(_OPEN.c.id.in_(gone)))
        if len(others) - len(gone) >= most:
            return False
        db.session.execute(sa.delete(_OPEN).where(_is(holder)))
        db.session.execute(
            sa.insert(_OPEN),
            {
                "host": holder.host,
                "boot": holder.boot,
                "pid": holder.pid,
                "process_start": holder.start,
                "expires_at": now + _KEPT_FOR,
            },
        )
        return True


def _is_gone(process: Any, holder: Holder) -> bool:
    if process.host != holder.host:
        return False
    return bool(process.boot != holder.boot or process_start(process.pid) != process.process_start)


def stay_connected(holder: Holder) -> None:
    """Say that this process is still there."""
    with unit_of_work("stay connected", actor=f"worker:{holder.worker}", durable=False):
        db.session.execute(sa.update(_OPEN).where(_is(holder)).values(expires_at=clock.now() + _KEPT_FOR))


def leave(holder: Holder) -> None:
    """Make room for another process."""
    with unit_of_work("leave the mail server", actor=f"worker:{holder.worker}", durable=False):
        db.session.execute(sa.delete(_OPEN).where(_is(holder)))
