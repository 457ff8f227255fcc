"""Statements for tests, recorded by the feature's own action."""

from __future__ import annotations

from datetime import date

from crm.attachments.models import Attachment
from crm.stances.actions import record_statement
from crm.stances.models import Confidence, Stance, Statement
from crm.unit_of_work import unit_of_work
from tests.factories.treaties import icrmw

SOURCE = "https://minutes.example/1"


def make_statement(
    contact_id: int,
    stance: Stance = Stance.SUPPORTIVE,
    said_on: date = date(2026, 5, 3),
    *,
    confidence: Confidence = Confidence.CERTAIN,
    quote: str = "",
    source_url: str = SOURCE,
    attachment: Attachment | None = None,
    team_id: int | None = None,
    actor: str = "user:1",
) -> Statement:
    """Something a contact said of the ICRMW."""
    treaty_id = icrmw().id
    with unit_of_work("record statement", actor=actor):
        return record_statement(
            contact_id,
            treaty_id,
            stance,
            said_on,
            confidence=confidence,
            quote=quote,
            source_url=source_url,
            attachment=attachment,
            team_id=team_id,
        )
