"""Writing many statements at once, of which another copy of the product tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import sqlalchemy as sa

from crm import clock
from crm.audit.bulk import insert_rows
from crm.extensions import db
from crm.stances.models import Confidence, Stance, Statement, Withdrawal
from crm.stances.projection import project
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind
from crm.treaties.models import Treaty
from crm.unit_of_work import current_unit_of_work


@dataclass(frozen=True)
class NewStatement:
    """A statement that everybody may read, with a link as its source.

    `withdrawn` is the reason where it no longer counts. `treaty` is the treaty's code: where the directory has none of
    that code, the statement is left out.
    """

    contact_id: int
    treaty: str
    stance: Stance
    said_on: date
    confidence: Confidence
    source_url: str
    quote: str = ""
    withdrawn: str = ""


def add_statements(found: Sequence[NewStatement]) -> None:
    """Write them down, in the running unit of work, each in the trail and on its contact's timeline."""
    codes = {said.treaty for said in found}
    known = sa.select(Treaty.code, Treaty.id).where(Treaty.code.in_(codes))
    treaties = {row.code: row.id for row in db.session.execute(known)} if codes else {}
    statements = [said for said in found if said.treaty in treaties]
    if not statements:
        return
    actor, now = current_unit_of_work().actor, clock.now()
    ids = insert_rows(
        Statement,
        [
            {
                "contact_id": said.contact_id,
                "treaty_id": treaties[said.treaty],
                "stance": said.stance,
                "said_on": said.said_on,
                "confidence": said.confidence,
                "quote": said.quote,
                "source_url": said.source_url,
                "recorded_by": actor,
                "recorded_at": now,
            }
            for said in statements
        ],
    )
    insert_rows(
        Withdrawal,
        [
            {"statement_id": number, "reason": said.withdrawn, "withdrawn_by": actor, "withdrawn_at": now}
            for number, said in zip(ids, statements, strict=True)
            if said.withdrawn
        ],
    )
    add_events(
        [
            Event(
                said.contact_id,
                min(now, datetime.combine(said.said_on, time(12), UTC)),
                EntryKind.STATED,
                f"{Statement.__tablename__}:{number}",
                said.quote[:300],
                {
                    "treaty": said.treaty,
                    "stance": said.stance.value,
                    "confidence": said.confidence.value,
                    "source": said.source_url,
                },
            )
            for number, said in zip(ids, statements, strict=True)
        ]
    )
    project(said.contact_id for said in statements)
