"""The sweep: what dead processes held goes back to the queue, and what they had in the air is held for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from crm import clock
from crm.extensions import db
from crm.outbox.actions import SEND_WAITING
from crm.outbox.holder import Holder, process_start
from crm.outbox.lease_ends import end_lease
from crm.outbox.models import Lease, MessageState, OutgoingMessage
from crm.unit_of_work import unit_of_work

# A process that lives on this host but let its lease run out this long hangs.
_PATIENCE = timedelta(minutes=15)
_FORGET_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Dead:
    """A lease nobody stands behind. `trusted`: the marks its holder made are all there."""

    token: str
    batch_id: int
    trusted: bool


def dead_leases(observer: Holder) -> list[Dead]:
    """Leases whose holder is gone, as far as a process of this host can tell, with letters still to see to."""
    statement = (
        sa.select(sa.type_coerce(OutgoingMessage.lease_token, sa.String), OutgoingMessage.batch_id, Lease)
        .outerjoin(Lease, Lease.token == OutgoingMessage.lease_token)
        # Held ones keep their token for their holder, and are nobody else's business.
        .where(OutgoingMessage.lease_token.is_not(None), OutgoingMessage.state != MessageState.HELD)
        .distinct()
    )
    local_database = db.engine.dialect.name == "sqlite"
    now = clock.now()
    found = []
    for token, batch_id, lease in db.session.execute(statement):
        if lease is None or (local_database and lease.boot != observer.boot):
            # The database went down hard since the claim: its last unsynced marks may be lost.
            found.append(Dead(token, batch_id, trusted=False))
        elif lease.host == observer.host:
            alive = lease.boot == observer.boot and process_start(lease.pid) == lease.process_start
            if not alive or lease.expires_at + _PATIENCE < now:
                found.append(Dead(token, batch_id, trusted=True))
        elif lease.expires_at < now:
            found.append(Dead(token, batch_id, trusted=True))
    db.session.rollback()
    return found


def _forget_empty_leases(actor: str) -> None:
    """Leases whose holder died when all its letters had ended."""
    old = Lease.expires_at < clock.now() - _FORGET_AFTER
    if db.session.scalar(sa.select(sa.exists().where(old))):
        with unit_of_work("forget old leases", actor=actor):
            db.session.execute(sa.delete(Lease).where(old))


def sweep(observer: Holder) -> int:
    """Take over from every dead holder; the number of letters held. Needs nothing but the database."""
    held = 0
    actor = f"worker:{observer.worker}"
    for dead in dead_leases(observer):
        with unit_of_work("take over from a dead worker", actor=actor) as work:
            held += end_lease(dead.batch_id, dead.token, trusted=dead.trusted)
            work.ring(SEND_WAITING)
    _forget_empty_leases(actor)
    return held
