"""Crowds: domains that so many letters of one batch go to that their mail servers would take them for a flood."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from crm import clock
from crm.extensions import db
from crm.outbox.models import Batch, OutgoingMessage, Priority
from crm.outbox.pace import crowd_key, crowd_rate
from crm.outbox.rates import BURST, micros
from crm.outbox.standings import PACES


class domain_in(FunctionElement[str]):  # noqa: N801  # it reads as a function, like those of sqlalchemy.func
    """The domain of an address in a column, as `crm.outbox.pace.domain_of` has it."""

    type = sa.String()
    inherit_cache = True


@compiles(domain_in)
def _with_strpos(element: domain_in, compiler: Any, **options: Any) -> str:
    address = compiler.process(element.clauses, **options)
    return f"lower(substr({address}, strpos({address}, '@') + 1))"


@compiles(domain_in, "sqlite")
def _with_instr(element: domain_in, compiler: Any, **options: Any) -> str:
    address = compiler.process(element.clauses, **options)
    return f"lower(substr({address}, instr({address}, '@') + 1))"


def find_crowds(batch_id: int) -> None:
    """Have letters of a batch spread that are very many to one domain, as far as they wait; counted anew each time."""
    rate = crowd_rate()
    batch = db.session.execute(sa.select(Batch.priority, Batch.posted, Batch.crowds).where(Batch.id == batch_id)).one()
    if batch.priority is not Priority.BULK or not (batch.crowds or batch.posted > rate.letters):
        return
    domain = domain_in(OutgoingMessage.to_address).label("domain")
    found = db.session.execute(
        sa.select(domain, sa.func.count().label("letters"))
        .where(OutgoingMessage.batch_id == batch_id, OutgoingMessage.next_attempt_at.is_not(None))
        .group_by(domain)
        .having(sa.func.count() > rate.letters)
    ).all()
    db.session.execute(sa.delete(PACES).where(PACES.c.batch_id == batch_id))
    if found:
        rows = [
            {
                "key": crowd_key(batch_id, crowd.domain[:255]),
                "batch_id": batch_id,
                "domain": crowd.domain[:255],
                "free_at": micros(clock.now()) - BURST,
                "per_hour": rate.letters,
                "left": crowd.letters,
            }
            for crowd in found
        ]
        db.session.execute(sa.insert(PACES), rows)
    db.session.execute(
        sa.update(Batch)
        .where(Batch.id == batch_id)
        .values(crowds=len(found))
        .execution_options(synchronize_session=False)
    )
