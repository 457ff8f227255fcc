"""Writing statements down, withdrawing them, settling what contradicts itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import sqlalchemy as sa

from crm import clock, i18n
from crm.attachments.models import Attachment
from crm.extensions import db
from crm.stances.derivation import contradictions
from crm.stances.models import (
    FIRST_DAY,
    QUOTE_LENGTH,
    REASON_LENGTH,
    Confidence,
    Refusal,
    SettledContradiction,
    Stance,
    Statement,
    Withdrawal,
    is_link,
)
from crm.stances.projection import project
from crm.stances.queries import is_valid, visible_to
from crm.stances.sources import REPLIED_AT
from crm.timeline.actions import Event, add_events
from crm.timeline.models import EntryKind
from crm.treaties.models import Treaty
from crm.unit_of_work import current_unit_of_work


class StatementRefused(Exception):
    """It was not written down; `reason` says why."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


def _tell(said: Statement, kind: EntryKind, at: datetime, reference: str, **details: Any) -> None:
    code = db.session.scalars(sa.select(Treaty.code).where(Treaty.id == said.treaty_id)).one()
    told = {"treaty": code, "stance": said.stance.value, "confidence": said.confidence.value, **details}
    if said.source_url:
        told["source"] = said.source_url
    elif said.source_reference:
        told["source_reference"] = said.source_reference
        replied_at = db.session.scalar(sa.select(REPLIED_AT).where(Statement.id == said.id))
        if replied_at:
            told["replied_at"] = replied_at.isoformat()
    add_events([Event(said.contact_id, at, kind, reference, said.quote[:300], told, said.team_id)])


def _moment(day: date) -> datetime:
    """When something of that day stands on the timeline: now for today, noon for a day of which no hour is known."""
    return min(clock.now(), datetime.combine(day, time(12), UTC)) if day != i18n.today() else clock.now()


def record_statement(
    contact_id: int,
    treaty_id: int,
    stance: Stance,
    said_on: date,
    *,
    confidence: Confidence,
    source_url: str = "",
    attachment: Attachment | None = None,
    source_reference: str = "",
    quote: str = "",
    team_id: int | None = None,
) -> Statement:
    """Write down what a contact said, for everybody or for one team. Raises StatementRefused.

    One source at least: the address of a page, a stored file, or a row of ours such as `interaction:7`.
    """
    if stance is Stance.UNKNOWN:
        raise StatementRefused(Refusal.UNKNOWN)
    if not (source_url or attachment or source_reference):
        raise StatementRefused(Refusal.SOURCE)
    if source_url and not is_link(source_url):
        raise StatementRefused(Refusal.LINK)
    if said_on > i18n.today():
        raise StatementRefused(Refusal.FUTURE)
    if said_on < FIRST_DAY:
        raise StatementRefused(Refusal.TOO_EARLY)
    said = Statement(
        contact_id=contact_id,
        treaty_id=treaty_id,
        stance=stance,
        said_on=said_on,
        confidence=confidence,
        quote=quote.strip()[:QUOTE_LENGTH],
        source_url=source_url,
        attachment_id=attachment.id if attachment else None,
        source_reference=source_reference,
        team_id=team_id,
        recorded_by=current_unit_of_work().actor,
    )
    db.session.add(said)
    db.session.flush()
    _tell(said, EntryKind.STATED, _moment(said_on), f"{Statement.__tablename__}:{said.id}")
    project([contact_id])
    return said


def _readable(statement_id: int, team_id: int | None) -> Statement | None:
    return db.session.scalar(
        sa.select(Statement)
        .where(Statement.id == statement_id, visible_to(team_id), is_valid())
        .with_for_update(of=Statement)
    )


def withdraw_statement(statement_id: int, reason: str, *, team_id: int | None = None) -> Withdrawal:
    """Let a statement count no longer, and say why; it stays on record. Raises StatementRefused."""
    said = _readable(statement_id, team_id)
    if said is None:
        raise StatementRefused(Refusal.WITHDRAWN)
    if not reason.strip():
        raise StatementRefused(Refusal.REASON)
    taken_back = Withdrawal(
        statement_id=statement_id,
        reason=reason.strip()[:REASON_LENGTH],
        withdrawn_by=current_unit_of_work().actor,
        withdrawn_at=clock.now(),
    )
    db.session.add(taken_back)
    db.session.flush()
    reference = f"{Withdrawal.__tablename__}:{taken_back.id}"
    _tell(said, EntryKind.STATEMENT_WITHDRAWN, clock.now(), reference, reason=taken_back.reason)
    project([said.contact_id])
    return taken_back


def settle_contradiction(
    earlier_id: int, later_id: int, note: str = "", *, team_id: int | None = None
) -> SettledContradiction:
    """Note that both statements stand: the contact has changed its mind. Raises StatementRefused."""
    later = _readable(later_id, team_id)
    if later is None:
        raise StatementRefused(Refusal.NO_CONTRADICTION)
    said = db.session.execute(
        sa.select(Statement.id, Statement.stance, Statement.said_on, Statement.confidence).where(
            Statement.contact_id == later.contact_id,
            Statement.treaty_id == later.treaty_id,
            visible_to(team_id),
            is_valid(),
        )
    ).all()
    if (earlier_id, later_id) not in {(one.id, other.id) for one, other in contradictions(said)}:
        raise StatementRefused(Refusal.NO_CONTRADICTION)
    settled = db.session.scalar(
        sa.select(SettledContradiction).where(
            SettledContradiction.earlier_id == earlier_id, SettledContradiction.later_id == later_id
        )
    ) or SettledContradiction(
        earlier_id=earlier_id,
        later_id=later_id,
        note=note.strip()[:REASON_LENGTH],
        settled_by=current_unit_of_work().actor,
    )
    db.session.add(settled)
    db.session.flush()
    project([later.contact_id])
    return settled
