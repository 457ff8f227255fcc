"""What keeps a restored copy of the database from sending again what left after the copy was made."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from crm import clock
from crm.extensions import db
from crm.outbox.actions import announce_states
from crm.outbox.lease_ends import end_lease
from crm.outbox.models import (
    IN_FLIGHT,
    WAITING,
    Batch,
    BatchState,
    Lease,
    MessageState,
    OutgoingMessage,
    PauseReason,
    Priority,
    movable,
)
from crm.outbox.reasons import Reason
from crm.unit_of_work import current_unit_of_work


@dataclass(frozen=True)
class Stopped:
    """Ids of the batches paused now, and how many letters somebody waited for were cancelled."""

    batches: list[int]
    cancelled: int


def _pause_running() -> list[int]:
    # A batch whose letters have all ended sends nothing more, and its mailing stays finished.
    unfinished = sa.exists().where(
        OutgoingMessage.batch_id == Batch.id, OutgoingMessage.state.in_(sorted(WAITING | IN_FLIGHT))
    )
    statement = (
        sa.update(Batch)
        # Password links share one standing batch, which serves those of today; each answer to a letter has its own.
        .where(Batch.state == BatchState.RUNNING, Batch.priority != Priority.TRANSACTIONAL, unfinished)
        .values(state=BatchState.PAUSED, paused_for=PauseReason.RESTORED, paused_with={})
        .returning(Batch.id)
        .execution_options(synchronize_session=False)
    )
    return sorted(db.session.scalars(statement))


def _cancel_transactional() -> int:
    """Cancel password links and the like, claimed ones too: they are old, and their batch serves new ones at once."""
    transactional = sa.select(Batch.id).where(Batch.priority == Priority.TRANSACTIONAL)
    for lease in db.session.execute(sa.select(Lease.batch_id, Lease.token).where(Lease.batch_id.in_(transactional))):
        end_lease(lease.batch_id, lease.token, trusted=True)
    waiting = movable(WAITING, MessageState.CANCELLED)
    statement = (
        sa.update(OutgoingMessage)
        .where(OutgoingMessage.batch_id.in_(transactional), OutgoingMessage.state.in_(waiting))
        .values(
            state=MessageState.CANCELLED,
            reason=Reason.RESTORED,
            next_attempt_at=None,
            finished_at=clock.now(),
            # A secret link must not lie about once its letter has ended.
            text="",
            html=None,
        )
        .returning(OutgoingMessage.id)
        .execution_options(synchronize_session=False)
    )
    ids = sorted(db.session.scalars(statement))
    announce_states(ids)
    return len(ids)


def hold_sending() -> Stopped:
    """Pause every running batch that has letters to send, and cancel the letters somebody waited for."""
    stopped = Stopped(_pause_running(), _cancel_transactional())
    notes = current_unit_of_work().notes
    notes["outbox_batch"] = {str(batch_id): BatchState.PAUSED.value for batch_id in stopped.batches}
    notes["transactional letters cancelled"] = stopped.cancelled
    return stopped
