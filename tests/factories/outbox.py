"""Letters and batches for tests, made through the real actions."""

from __future__ import annotations

from typing import Any

from crm.extensions import db
from crm.outbox import actions
from crm.outbox.actions import Draft
from crm.outbox.models import Batch, OutgoingMessage, Priority
from crm.unit_of_work import unit_of_work


def a_draft(number: int = 1, **overrides: Any) -> Draft:
    """A letter to an invented recipient."""
    values: dict[str, Any] = {
        "reference": f"letter:{number}",
        "to_address": f"member{number}@parliament.example",
        "to_name": f"Member {number}",
        "subject": f"Please ratify, number {number}",
        "text": f"Dear member {number},\n\nplease ratify.\n",
    }
    return Draft(**values | overrides)


def make_batch(
    count: int = 0, *, released: bool = True, kind: str = "mailing", reference: str = "mailing:1", **overrides: Any
) -> Batch:
    """A batch with `count` letters."""
    with unit_of_work("make batch", actor="test"):
        batch = actions.open_batch(kind, reference, priority=overrides.pop("priority", Priority.BULK))
        actions.post(batch.id, [a_draft(number, **overrides) for number in range(1, count + 1)])
        if released:
            actions.release(batch.id)
    return batch


def letters(batch: Batch) -> list[OutgoingMessage]:
    """The batch's letters as they are in the database now."""
    db.session.rollback()
    db.session.expire_all()
    return list(
        db.session.scalars(
            db.select(OutgoingMessage).where(OutgoingMessage.batch_id == batch.id).order_by(OutgoingMessage.id)
        )
    )
